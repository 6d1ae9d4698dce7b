"""The settings of a comparison: a world, policies, and the budget of each learner."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from lndp_agents.baselines import Job
from lndp_agents.compare.names import Entrant
from lndp_agents.persistence import MAX_CONFIG_BYTES, read_file, write_file
from lndp_agents.studies.evaluation import MAX_LIVES
from lndp_agents.validation import parse_json, shorten

COMPARISON_FILE = "comparison.json"
FORMAT_VERSION = 1
SCORE_SEED = 7
"""Random seed of the lifetimes that are scored, as on the cards of the zoo; no training uses it."""
_FIXED = ("environment", "keywords", "episodes", "budget_steps")
"""Fields that may not change within a folder; each training there has its own experiment config."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All settings that the results depend on.

    Raises:
        ValueError: a number is out of range, or a policy is there twice, or its name cannot be shown.
    """

    environment: str
    """Id of the environment."""
    policies: tuple[str, ...]
    """Names (see `lndp_agents.compare.names`); the first policy is compared with all others."""
    keywords: dict[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments of the environment."""
    episodes: int = 1
    """Episodes of a lifetime, for environments that have no lifetimes of their own."""
    seeds: int = 5
    """Trainings of each learner, with the seeds 1, 2, ..."""
    budget_steps: int = 0
    """Most steps of the environment in each training."""
    lives: int = 128
    """L: number of held-out lifetimes that are scored, the same for all."""
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """For each evolved policy: fields of its experiment config, those of its policy as "program.FIELD"."""

    def __post_init__(self) -> None:
        if not self.policies:
            raise ValueError("no policies: name some, such as ppo,random")
        for name in self.policies:
            if self.policies.count(name) > 1:
                raise ValueError(f"policy {name!r} is there twice: name it once")
            if not name.isprintable():
                raise ValueError(f"policy {name!r} cannot be written into a table: rename its folder")
        for name, most in (("episodes", 10**6), ("seeds", 10**4), ("lives", MAX_LIVES)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name}={getattr(self, name)}: give 1 to {most}")
        if self.budget_steps < 0:
            raise ValueError(f"budget_steps={self.budget_steps}: give 1 or more")

    @cached_property
    def entrants(self) -> tuple[Entrant, ...]:
        """The parsed names of the policies.

        Raises:
            ValueError: one is unknown.
        """
        return tuple(Entrant.parse(name) for name in self.policies)

    def job(self, seed: int) -> Job:
        """Return the job of a baseline: environment, budget and seed."""
        return Job(self.environment, self.keywords, self.episodes, self.budget_steps, seed)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the comparison that a folder holds.

        Raises:
            ValueError: its comparison.json is damaged.
            FileNotFoundError: there is none.
        """
        path = folder / COMPARISON_FILE
        if not path.exists():
            raise FileNotFoundError(f"{folder} holds no comparison, it has no {COMPARISON_FILE}")
        try:
            data = parse_json(read_file(path, MAX_CONFIG_BYTES))
            if data.pop("format_version") != FORMAT_VERSION:
                raise ValueError("it was written by another version of lndp-agents")
            return cls(**data | {"policies": tuple(data["policies"])})
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"{path}: {shorten(error)}; give another folder") from error

    def claim(self, folder: Path) -> None:
        """Write comparison.json into an existing folder.

        Raises:
            ValueError: the folder holds another comparison, or the file is damaged.
            OSError: it cannot be written.
        """
        path = folder / COMPARISON_FILE
        if path.exists():
            before = self.read(folder)
            for name in _FIXED:
                there, here = getattr(before, name), getattr(self, name)
                if there != here:
                    raise ValueError(
                        f"{folder} holds another comparison, {name} is {shorten(there)} there and "
                        f"{shorten(here)} here: give another folder"
                    )
        data = {"format_version": FORMAT_VERSION} | asdict(self)
        write_file(path, (json.dumps(data, indent=1) + "\n").encode())
