"""A bandit whose good arm changes, without a sign, while it is played."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Space
from gymnasium.spaces import Box, Discrete

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode, draw_task
from lndp_envs.randomness import fold, uniform
from lndp_envs.schedule import check_probability


class BanditState(NamedTuple):
    """B bandits; every field has shape (B,) and dtype int64."""

    key: Array
    """The randomness of the life's payoffs and changes."""
    good: Array
    """The hidden good arm (the life's task is that at birth)."""
    pulls: Array
    """Arms pulled so far."""


@dataclass(frozen=True)
class Bandit(OneEpisode):
    """Pull the arm that pays more often, and notice when another one does.

    Args:
        arms: how many there are, at least 2.
        good_probability: chance that the good arm pays.
        bad_probability: chance that each of the others does.
        hazard: chance, after every pull, that the good arm becomes one of the others, each as likely.
        reveal: put the good arm into the info.

    Raises:
        ValueError: an argument is outside of what is said above.
    """

    arms: int = 2
    good_probability: float = 0.9
    bad_probability: float = 0.1
    hazard: float = 0.02
    reveal: bool = False

    def __post_init__(self) -> None:
        if self.arms < 2:
            raise ValueError(f"arms is {self.arms}, but there must be at least 2 to choose from")
        for name in ("good_probability", "bad_probability", "hazard"):
            check_probability(name, getattr(self, name))

    @property
    def num_tasks(self) -> int:
        """One for each arm that may be the good one at birth."""
        return self.arms

    @property
    def observation_space(self) -> Space[Any]:
        """One number that is always 1: a bandit shows nothing."""
        return Box(0.0, 1.0, (1,), np.float32)

    @property
    def action_space(self) -> Space[Any]:
        """The arm to pull."""
        return Discrete(self.arms)

    def reset(self, key: Array, task: Array | None = None) -> BanditState:
        """Make the arm good that ``task`` says."""
        zero = namespace(key).zeros_like(key)
        good = draw_task(fold(key, 0), self.num_tasks) if task is None else task
        return BanditState(fold(key, 1), zero + good, zero)

    def step(self, state: BanditState, action: Array) -> tuple[BanditState, Array, Array]:
        """Pull, pay 1 or 0, and perhaps change the good arm; a life never ends by itself."""
        xp = namespace(state.good)
        luck = uniform(fold(state.key, state.pulls), (3,))
        is_good = action == state.good
        pays = xp.where(is_good, luck[:, 0] < self.good_probability, luck[:, 0] < self.bad_probability)
        other = (state.good + 1 + xp.astype(luck[:, 1] * (self.arms - 1), xp.int64)) % self.arms
        good = xp.where(luck[:, 2] < self.hazard, other, state.good)
        return BanditState(state.key, good, state.pulls + 1), xp.astype(pays, xp.float64), xp.zeros_like(pays)

    def observe(self, state: BanditState) -> Array:
        """(B, 1) float32 of ones. It says nothing."""
        xp = namespace(state.good)
        return xp.ones_like(state.good[:, None], dtype=xp.float32)

    def episode_start(self, state: BanditState) -> Array:
        """(B,) bool: True at birth. A pull is not an episode."""
        return state.pulls == 0

    def info(self, state: BanditState) -> dict[str, Array]:
        """``trial`` (how many arms have been pulled), and with ``reveal`` the ``good`` arm."""
        info = {"trial": state.pulls + 0}
        return info | self.hidden(state) if self.reveal else info

    def hidden(self, state: BanditState) -> dict[str, Array]:
        """The ``good`` arm."""
        return {"good": state.good + 0}
