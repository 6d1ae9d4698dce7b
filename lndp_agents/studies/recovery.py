"""Damage and recovery: the same lifetimes intact and lesioned, compared in windows of steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from lndp_envs.dynamics import Dynamics
from numpy.typing import NDArray

from lndp_agents.rollout import Intervention, PredictPolicy
from lndp_agents.studies.evaluation import PolicyLives, evaluate_policy_lives, world_of
from lndp_agents.studies.statistics import bootstrap_interval, ratio_interval

WINDOWS = 20
"""Maximal number of windows in a lifetime, if the lesion does not cut one in two."""


class Estimate(NamedTuple):
    """A mean over lifetimes, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g})"


class Effect(NamedTuple):
    """A quantity of lifetimes with and without the lesion."""

    intact: Estimate
    lesioned: Estimate
    damage: Estimate
    """Mean over lifetimes of intact minus lesioned."""


class Window(NamedTuple):
    """Reward per step in a window of all lifetimes; steps after the end of a lifetime have reward 0."""

    first: int
    last: int
    intact: Estimate
    lesioned: Estimate
    damage: Estimate
    """Mean over lifetimes of intact minus lesioned."""


@dataclass(frozen=True)
class Recovery:
    """The effect of a lesion on the lifetimes of a policy."""

    lesion: Intervention
    intact: PolicyLives
    lesioned: PolicyLives
    windows: tuple[Window, ...]
    """The windows of the lifetime, in order; the lesion lies between two of them."""
    episodes: tuple[Effect, ...]
    """Return of each episode of the lifetime, 0 for episodes that were not reached."""

    @property
    def before(self) -> Window | None:
        """The last window before the lesion; None if the lesion comes at birth."""
        return next((window for window in reversed(self.windows) if window.first < self.lesion.at), None)

    @property
    def after(self) -> tuple[Window, ...]:
        """The windows after the lesion."""
        return tuple(window for window in self.windows if window.first >= self.lesion.at)

    @property
    def worst(self) -> Window:
        """The window after the lesion with the largest damage (of noisy means: biased upwards)."""
        return max(self.after, key=lambda window: window.damage.mean)

    @property
    def ended_early(self) -> tuple[int, int]:
        """Numbers of intact and of lesioned lifetimes that ended before their last step."""
        intact, lesioned = ((own.steps < own.rewards.shape[1]).sum() for own in (self.intact, self.lesioned))
        return int(intact), int(lesioned)

    @property
    def recovered(self) -> Estimate | None:
        """The share of the largest damage that is gone in the last window, as if both were chosen before.

        None if the interval of that damage reaches 0, or if lifetimes ended early: then windows after their
        end tell nothing, but `episodes` do.
        """
        if self.worst.damage.low <= 0 or any(self.ended_early):
            return None
        last, worst = (
            _rewards_in(self.intact, window) - _rewards_in(self.lesioned, window)
            for window in (self.windows[-1], self.worst)
        )
        low, high = ratio_interval(last, worst)
        return Estimate(1 - float(last.mean() / worst.mean()), 1 - high, 1 - low)


def measure_recovery(
    policy: PredictPolicy,
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lesion: Intervention,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
    say: Callable[[str], object] = lambda _: None,
) -> Recovery:
    """Roll a policy out in the same lifetimes twice, intact and lesioned.

    Args:
        policy: an agent, or anything with stable-baselines3's `predict`.
        environment: id of the environment.
        keywords: keyword arguments of the environment.
        lesion: the intervention.
        lives: number of lifetimes, L.
        seed: random seed of initial states, environments and sampled actions.
        episodes: episodes of a lifetime, for environments that have no lifetimes of their own.
        say: takes lines of progress.

    Raises:
        ValueError: as `evaluate_policy_lives`.
    """
    found: list[PolicyLives] = []
    world = world_of(policy, environment, keywords, episodes)
    for what, happens in ((str(lesion), lesion), ("intact", None)):  # the one that may be refused first
        say(f"{lives} lives, {what}")
        found.append(evaluate_policy_lives(policy, world, lives=lives, seed=seed, lesion=happens))
    lesioned, intact = found
    windows = tuple(
        Window(*ends, *_effect(*(_rewards_in(own, ends) for own in (intact, lesioned))))
        for ends in window_ends(
            world.num_steps, lesion.at, window_steps(world.dynamics, world.num_steps // WINDOWS)
        )
    )
    effects = tuple(map(_effect, _returns(intact).T, _returns(lesioned).T))
    return Recovery(lesion, intact, lesioned, windows, effects)


def window_steps(dynamics: Dynamics[Any], least: int) -> int:
    """Return the steps of a window, `least` or a few more: whole trials, where the world has them.

    Rewards come at the ends of trials, so windows that cut trials in two would show an artifact.
    """
    return dynamics.trial_steps * max(1, -(-least // dynamics.trial_steps))


def window_ends(steps: int, at: int, size: int) -> list[tuple[int, int]]:
    """Return first and last steps of the windows, of `size` steps each; one begins at the lesion.

    The rest at the end belongs to the last window, so that no short window is compared with the others.
    """
    starts = sorted({0, at, *range(at % size, steps - size + 1, size)})
    return [(start, stop - 1) for start, stop in zip(starts, [*starts[1:], steps], strict=True)]


def _rewards_in(lives: PolicyLives, window: tuple[Any, ...]) -> NDArray[np.float64]:
    """Return the reward per step (L,) from the first to the last step of a window."""
    return lives.rewards[:, window[0] : window[1] + 1].mean(1)


def _returns(lives: PolicyLives) -> NDArray[np.float64]:
    assert lives.returns is not None  # `evaluate_policy_lives` keeps them
    return lives.returns


def _effect(intact: NDArray[np.float64], lesioned: NDArray[np.float64]) -> Effect:
    return Effect(*map(_estimate, (intact, lesioned, intact - lesioned)))


def _estimate(values: NDArray[np.float64]) -> Estimate:
    return Estimate(float(values.mean()), *bootstrap_interval(values[None]))
