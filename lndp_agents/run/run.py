"""A run: an evolution with a folder, which can be stopped at any moment and resumed with the same numbers."""

import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from lndp_agents.agent import Agent, agent_kind
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.description import Description
from lndp_agents.evolution.evolution import Evolution
from lndp_agents.evolution.objective import make_objective, with_bodies
from lndp_agents.evolution.presets import describe, settle
from lndp_agents.evolution.records import Generation
from lndp_agents.rollout import Report
from lndp_agents.run.checkpoint import CHECKPOINTS, read_newest
from lndp_agents.run.events import EventLog
from lndp_agents.run.folder import EVENTS, RUNS, next_folder
from lndp_agents.run.origin import system_changes
from lndp_agents.run.view import RunView
from lndp_agents.run.writer import RunWriter
from lndp_agents.workers.sharing import at_work, report_to
from lndp_agents.workers.workers import Workers

HOPELESS = 3
"""Number of generations in a row without any finite fitness after which a run ends."""
_ALONE = Workers()


class Run:
    """An evolution and its folder. Make one with `create` or `open`, then iterate over `generations`.

    The folder has the description config.json, metrics.csv, hashes.csv, timings.csv, worlds.csv where the
    objective has several worlds, TensorBoard events, checkpoints, and three agents, written after each
    checkpoint: `last`, the fittest genome of the newest generation; `best`, the mean of the search
    distribution with the highest score on held-out lifetimes; and `mean`, that of the newest generation.

    A run holds the lock of its folder, and its workers, until it is closed: use it as a context manager.

    Attributes:
        config: its experiment config.
        program: config of the policy that evolves.
        world: the world of the rollouts.
        notes: lines for the user on how the run was made or resumed.

    Example:
        >>> from pathlib import Path
        >>> from lndp_agents import EvolutionConfig, Run
        >>> config = EvolutionConfig(
        ...     environment="lndp/Bandit-v0", generations=2, population=4, lives=2, held_out_lives=2
        ... )
        >>> with Run.create(config, Path("my_run")) as run:
        ...     numbers = [record.generation for record in run.generations()]
        >>> numbers
        [1, 2]
        >>> with Run.open(Path("my_run"), generations=3) as run:  # goes on where it was stopped
        ...     print(len(list(run.generations())))
        1
    """

    def __init__(self, folder: Path, description: Description, workers: Workers) -> None:
        self.config, self.program = description.recipe, description.program
        self._writer, self._workers = RunWriter(folder), workers
        self._evolution = Evolution(description)
        self.world = self._evolution.world
        self._state = self._shown = self._evolution.init()
        self._open, self._num_hopeless = ExitStack(), 0
        hint = 'no TensorBoard events: pip install "lndp-agents[train]"'
        self.notes = [] if EventLog.is_available() else [hint]

    @classmethod
    def create(
        cls,
        config: EvolutionConfig,
        folder: Path | None = None,
        workers: Workers = _ALONE,
        *,
        trust: bool = False,
    ) -> Self:
        """Begin a run.

        Args:
            config: the experiment config; what it leaves open is chosen (`presets.settle`).
            folder: new or empty; the next free one in `runs` if none.
            workers: processes and device of the rollouts.
            trust: whether modules that the agent to start from names may be imported, which runs them.

        Raises:
            ValueError: the environment, its spaces, the agent to start from or another field is refused.
            FileExistsError: the folder holds something already.
            OSError: the folder cannot be written or is in use, or there are no actors to be had.
        """
        experiment = settle(config, trust=trust)
        description = with_bodies(Description.of_experiment(experiment))
        run = cls(folder or RUNS, description, workers)
        state = run._state = run._shown = run._evolution.init(experiment.start)
        with run._opening():
            if folder is None:
                run._writer = RunWriter(next_folder(RUNS, config.environment), is_made=True)
            run._take_lock(is_new=True)
            run._writer.begin(description, run._evolution.checkpoint(state), run._evolution.agents(state))
        return run

    @classmethod
    def open(
        cls, folder: Path, generations: int | None = None, workers: Workers = _ALONE, *, trust: bool = False
    ) -> Self:
        """Resume a run from its newest sound checkpoint.

        Environments, searchers and objectives of modules are imported: open only folders that you trust.

        Args:
            folder: of the run.
            generations: the new budget; the old one if None.
            workers: processes and device of the rollouts, which may be others than before.
            trust: whether modules of policies and mechanisms may be imported too.

        Raises:
            FileNotFoundError: the folder holds no run, or no checkpoint that verifies.
            ValueError: its description is damaged or of another version, its environment has changed, more
                generations are done than asked for, or a file is a link or the like.
            OSError: the folder cannot be written or is in use, or there are no actors to be had.
        """
        description = RunView(folder, trust).description
        if generations is not None:
            description = replace(description, recipe=replace(description.recipe, generations=generations))
        run = cls(folder, description, workers)
        with run._opening():
            run._take_lock(is_new=False)
            kept, expected = folder / CHECKPOINTS, run._evolution.tensors(run._state)
            counters, tensors, skipped = read_newest(kept, description.identity, expected)
            run.notes += skipped
            run._state = run._shown = run._evolution.restore(counters, tensors)
            if run.generation > run.config.generations:
                done = f"{folder} has {run.generation} already"
                raise ValueError(f"generations={generations}: {done}, give more")
            if generations is not None:
                run._writer.write_description(description)
            run.notes += run._writer.cut(run.generation)
            if changes := system_changes(folder):
                run.notes.append(f"{changes}: last bits can differ")
            run._forget_final_evaluation()
            run.save_agents()
        return run

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._writer.folder

    @property
    def summary(self) -> str:
        """One line on what evolves where and how."""
        return describe(self.config, self.program, self.world)

    @property
    def generation(self) -> int:
        """Number of generations done."""
        return self._state.generation

    @property
    def steps(self) -> int:
        """Number of environment steps of all populations."""
        return self._state.steps

    @property
    def most_steps(self) -> int:
        """The largest number of environment steps that a generation can take."""
        return self._evolution.most_steps

    @property
    def best_score(self) -> float:
        """Mean score of `best` on held-out lifetimes; minus infinity while none was measured."""
        return self._shown.best_score

    @property
    def best(self) -> Agent[Any]:
        """The mean with the highest score on held-out lifetimes; the newest while none was measured."""
        saved = self._evolution.agents(self._shown)["best"]
        spaces, kind = (saved.observation_space, saved.action_space), agent_kind(self.program)
        return kind(*spaces, self.program, genome=saved.genome, encoding=saved.encoding)

    def report_to(self, report: Report | None) -> None:
        """Call `report` now and then with the share of a generation that is done (not while actors work)."""
        report_to(self._evolution.objective, report)

    def generations(self, budget_steps: int | None = None) -> Iterator[Generation]:
        """Evolve, one generation at a time, each saved before it is yielded.

        If the last generation is not one whose mean is due to be evaluated, the mean is evaluated once more,
        and the last row of metrics.csv gets its held-out score. A run that is resumed forgets that score: its
        numbers must not depend on where it was stopped.

        Args:
            budget_steps: the largest number of environment steps of all generations; None for no limit. The
                generation that passes it is computed, because episodes may end early, and dropped.

        Raises:
            OSError: a checkpoint cannot be written, the folder was moved or removed, or an actor is lost; the
                last checkpoint stays good. Open the run again to go on.
            FloatingPointError: the search distribution is no longer finite, and was not saved; or no
                fitness was a number in `HOPELESS` generations, which were.
        """
        self._forget_final_evaluation()
        with self._writer.naming_folder(), EventLog(self.folder / EVENTS, self.generation) as events:
            while self.generation < self.config.generations:
                if (record := self._evolve(budget_steps)) is None:
                    break
                events.add(record)
                yield record
        if not self._is_on_schedule:
            with self._writer.naming_folder():
                self._shown, evaluation = self._evolution.evaluate_mean(self._state)
            self._writer.write_final_score(self.generation, evaluation.scores.item())
        self.save_agents()

    def save_agents(self) -> None:
        """Write the agents that have changed.

        Raises:
            OSError: they cannot be written, or the folder was moved or removed.
        """
        self._writer.write_agents(self._evolution.agents(self._shown))

    def discard_beginning(self) -> None:
        """Remove the folder if this run made it and no generation was done.

        Raises:
            OSError: it cannot be removed.
        """
        if not self.generation:
            self._writer.discard_beginning()

    def close(self) -> None:
        """Dismiss the workers and release the folder; closing twice does no harm."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _is_on_schedule(self) -> bool:
        """Whether the evaluation of the mean is due in the newest generation."""
        return self.generation % self.config.evaluate_every == 0

    def _forget_final_evaluation(self) -> None:
        self._writer.require_in_place()
        self._shown = self._state
        if not self._is_on_schedule:
            self._writer.write_final_score(self.generation, None)

    def _evolve(self, budget_steps: int | None) -> Generation | None:
        """Do one generation and save it; return None, and drop it, if it passes the budget."""
        self._writer.require_in_place()
        started = time.perf_counter()
        try:
            state, rows = self._evolution.advance(self._state)
        except FloatingPointError as error:
            raise FloatingPointError(
                f"{error} of {self.folder}: begin another run with a smaller sigma or a larger population"
            ) from error
        if budget_steps is not None and rows.record.steps > budget_steps:
            return None
        self._state = self._shown = state
        self._writer.write_rows(rows)  # before the checkpoint, and agents after it: see `inspection`
        self._writer.write_checkpoint(self._evolution.checkpoint(self._state))
        self.save_agents()
        self._writer.write_seconds(self.generation, time.perf_counter() - started)
        self._require_hope(rows.record)
        return rows.record

    def _require_hope(self, record: Generation) -> None:
        """Raise if no fitness was finite in the last `HOPELESS` generations."""
        self._num_hopeless = self._num_hopeless + 1 if record.nan_count == self.config.population else 0
        if self._num_hopeless == HOPELESS:
            raise FloatingPointError(
                f"in {HOPELESS} generations in a row of {self.folder} no fitness was a number: see that the "
                f"rewards of {self.config.environment} are finite, or begin another run with a smaller sigma"
            )

    @contextmanager
    def _opening(self) -> Generator[None]:
        """Start the workers; if anything fails afterwards, close all."""
        with ExitStack() as opening, self._writer.naming_folder():
            opening.callback(self.close)
            make = partial(make_objective, self._evolution.description)
            self._open.enter_context(at_work(self._evolution.objective, make, self._workers))
            yield
            opening.pop_all()

    def _take_lock(self, *, is_new: bool) -> None:
        if not self._open.enter_context(self._writer.locked(is_new=is_new)):
            self.notes.append(f"{self.folder} cannot be locked here: let no other process train in it")
