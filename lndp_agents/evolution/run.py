"""A run: an evolution that lives in a folder, can be stopped at any moment and goes on as if it never was."""

import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor

from lndp_agents.agent import Agent, agent_kind
from lndp_agents.evolution.checkpoint import CHECKPOINTS, read_newest, sync_folder, write_checkpoint
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.events import EventLog
from lndp_agents.evolution.evolution import Evolution
from lndp_agents.evolution.metrics import Generation, append_records, cut_records, write_held_out
from lndp_agents.evolution.origin import system_changes, write_origin
from lndp_agents.evolution.presets import describe, settle
from lndp_agents.evolution.run_folder import (
    BEGUN,
    EVENTS,
    RUNS,
    TIMINGS,
    Description,
    FolderLock,
    is_beginning,
    lock_folder,
    next_folder,
    remove_leftovers,
    require_free,
    require_plain,
)
from lndp_agents.evolution.start import genome_sha256
from lndp_agents.evolution.workers import Workers
from lndp_agents.persistence import save_agent
from lndp_agents.rollout import Report

HOPELESS = 3
"""Generations in a row without any fitness after which a run ends: the search has nothing to go by."""
_ALONE = Workers()


class Run:
    """An evolution and its folder. Make one with `create` or `open`, then iterate over `generations`.

    The folder has the description config.json, metrics.csv, hashes.csv, timings.csv, TensorBoard events,
    checkpoints, and three agents, written after each checkpoint: `last`, the fittest genome of the newest
    generation; `best`, the centre of the search with the highest score on held-out lives; and `centre`, that
    of the newest generation.

    A run holds the lock of its folder, and its workers, until it is closed: use it as a context manager.

    Attributes:
        folder: where it lives.
        config: its recipe.
        program: what its genomes are of.
        world: where its lives are lived.
        notes: what a person should know about how the run was made or resumed.
    """

    def __init__(self, folder: Path, description: Description, workers: Workers) -> None:
        self.folder, self.config, self.program = folder, description.recipe, description.program
        self._evolution = Evolution(description, workers)
        self.world = self._evolution.problem.world
        self._open = ExitStack()
        self._lock: FolderLock | None = None
        self._saved: dict[str, Tensor] = {}
        self._num_hopeless = 0
        self._has_made_folder = False
        self.notes: list[str] = []
        if not EventLog.is_available():
            self.notes.append('no TensorBoard events: pip install "lndp-agents[train]"')

    @classmethod
    def create(cls, config: EvolutionConfig, folder: Path | None = None, workers: Workers = _ALONE) -> Self:
        """Begin a run.

        Args:
            config: the recipe; what it leaves open is chosen (`presets.settle`).
            folder: new or empty; the next free one in `runs` if none.
            workers: who lives the lives.

        Raises:
            ValueError: the environment, its spaces, the agent to start from or another field is refused.
            FileExistsError: the folder holds something already.
            OSError: the folder cannot be written or is in use, or there are no actors to be had.
        """
        experiment = settle(config)
        start_sha256 = "" if experiment.start is None else genome_sha256(experiment.start)
        encoding = experiment.world.encoding
        description = Description(experiment.config, experiment.policy, encoding, start_sha256)
        run = cls(folder or RUNS, description, workers)
        if experiment.start is not None:
            run._evolution.start_around(experiment.start)
        with run._opening():
            if folder is None:
                run.folder = next_folder(RUNS, config.environment)
            run._has_made_folder = folder is None or not folder.exists()
            run.folder.mkdir(parents=True, exist_ok=True)
            require_free(run.folder)
            run._take_lock()
            require_free(run.folder)  # no other process has begun a run there meanwhile
            remove_leftovers(run.folder)
            write_origin(run.folder)
            cut_records(run.folder, 0)
            run._checkpoint()
            run.save_agents()
            description.write(run.folder)  # last: from now on it is a run
            sync_folder(run.folder)
            sync_folder(run.folder.parent)
        return run

    @classmethod
    def open(cls, folder: Path, generations: int | None = None, workers: Workers = _ALONE) -> Self:
        """Take up a run where its newest sound checkpoint left it.

        A run on an environment "module:id" imports that module: open only folders that you trust.

        Args:
            folder: of the run.
            generations: a new budget; the old one if none.
            workers: who lives the lives; need not be as before.

        Raises:
            FileNotFoundError: the folder holds no run, or no checkpoint that verifies.
            ValueError: its description is damaged or of another version, its environment has changed, more
                generations are done than asked for, or a file is a link or the like.
            OSError: the folder cannot be written or is in use, or there are no actors to be had.
        """
        description = Description.read(folder)
        if generations is not None:
            description = replace(description, recipe=replace(description.recipe, generations=generations))
        require_plain(folder)
        run = cls(folder, description, workers)
        with run._opening():
            run._take_lock()
            remove_leftovers(folder)
            evolution = run._evolution
            kept, expected = folder / CHECKPOINTS, evolution.tensors()
            counters, tensors, skipped = read_newest(kept, description.identity, expected)
            run.notes += skipped
            evolution.restore(counters, tensors)
            if run.generation > run.config.generations:
                raise ValueError(
                    f"generations={generations}: {folder} has {run.generation} already, give more"
                )
            if generations is not None:
                description.write(folder)
            run.notes += cut_records(folder, run.generation)
            if changes := system_changes(folder):
                run.notes.append(f"{changes}: last bits can differ")
            run._forget_final_evaluation()
            run.save_agents()
        return run

    @property
    def summary(self) -> str:
        """What evolves where and how, in one line."""
        return describe(self.config, self.program, self.world)

    @property
    def generation(self) -> int:
        """Generations done."""
        return self._evolution.generation

    @property
    def steps(self) -> int:
        """Steps lived by all populations."""
        return self._evolution.steps

    @property
    def best_score(self) -> float:
        """Mean score of `best` on held-out lives; minus infinity while none was measured."""
        return self._evolution.best_score

    @property
    def best(self) -> Agent[Any]:
        """The centre with the highest score on held-out lives; the newest while none was measured."""
        saved = self._evolution.agents()["best"]
        spaces, kind = (saved.observation_space, saved.action_space), agent_kind(self.program)
        return kind(*spaces, self.program, genome=saved.genome, encoding=saved.encoding)

    def report_to(self, report: Report | None) -> None:
        """Have somebody told, now and then, which share of a generation is done (not while actors work)."""
        self._evolution.problem.report = report

    def generations(self, budget_steps: int | None = None) -> Iterator[Generation]:
        """Evolve, one generation at a time, each saved before it is given.

        Where they end between two evaluations of the mean, it is evaluated once more, and the last row of
        metrics.csv gets its held-out score. The run that goes on forgets that: its numbers must not depend on
        where it was stopped.

        Args:
            budget_steps: most steps of all lives together: the generation that passes it is undone, and the
                last. No limit if none.

        Raises:
            OSError: a checkpoint cannot be written, the folder was moved or removed, or an actor is lost; the
                last checkpoint stays good. Open the run again to go on.
            FloatingPointError: the search distribution is no longer made of numbers, and was not saved; or no
                fitness was a number in `HOPELESS` generations, which were.
        """
        self._forget_final_evaluation()
        with self._naming_folder(), EventLog(self.folder / EVENTS, self.generation) as events:
            while self.generation < self.config.generations:
                record = self._evolve(budget_steps)
                if record is None:
                    break
                events.add(record)
                yield record
        if not self._is_on_schedule:
            with self._naming_folder():
                write_held_out(self.folder, self.generation, self._evolution.final_evaluation())
        self.save_agents()

    def save_agents(self) -> None:
        """Write the agents of this moment, as far as they are others than before: last, best and centre.

        Raises:
            OSError: they cannot be written, or the folder was moved or removed.
        """
        self._require_in_place()
        with self._naming_folder():
            for name, agent in self._evolution.agents().items():
                if name not in self._saved or not torch.equal(self._saved[name], agent.genome):
                    save_agent(self.folder / name, agent)
                    self._saved[name] = agent.genome

    def discard_beginning(self) -> None:
        """Remove the folder if this run made it and no generation was done, so that all in it is its own.

        Raises:
            OSError: it cannot be removed.
        """
        if self._has_made_folder and not self.generation and is_beginning(self.folder, BEGUN):
            shutil.rmtree(self.folder)

    def close(self) -> None:
        """Dismiss the workers and release the folder; closing twice does no harm."""
        self._open.close()
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _is_on_schedule(self) -> bool:
        """Whether the newest generation evaluates its mean wherever the run ends."""
        return self.generation % self.config.evaluate_every == 0

    def _forget_final_evaluation(self) -> None:
        self._require_in_place()
        self._evolution.forget_final_evaluation()
        if not self._is_on_schedule:
            with self._naming_folder():
                write_held_out(self.folder, self.generation, None)

    def _evolve(self, budget_steps: int | None) -> Generation | None:
        """Do one generation and save it; undo it and return None if it passes the budget."""
        self._require_in_place()
        started = time.perf_counter()
        undo = None if budget_steps is None else self._evolution.undoing()
        try:
            record = self._evolution.advance()
        except FloatingPointError as error:
            raise FloatingPointError(
                f"{error} of {self.folder}: begin another run with a smaller sigma or a larger population"
            ) from error
        if undo is not None and budget_steps is not None and record.steps > budget_steps:
            undo()
            return None
        self._save(record, started)
        self._require_hope(record)
        return record

    def _save(self, record: Generation, started: float) -> None:
        """Write all that there is of a generation: its rows before its checkpoint, the agents after it."""
        self._require_in_place()
        append_records(self.folder, record, self._evolution.hashes())
        self._checkpoint()
        self.save_agents()
        with (self.folder / TIMINGS).open("a", encoding="ascii") as file:
            file.write(f"{self.generation},{time.perf_counter() - started:.3f}\n")

    def _require_hope(self, record: Generation) -> None:
        """See that some fitness was a number lately."""
        self._num_hopeless = self._num_hopeless + 1 if record.nan_count == self.config.population else 0
        if self._num_hopeless == HOPELESS:
            raise FloatingPointError(
                f"in {HOPELESS} generations in a row of {self.folder} no fitness was a number: see that the "
                f"rewards of {self.config.environment} are finite, or begin another run with a smaller sigma"
            )

    def _checkpoint(self) -> None:
        write_checkpoint(self.folder / CHECKPOINTS, self._evolution.counters(), self._evolution.tensors())

    @contextmanager
    def _opening(self) -> Generator[None]:
        """Have the workers come; whatever fails afterwards, nothing stays open."""
        with ExitStack() as opening, self._naming_folder():
            opening.callback(self.close)
            self._open.enter_context(self._evolution.problem.at_work())
            yield
            opening.pop_all()

    def _take_lock(self) -> None:
        self._lock = self._open.enter_context(lock_folder(self.folder))
        if not self._lock.is_effective:
            self.notes.append(f"{self.folder} cannot be locked here: let no other process train in it")

    def _require_in_place(self) -> None:
        if self._lock is not None:
            self._lock.require_in_place()

    @contextmanager
    def _naming_folder(self) -> Generator[None]:
        """Errors of the operating system that name no file name the folder."""
        try:
            yield
        except OSError as error:
            if error.errno is not None and error.filename is None:
                error.filename = str(self.folder)
            raise
