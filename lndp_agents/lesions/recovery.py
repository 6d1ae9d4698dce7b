"""Damage and recovery: the same lives intact and injured, looked at in windows of steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lndp_agents.baselines.evaluation import PolicyLives, evaluate_policy_lives
from lndp_agents.baselines.policy import Policy
from lndp_agents.lesions.lesion import Lesion
from lndp_agents.statistics import bootstrap_interval

WINDOWS = 20
"""Windows in a life, if its lesion does not cut one in two."""


class Estimate(NamedTuple):
    """A mean over lives, with its 95 % bootstrap interval over lives."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g})"


class Window(NamedTuple):
    """Reward per step in some steps of all lives; steps after the end of a life count with reward 0."""

    first: int
    last: int
    intact: Estimate
    lesioned: Estimate
    damage: Estimate
    """Intact minus lesioned, life by life."""


@dataclass(frozen=True)
class Recovery:
    """What a lesion did to the lives of a policy."""

    lesion: Lesion
    intact: PolicyLives
    lesioned: PolicyLives
    windows: tuple[Window, ...]
    """All of the life, in order; the lesion lies between two of them."""

    @property
    def before(self) -> Window | None:
        """The last window before the lesion; none if it comes at birth."""
        return next((window for window in reversed(self.windows) if window.first < self.lesion.at), None)

    @property
    def after(self) -> tuple[Window, ...]:
        """Those after the lesion."""
        return tuple(window for window in self.windows if window.first >= self.lesion.at)

    @property
    def worst(self) -> Window:
        """The window after the lesion with the largest damage (of noisy means: biased upwards)."""
        return max(self.after, key=lambda window: window.damage.mean)

    @property
    def recovered(self) -> float | None:
        """The share of the largest damage that is gone in the last window; none if its interval reaches 0."""
        if self.worst.damage.low <= 0:
            return None
        return 1 - self.windows[-1].damage.mean / self.worst.damage.mean


def measure_recovery(
    policy: Policy,
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lesion: Lesion,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
    say: Callable[[str], object] = lambda _: None,
) -> Recovery:
    """Let a policy live the same lives twice, intact and injured.

    Args:
        policy: who lives, an agent or a model of stable-baselines3.
        environment: id of the environment.
        keywords: keyword arguments of the environment.
        lesion: what happens.
        lives: how many lives, L.
        seed: of births, worlds and drawn actions.
        episodes: episodes of a life, for environments that have no lives of their own.
        say: is told what is going on.

    Raises:
        ValueError: as `evaluate_policy_lives`.
    """
    found: list[PolicyLives] = []
    for what, happens in ((str(lesion), lesion), ("intact", None)):  # the one that may be refused first
        say(f"{lives} lives, {what}")
        found.append(
            evaluate_policy_lives(
                policy, environment, keywords, lives=lives, seed=seed, episodes=episodes, lesion=happens
            )
        )
    lesioned, intact = found
    windows = tuple(
        _window(intact.rewards, lesioned.rewards, *ends)
        for ends in window_ends(intact.rewards.shape[1], lesion.at)
    )
    return Recovery(lesion, intact, lesioned, windows)


def window_ends(steps: int, at: int) -> list[tuple[int, int]]:
    """First and last steps of the windows of a life, of which one begins at a lesion."""
    size = max(1, steps // WINDOWS)
    starts = sorted({0, *range(at % size, steps, size)})
    return [(start, stop - 1) for start, stop in zip(starts, [*starts[1:], steps], strict=True)]


def _window(intact: NDArray[np.float64], lesioned: NDArray[np.float64], first: int, last: int) -> Window:
    mine, theirs = (rewards[:, first : last + 1].mean(1) for rewards in (intact, lesioned))
    return Window(first, last, *(_estimate(values) for values in (mine, theirs, mine - theirs)))


def _estimate(values: NDArray[np.float64]) -> Estimate:
    return Estimate(float(values.mean()), *bootstrap_interval(values[None]))
