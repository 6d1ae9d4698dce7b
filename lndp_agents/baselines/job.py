"""What a baseline is asked to learn, and what it reports while it does."""

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
    """Episodes of a life, for environments that have no lives of their own."""
    budget_steps: int = 0
    """Most steps of the environment, those of all its copies together."""
    seed: int = 0
    """Of everything that is random in the training."""

    def make_world(self) -> World:
        """Return the world of the training.

        Raises:
            ValueError: as `rollout.make_world`.
        """
        return make_world(self.environment, self.keywords, self.episodes, None)


@dataclass(frozen=True)
class CurvePoint:
    """One look at a learner during its training."""

    steps: int
    """Steps of the environment so far."""
    seconds: float
    """Wall-clock seconds of training so far, without those of the looks; in an evolution with them."""
    held_out: float
    """Mean score of the held-out lives of the training's seed."""


Report: TypeAlias = Callable[[CurvePoint], None]
"""Is told every point of a learning curve at once."""
