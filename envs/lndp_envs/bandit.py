"""A bandit whose good arm changes, without a sign, while it is played."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box, Discrete

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode, draw_task
from lndp_envs.kinds import Space
from lndp_envs.randomness import fold, uniform
from lndp_envs.schedule import check_probability


class BanditState(NamedTuple):
    """B bandits; every field has shape (B,) and dtype int64."""

    key: Array
    """The randomness of the lifetime's payoffs and changes."""
    good: Array
    """The hidden good arm (the context of the lifetime is that at birth)."""
    pulls: Array
    """Arms pulled so far."""


@dataclass(frozen=True)
class Bandit(OneEpisode):
    """A player pulls one of several arms, again and again; one pays often, and it changes which.

    ## Description

    A restless bandit, the reversal task of the laboratory. One arm is good: it pays with `good_probability`,
    the others with `bad_probability`. After every pull, with probability `hazard`, another arm becomes the
    good one, drawn uniformly from the others. Nothing in the observation tells: only the rewards do. One
    episode is one *lifetime* of 200 pulls, with four changes on average. Which arm is good at birth is a fair
    draw.

    For two arms, with the default arguments:

    | player | mean return |
    |---|---|
    | best possible | 170.668 |
    | pulls the last arm again if it paid, else the other | 161.133 |
    | without memory, such as always the same arm, or any | 100 |

    See `lndp_envs.bandit_optimum`. What a player can know is its belief that arm 0 is good; the best possible
    return is computed backwards over the pulls on a grid of beliefs, to 1e-8, and is the `reward_threshold`
    of the id. The other two are exact.

    ## Action Space

    `Discrete(arms)`: the arm to pull.

    ## Observation Space

    `Box(0, 1, (1,), float32)`: always 1. A bandit shows nothing.

    ## Rewards

    1 where the arm pays, else 0.

    ## Starting State

    Each arm is the good one with equal chances. `reset(options={"task": k})` makes it arm k.

    ## Episode End

    A lifetime never terminates. It is truncated after 200 steps (`max_episode_steps` of the id).

    ## Information

    `trial`: arms pulled so far. With `reveal=True` also `good`, the good arm.

    ## Arguments

    * `arms` (2): how many, at least 2.
    * `good_probability` (0.9): chance that the good arm pays.
    * `bad_probability` (0.1): chance that each other arm pays.
    * `hazard` (0.02): chance of a change after every pull.
    * `reveal` (False): see Information.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line of
      text.

    ## Version History

    * v0: first version.
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
        """Number of contexts: one for each arm that may be the good one at birth."""
        return self.arms

    @property
    def observation_space(self) -> Space:
        """One number that is always 1: a bandit shows nothing."""
        return Box(0.0, 1.0, (1,), np.float32)

    @property
    def action_space(self) -> Space:
        """The arm to pull."""
        return Discrete(self.arms)

    def reset(self, key: Array, task: Array | None = None) -> BanditState:
        """Make the arm good that ``task`` says."""
        zero = namespace(key).zeros_like(key)
        good = draw_task(fold(key, 0), self.num_tasks) if task is None else task
        return BanditState(fold(key, 1), zero + good, zero)

    def step(self, state: BanditState, action: Array) -> tuple[BanditState, Array, Array]:
        """Pull, pay 1 or 0, and perhaps change the good arm; a lifetime never ends by itself."""
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
