"""The job of a baseline's training, and the points of its learning curve."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lndp_agents.rollout import World, make_world


@dataclass(frozen=True)
class Job:
    """One training: a world, a budget and a seed."""

    environment: str
    """Id of the environment."""
    keywords: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments of the environment."""
    episodes: int = 1
    """Episodes of a lifetime, for environments that have no lifetimes of their own."""
    budget_steps: int = 0
    """Maximal number of steps, those of all environments together."""
    seed: int = 0
    """Random seed of the training."""

    def make_world(self) -> World:
        """Return the world of the training.

        Raises:
            ValueError: as `rollout.make_world`.
        """
        return make_world(self.environment, self.keywords, self.episodes, None)


@dataclass(frozen=True)
class CurvePoint:
    """One evaluation of a learner during its training."""

    steps: int
    """Steps of the environment so far."""
    seconds: float
    """Wall-clock seconds of training so far; those of evaluations count in an evolution alone."""
    held_out: float
    """Mean score on the held-out lifetimes of the training's seed."""


Report: TypeAlias = Callable[[CurvePoint], None]
"""A function that takes each point of a learning curve at once."""
