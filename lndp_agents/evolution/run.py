"""A run: an evolution that lives in a folder, can be stopped at any moment and goes on as if it never was."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from lndp_agents.agent import LNDPAgent
from lndp_agents.evolution.checkpoint import Counters, read_newest, write_checkpoint
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.lives import World
from lndp_agents.evolution.metrics import EventLog, Generation, append_metrics, cut_metrics
from lndp_agents.evolution.problem import Evaluation, LifeProblem
from lndp_agents.evolution.run_folder import RUNS, Description, claim_folder, next_folder, write_origin
from lndp_agents.evolution.searchers import (
    centre,
    is_sound,
    make_searcher,
    restore_searcher,
    searcher_state,
    spread,
)
from lndp_agents.evolution.worlds import make_world
from lndp_agents.lndp import LNDP
from lndp_agents.spaces import check_fit, config_for

CHECKPOINTS, EVENTS, TIMINGS = "checkpoints", "events", "timings.csv"
_SEARCH = "search."


class Run:
    """An evolution and its folder. Make one with `create` or `open`, then iterate over `generations`.

    The folder has the description config.json, metrics.csv, timings.csv, TensorBoard events, checkpoints, and
    three agents: `last`, the fittest genome of the newest generation; `best`, the centre of the search with
    the highest score on held-out lives; and `centre`, that of the newest generation.

    Attributes:
        folder: where it lives.
        config: its recipe.
        program: what its genomes are of.
        world: where its lives are lived.
        generation: generations done.
        steps: steps lived by all populations.
        best_score: mean score of `best` on held-out lives; minus infinity while none was measured.
        notes: what a person should know about how the run was made or resumed.
    """

    def __init__(self, folder: Path, description: Description, world: World) -> None:
        self.folder, self.world = folder, world
        self.config, self.program = description.recipe, description.program
        self._identity = description.identity
        dynamics = world.dynamics
        check_fit(self.program, dynamics.observation_space, dynamics.action_space, world.encoding)
        self._problem = LifeProblem(self.config, LNDP(self.program, "auto"), world)
        self._searcher = make_searcher(self._problem, self.config)
        self.generation = self.steps = 0
        self.best_score = -math.inf
        self._best, self._last = centre(self._searcher), centre(self._searcher)
        self.notes: list[str] = []
        if not EventLog.is_available():
            self.notes.append('no TensorBoard events: pip install "lndp-agents[train]"')

    @classmethod
    def create(cls, config: EvolutionConfig, folder: Path | None = None) -> Self:
        """Begin a run.

        Args:
            config: the recipe.
            folder: new or empty; the next free one in `runs` if none.

        Raises:
            ValueError: the environment, its spaces or a field of the recipe are refused.
            FileExistsError: the folder holds something already.
            OSError: the folder cannot be written.
        """
        world = make_world(config.environment, config.environment_keywords, config.episodes, config.encoding)
        space, actions = world.dynamics.observation_space, world.dynamics.action_space
        program = config_for(space, actions, world.encoding, **config.program)
        description = Description(config, program, world.encoding)
        run = cls(folder or RUNS, description, world)
        if folder is None:
            run.folder = next_folder(RUNS, config.environment)
        else:
            claim_folder(folder)
        write_origin(run.folder)
        cut_metrics(run.folder, 0)
        run._checkpoint()
        run.save_agents()
        description.write(run.folder)  # last: from now on it is a run
        return run

    @classmethod
    def open(cls, folder: Path, generations: int | None = None) -> Self:
        """Take up a run where its newest sound checkpoint left it.

        Args:
            folder: of the run.
            generations: a new budget; the old one if none.

        Raises:
            FileNotFoundError: the folder holds no run, or no checkpoint that verifies.
            ValueError: its description is damaged or of another version, its environment has changed, or more
                generations are done than asked for.
        """
        description = Description.read(folder)
        if generations is not None:
            description = replace(description, recipe=replace(description.recipe, generations=generations))
        recipe = description.recipe
        world = make_world(
            recipe.environment, recipe.environment_keywords, recipe.episodes, description.encoding
        )
        run = cls(folder, description, world)
        run._restore()
        if run.generation > recipe.generations:
            raise ValueError(f"generations={generations}: {folder} has {run.generation} already, give more")
        if generations is not None:
            description.write(folder)
        cut_metrics(folder, run.generation)
        run.save_agents()
        return run

    def generations(self) -> Iterator[Generation]:
        """Evolve, one generation at a time, each saved before it is given.

        The agents are saved when a centre was scored and at the end; call `save_agents` after stopping early.

        Raises:
            OSError: a checkpoint cannot be written; the last one stays good. Open the run again to go on.
            FloatingPointError: the search distribution is no longer made of numbers; it was not saved.
        """
        with EventLog(self.folder / EVENTS, self.generation) as events:
            while self.generation < self.config.generations:
                record = self._evolve()
                events.add(record)
                yield record
        if self.generation % self.config.evaluate_every:
            self._score_centre()  # not in the checkpoint: what is, must not depend on the budget
        self.save_agents()

    @property
    def best(self) -> LNDPAgent:
        """The centre with the highest score on held-out lives; the newest while none was measured."""
        return self._agent(self._best)

    def save_agents(self) -> None:
        """Write the agents of this moment: last, best and centre.

        Raises:
            OSError: they cannot be written.
        """
        genomes = {"last": self._last, "best": self._best, "centre": centre(self._searcher)}
        for name, genome in genomes.items():
            self._agent(genome).save_pretrained(self.folder / name)

    def _evolve(self) -> Generation:
        """Do one generation and save it."""
        started = time.perf_counter()
        self._problem.begin(self.generation)
        self._searcher.step()
        if not is_sound(self._searcher):
            raise FloatingPointError(
                f"the search diverged in generation {self.generation + 1} of {self.folder}: "
                "begin another run with a smaller sigma or a larger population"
            )
        self.generation += 1
        evaluation = Evaluation.of(self._searcher.population)
        self.steps += int(evaluation.steps.sum())
        self._last = evaluation.fittest
        is_scored = self.generation % self.config.evaluate_every == 0
        held_out = self._score_centre() if is_scored else None
        if self.best_score == -math.inf:
            self._best = centre(self._searcher)
        record = self._record(evaluation, held_out)
        append_metrics(self.folder, record)
        self._checkpoint()
        if is_scored:
            self.save_agents()
        with (self.folder / TIMINGS).open("a", encoding="ascii") as file:
            file.write(f"{self.generation},{time.perf_counter() - started:.3f}\n")
        return record

    def _score_centre(self) -> float:
        """Score the centre on held-out lives, and remember it if it is the best."""
        genome = centre(self._searcher)
        score = self._problem.held_out_score(genome)
        if score > self.best_score:
            self.best_score, self._best = score, genome
        return score

    def _record(self, evaluation: Evaluation, held_out: float | None) -> Generation:
        nan_count = int((~evaluation.is_number).sum())
        fitness = evaluation.fitness[evaluation.is_number]
        if nan_count == len(evaluation.fitness):
            fitness = torch.full((1,), math.nan)
        return Generation(
            generation=self.generation,
            steps=self.steps,
            fitness_best=fitness.max().item(),
            fitness_mean=fitness.mean().item(),
            fitness_std=fitness.std(correction=0).item(),
            score_best=evaluation.scores.max().item(),
            score_mean=evaluation.scores.mean().item(),
            held_out=held_out,
            sigma=spread(self._searcher),
            density=evaluation.density.mean().item(),
            nan_count=nan_count,
        )

    def _tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds beside its counters; names and shapes never change in a run."""
        search = {f"{_SEARCH}{name}": tensor for name, tensor in searcher_state(self._searcher).items()}
        return search | {"best": self._best, "last": self._last}

    def _checkpoint(self) -> None:
        best_score = self.best_score if math.isfinite(self.best_score) else None
        counters = Counters(self._identity, self.generation, self.steps, best_score)
        write_checkpoint(self.folder / CHECKPOINTS, counters, self._tensors())

    def _restore(self) -> None:
        counters, tensors, skipped = read_newest(self.folder / CHECKPOINTS, self._identity, self._tensors())
        self.notes += skipped
        search = {
            name.removeprefix(_SEARCH): tensor for name, tensor in tensors.items() if name.startswith(_SEARCH)
        }
        restore_searcher(self._searcher, counters.generation, search)
        self.generation, self.steps = counters.generation, counters.steps
        self.best_score = -math.inf if counters.best_score is None else counters.best_score
        self._best, self._last = tensors["best"], tensors["last"]

    def _agent(self, genome: Tensor) -> LNDPAgent:
        dynamics = self.world.dynamics
        return LNDPAgent(
            dynamics.observation_space,
            dynamics.action_space,
            self.program,
            genome=genome,
            encoding=self.world.encoding,
        )
