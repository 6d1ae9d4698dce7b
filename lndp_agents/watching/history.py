"""History of a lifetime: rewards, trials and edges, step by step.

A step has two halves: the network rewires and acts, then the environment answers with a reward.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from lndp_agents.watching.wiring import Booleans


class Stretch(NamedTuple):
    """A trial or an episode of a lifetime."""

    start: int
    """Number of steps before it."""
    end: int
    """Number of steps at its end, or until now."""
    total: float
    """All its rewards."""


@dataclass
class History:
    """The numbers of one lifetime; every list has one entry a step, `density` one more, for the start.

    Between the halves of a step the lists of edges are one longer than the rewards.

    Args:
        num_allowed: number of edges that the network may have.
    """

    num_allowed: int
    rewards: list[float] = field(default_factory=list[float])
    density: list[float] = field(default_factory=list[float])
    born: list[int] = field(default_factory=list[int])
    lost: list[int] = field(default_factory=list[int])
    trial_ends: list[int] = field(default_factory=list[int])
    """Numbers of steps at ends of trials."""
    episode_ends: list[int] = field(default_factory=list[int])
    """Numbers of steps at ends of inner episodes after which another began."""
    has_trials: bool = False
    injured_at: int | None = None
    """The step before which an injury came; none if there was none yet."""
    adjacency: Booleans | None = None

    @property
    def step(self) -> int:
        """Number of steps so far."""
        return len(self.rewards)

    @property
    def total(self) -> float:
        """All rewards."""
        return sum(self.rewards)

    @property
    def score(self) -> float:
        """Score: the mean return of the episodes."""
        return self.total / (len(self.episode_ends) + 1)

    @property
    def episode(self) -> Stretch:
        """The current episode."""
        return self._stretches(self.episode_ends)[-1]

    @property
    def episodes(self) -> list[Stretch]:
        """All episodes so far."""
        return self._stretches(self.episode_ends)

    @property
    def trials(self) -> list[Stretch]:
        """All trials so far; the last is going on."""
        return self._stretches(self.trial_ends)

    def begin(self, adjacency: Booleans) -> None:
        """Note the edges (N, N) of the initial network."""
        self.adjacency = adjacency
        self.density.append(float(adjacency.sum()) / self.num_allowed)

    def rewire(self, adjacency: Booleans) -> None:
        """Note the edges (N, N) of the network that acts in this step."""
        before = adjacency if self.adjacency is None else self.adjacency
        self.born.append(int((adjacency & ~before).sum()))
        self.lost.append(int((before & ~adjacency).sum()))
        self.begin(adjacency)

    def earn(self, reward: float) -> None:
        """Note the reward that came of this step."""
        self.rewards.append(reward)

    def _stretches(self, ends: list[int]) -> list[Stretch]:
        bounds = [0, *ends, self.step]
        return [Stretch(start, end, sum(self.rewards[start:end])) for start, end in pairwise(bounds)]
