"""The published results of a pretrained agent: its results.json, read and written."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from lndp_agents.numbers import interval_text, score_text
from lndp_agents.persistence import write_file
from lndp_agents.validation import parse_json

RESULTS_FILE = "results.json"


@dataclass(frozen=True, kw_only=True)
class MeanScore:
    """A mean over lifetimes, with a 95 % bootstrap interval."""

    mean: float
    interval: tuple[float, float]
    episode_means: Sequence[float] = ()
    """Mean returns of the episodes of a lifetime, in their order; none if they were not recorded."""
    scores: Sequence[float] = ()
    """Score of each lifetime; none if they were not recorded."""

    def __post_init__(self) -> None:
        low, high = self.interval
        object.__setattr__(self, "mean", float(self.mean))
        object.__setattr__(self, "interval", (float(low), float(high)))


@dataclass(frozen=True, kw_only=True)
class PublishedScore(MeanScore):
    """The score of the pretrained agent."""

    seed: int
    lives: int
    """L: number of lifetimes."""


@dataclass(frozen=True, kw_only=True)
class TrainingScore(MeanScore):
    """The score of the best agent of one of the evolutions."""

    seed: int
    generations: int
    steps: int
    """Steps of the environment."""
    held_out: float
    """Score on the held-out lifetimes by which the evolution chose its best agent."""


@dataclass(frozen=True, kw_only=True)
class ZooResults:
    """Environment, scores and origin of a pretrained agent."""

    environment: str
    environment_keywords: dict[str, Any]
    episodes: int
    score: PublishedScore
    evolution_seeds: tuple[TrainingScore, ...]
    """One for each evolution of the experiment config, which differ in their seeds."""
    recipe: dict[str, Any]
    """The experiment config of the evolution that is published."""
    commit: str
    system: dict[str, Any]
    steps_before: int
    """Steps of all earlier searches that found the start of this one."""
    score_of_many: PublishedScore
    """The score over more lifetimes, with another seed."""
    sha256: dict[str, str]
    """Hashes of the files beside results.json."""

    @property
    def steps(self) -> int:
        """Steps of the evolution that is published."""
        return next(run.steps for run in self.evolution_seeds if run.seed == self.recipe["seed"])

    @property
    def score_rows(self) -> list[str]:
        """The rows of the card's table of scores: lifetimes, seed, mean, interval."""
        return [
            f"| {score.lives:,} | {score.seed} | {_cells(score)} |"
            for score in (self.score, self.score_of_many)
        ]

    @property
    def seed_rows(self) -> list[str]:
        """The rows of the card's table of evolutions: seed, generations, steps, mean, interval."""
        return [
            f"| {run.seed} | {run.generations} | {run.steps:,} | {_cells(run)} |"
            for run in self.evolution_seeds
        ]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read results.json in the folder of a pretrained agent.

        Raises:
            ValueError: the file is missing or damaged.
        """
        path = folder / RESULTS_FILE
        try:
            return cls._from_json(parse_json(path.read_bytes()))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is damaged ({error!r}): install lndp-agents again") from error

    def write(self, folder: Path) -> None:
        """Write results.json into the folder of a pretrained agent, one value a line.

        Raises:
            OSError: the file cannot be written.
        """
        data = asdict(self)
        for score in (data["score"], data["score_of_many"], *data["evolution_seeds"]):
            for name in ("episode_means", "scores"):
                if not score[name]:
                    del score[name]
        write_file(folder / RESULTS_FILE, (json.dumps(data, indent=1) + "\n").encode())

    @classmethod
    def _from_json(cls, data: dict[str, Any]) -> Self:
        parts: dict[str, Any] = {
            "score": PublishedScore(**data["score"]),
            "score_of_many": PublishedScore(**data["score_of_many"]),
            "evolution_seeds": tuple(TrainingScore(**run) for run in data["evolution_seeds"]),
        }
        return cls(**data | parts)


def _cells(score: MeanScore) -> str:
    return f"{score_text(score.mean)} | {interval_text(score.interval)}"
