"""A run: an evolution that lives in a folder, can be stopped at any moment and goes on as if it had not been."""

import csv
import io
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import torch
from lndp_envs.randomness import key_of
from torch import Tensor

from lndp_agents.agent import LNDPAgent
from lndp_agents.config import LNDPConfig
from lndp_agents.evolution.checkpoint import read_newest, write_checkpoint
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.problem import SEARCH, Evaluation, LifeProblem
from lndp_agents.evolution.searchers import centre, make_searcher, restore_searcher, searcher_state, spread
from lndp_agents.evolution.worlds import make_world
from lndp_agents.lndp import LNDP
from lndp_agents.persistence import write_file
from lndp_agents.spaces import ObservationEncoding, config_for

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Generation:
    """What is known after a generation; the columns of metrics.csv."""

    generation: int
    """Generations done."""
    steps: int
    """Steps of life lived by all populations so far."""
    fitness_best: float
    fitness_mean: float
    fitness_std: float
    score_best: float
    score_mean: float
    """Mean episode return over the population's lives."""
    held_out: float | None
    """Mean episode return of the centre on held-out lives, where it was measured."""
    sigma: float
    density: float
    nan_count: int
    """Genomes whose fitness was not a number."""


class Run:
    """An evolution and its folder. Make one with `create` or `open`, then iterate over `generations`."""

    def __init__(self, folder: Path, config: EvolutionConfig, program: LNDPConfig, encoding: ObservationEncoding) -> None:
        self.folder, self.config, self.program = folder, config, program
        self.world = make_world(config.environment, config.environment_keywords, config.episodes, encoding)
        self._problem = LifeProblem(config, LNDP(program, "auto"), self.world)
        self._searcher = make_searcher(self._problem, config)
        self.generation = 0
        self._steps = 0
        self.best_score = float("-inf")
        self._best: Tensor = centre(self._searcher)
        self.notes: list[str] = []
        """What a person should know about how the run was resumed."""

    @classmethod
    def create(cls, config: EvolutionConfig, folder: Path) -> Self:
        """Begin a run in a new folder.

        Raises:
            ValueError: the environment, its spaces or a field of the recipe are refused.
            FileExistsError: the folder holds something already.
            OSError: the folder cannot be written.
        """
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty: resume the run that it holds, or name another folder")
        world = make_world(config.environment, config.environment_keywords, config.episodes, encoding_of(config))
        space, actions = world.dynamics.observation_space, world.dynamics.action_space
        program = config_for(space, actions, world.encoding, **config.program)
        run = cls(folder, config, program, world.encoding)
        description = {
            "format_version": FORMAT_VERSION,
            "recipe": config.to_json(),
            "program": program.to_json(),
            "encoding": world.encoding.to_json(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "config.json", json.dumps(description, indent=2).encode())
        write_file(folder / "system.json", json.dumps(system_info(), indent=2).encode())
        write_file(folder / "command.txt", (" ".join(sys.argv) + "\n").encode())
        write_file(folder / "metrics.csv", _csv_line(list(Generation.__annotations__)).encode())
        run._checkpoint()
        return run

    @classmethod
    def open(cls, folder: Path, generations: int | None = None) -> Self:
        """Take up a run where its newest sound checkpoint left it.

        Args:
            folder: of the run.
            generations: a new budget; that of the recipe if none.

        Raises:
            FileNotFoundError: the folder holds no run, or no checkpoint that verifies.
            ValueError: its description is damaged or of another version.
        """
        config, program, encoding = read_description(folder)
        if generations is not None:
            config = EvolutionConfig.from_json(config.to_json() | {"generations": generations})
        run = cls(folder, config, program, encoding)
        tensors, numbers, run.notes = read_newest(folder / "checkpoints")
        restore_searcher(run._searcher, {k[7:]: v for k, v in tensors.items() if k.startswith("search.")})
        run.generation, run._steps = numbers["generation"], numbers["steps"]
        run.best_score, run._best = numbers["best_score"], tensors["best"]
        run._drop_later_metrics()
        run._write_agents()
        return run

    def generations(self) -> Iterator[Generation]:
        """Evolve, one generation at a time, each saved before it is given.

        Raises:
            OSError: a checkpoint cannot be written; the last one stays good.
            FloatingPointError: the search distribution is no longer made of numbers.
        """
        while self.generation < self.config.generations:
            started = time.perf_counter()
            self._problem.generation = self.generation
            self._problem.manual_seed(key_of(self.config.seed, SEARCH, self.generation))
            self._searcher.step()
            self.generation += 1
            if not torch.isfinite(centre(self._searcher)).all():
                raise FloatingPointError(f"the search diverged in generation {self.generation}: lower sigma and resume")
            evaluation = self._problem.last
            assert evaluation is not None
            self._steps += evaluation.steps
            record = self._record(evaluation, self._held_out_score())
            with (self.folder / "metrics.csv").open("a", newline="") as file:
                file.write(_csv_line(["" if value is None else value for value in vars(record).values()]))
            self._checkpoint()
            with (self.folder / "timings.csv").open("a") as file:
                file.write(f"{self.generation},{time.perf_counter() - started:.3f}\n")
            yield record

    @property
    def best(self) -> LNDPAgent:
        """The agent with the highest score on held-out lives."""
        return self._agent(self._best)

    def _held_out_score(self) -> float | None:
        """Score the centre when its turn has come, and remember it if it is the best."""
        if self.generation % self.config.evaluate_every and self.generation != self.config.generations:
            return None
        genome = centre(self._searcher)
        score = self._problem.held_out_score(genome)
        if score > self.best_score:
            self.best_score, self._best = score, genome
        return score

    def _record(self, evaluation: Evaluation, held_out: float | None) -> Generation:
        return Generation(
            generation=self.generation,
            steps=self._steps,
            fitness_best=evaluation.fitness.max().item(),
            fitness_mean=evaluation.fitness.mean().item(),
            fitness_std=evaluation.fitness.std().item(),
            score_best=evaluation.scores.max().item(),
            score_mean=evaluation.scores.mean().item(),
            held_out=held_out,
            sigma=spread(self._searcher),
            density=evaluation.density,
            nan_count=evaluation.nan_count,
        )

    def _checkpoint(self) -> None:
        tensors = {f"search.{name}": tensor for name, tensor in searcher_state(self._searcher).items()}
        numbers = {"generation": self.generation, "steps": self._steps, "best_score": self.best_score}
        write_checkpoint(self.folder / "checkpoints", self.generation, tensors | {"best": self._best}, numbers)
        if self.generation % self.config.evaluate_every == 0 or self.generation == self.config.generations:
            self._write_agents()

    def _write_agents(self) -> None:
        self.best.save_pretrained(self.folder / "best")
        self._agent(centre(self._searcher)).save_pretrained(self.folder / "centre")

    def _agent(self, genome: Tensor) -> LNDPAgent:
        dynamics = self.world.dynamics
        return LNDPAgent(
            dynamics.observation_space,
            dynamics.action_space,
            self._problem.program.config,
            genome=genome,
            encoding=self.world.encoding,
        )

    def _drop_later_metrics(self) -> None:
        """Forget rows that were written after the checkpoint."""
        path = self.folder / "metrics.csv"
        rows = path.read_text().splitlines(keepends=True) if path.exists() else []
        kept = rows[:1] or [_csv_line(list(Generation.__annotations__))]
        kept += [row for row in rows[1:] if row.endswith("\n") and int(row.split(",", 1)[0]) <= self.generation]
        write_file(path, "".join(kept).encode())


def encoding_of(config: EvolutionConfig) -> ObservationEncoding | None:
    """The encoding that a recipe names; none for the usual one."""
    if config.encoding == "scaled":
        return None
    raise ValueError(f"encoding={config.encoding!r}: give 'scaled'")


def read_description(folder: Path) -> tuple[EvolutionConfig, LNDPConfig, ObservationEncoding]:
    """Recipe, program and encoding of the run in a folder.

    Raises:
        FileNotFoundError: there is no run.
        ValueError: its config.json is damaged or of another version.
    """
    path = folder / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"{folder} holds no run: there is no config.json")
    try:
        data = json.loads(path.read_text())
        if data["format_version"] != FORMAT_VERSION:
            raise ValueError(f"format_version {data['format_version']}, this package reads {FORMAT_VERSION}")
        encoding = ObservationEncoding.from_json(data["encoding"])
        return EvolutionConfig.from_json(data["recipe"]), LNDPConfig.from_json(data["program"]), encoding
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not describe a run: {error}") from error


def next_folder(root: Path, environment: str) -> Path:
    """The first of ENVIRONMENT_1, ENVIRONMENT_2, ... that is free under `root`."""
    name = environment.rpartition(":")[2].replace("/", "-")
    taken = {path.name for path in root.glob(f"{name}_*")}
    return root / next(f"{name}_{k}" for k in range(1, len(taken) + 2) if f"{name}_{k}" not in taken)


def system_info() -> dict[str, Any]:
    """What a result depends on beside its recipe."""
    packages = ("lndp-agents", "torch", "numpy", "gymnasium", "evotorch")
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpu_count": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "packages": {name: version(name) for name in packages},
    }


def _csv_line(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
