"""Foraging, the paper's task of finding food that may move (Plantec et al. 2024, arXiv 2406.09787)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from gymnasium.spaces import Box, Discrete

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode, draw_task
from lndp_envs.kinds import Space
from lndp_envs.randomness import fold
from lndp_envs.schedule import check_probability, strikes

RIGHT, LEFT, STAY = range(3)
FOOD_REWARD = 10.0

Observation = Literal["position", "one_hot"]


class ForagingState(NamedTuple):
    """B foragers; every field has shape (B,) and dtype int64."""

    key: Array
    """The randomness of the lifetime's food switches."""
    position: Array
    """The forager's cell, 0 on the left."""
    food: Array
    """The hidden food side: 0 right, 1 left (the context of the lifetime is the side at birth)."""
    trial: Array
    """Trials finished so far."""
    trial_step: Array
    """Steps taken in this trial."""


@dataclass(frozen=True)
class Foraging(OneEpisode):
    r"""A forager in a corridor looks for hidden food, again and again, and must remember where it was.

    ## Description

    This is the foraging task of Plantec et al., "Evolving self-assembling neural networks: from spontaneous
    activity to experience-dependent learning" (arXiv 2406.09787). The forager starts in the middle of a
    corridor of `size` cells. Food is hidden at one end. A *trial* ends when the forager is on the food or
    after `trial_steps` steps; the forager is then put back into the middle, and the food changes ends with
    probability `switch_probability`. One episode is one *lifetime* of many trials. The side of the
    food at birth is a fair coin.

    Nothing in the observation tells the side: only the reward does. A forager that remembers it goes straight
    to it.

    | id | `switch_probability` | best possible | first right, then left | always one side | random walk |
    |---|---|---|---|---|---|
    | `lndp/Foraging-v0` | 0 | 490 | 330 | 250 | 60.08 |
    | `lndp/ForagingReversal-v0` | 0.1 | 410.42 | 258.47 | 108.23 | 60.08 |
    | `lndp/ForagingSwitch-v0` | 0.5 | 248.75 | 248.75 | 86.11 | 60.08 |

    These are exact means of the return of a lifetime of 100 steps, see `lndp_envs.foraging_optimum`. The best
    possible is the `reward_threshold` of the id; with 0.5 there is nothing to remember.

    ## Action Space

    `Discrete(3)`

    | action | move |
    |---|---|
    | 0 | one cell to the right |
    | 1 | one cell to the left |
    | 2 | stay |

    A move against a wall stays.

    ## Observation Space

    `Box(0, size - 1, (1,), float32)`: the cell of the forager, counted from 0 on the left.
    With `observation="one_hot"`: `Box(0, 1, (size,), float32)`, 1 at the cell of the forager.

    ## Rewards

    10 for a step onto the food, else 0. With `dense_reward=True`, a step away from the food pays minus the
    distance to it, in cells.

    ## Starting State

    The forager is in the middle, the food is right (context 0) or left (context 1) with equal chances.
    `reset(options={"task": 0})` fixes the side at birth.

    ## Episode End

    A lifetime never terminates. It is truncated after 100 steps (`max_episode_steps` of the id).

    ## Information

    `trial`: trials finished so far. `trial_start`: whether a trial has just begun. With `reveal=True` also
    `food`, the side of the food: 0 right, 1 left.

    ## Arguments

    * `size` (5): cells of the corridor, odd, at least 3.
    * `trial_steps` (10): most steps of a trial, at least `size // 2`.
    * `switch_probability` (0, or that of the id): chance that the food changes ends after a trial.
    * `dense_reward` (False): see Rewards.
    * `observation` ("position"): see Observation Space.
    * `reveal` (False): see Information.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line of
      text.

    ## Version History

    * v0: first version.
    """

    size: int = 5
    trial_steps: int = 10
    switch_probability: float = 0.0
    dense_reward: bool = False
    observation: Observation = "position"
    reveal: bool = False

    def __post_init__(self) -> None:
        if self.size < 3 or self.size % 2 == 0:
            raise ValueError(
                f"size is {self.size}, but a corridor with a middle has an odd number of cells, at least 3"
            )
        if self.trial_steps < self.size // 2:
            raise ValueError(
                f"trial_steps is {self.trial_steps}, but the food is {self.size // 2} steps away"
            )
        check_probability("switch_probability", self.switch_probability)
        if self.observation not in get_args(Observation):
            raise ValueError(
                f"observation is {self.observation!r}, but it must be one of {get_args(Observation)}"
            )

    @property
    def start(self) -> int:
        """The middle cell."""
        return self.size // 2

    @property
    def num_tasks(self) -> int:
        """Number of contexts, 2: the food is on the right (0) or on the left (1) at birth."""
        return 2

    @property
    def observation_space(self) -> Space:
        """The cell in [0, size - 1], shape (1,); or ``size`` inputs of 0 and 1."""
        if self.observation == "one_hot":
            return Box(0.0, 1.0, (self.size,), np.float32)
        return Box(0.0, float(self.size - 1), (1,), np.float32)

    @property
    def action_space(self) -> Space:
        """0 right, 1 left, 2 stay."""
        return Discrete(3)

    def reset(self, key: Array, task: Array | None = None) -> ForagingState:
        """Put every forager into the middle and the food on the side that ``task`` says."""
        xp = namespace(key)
        food = draw_task(fold(key, 0), self.num_tasks) if task is None else task
        zero = xp.zeros_like(key)
        return ForagingState(fold(key, 1), zero + self.start, zero + food, zero, zero)

    def step(self, state: ForagingState, action: Array) -> tuple[ForagingState, Array, Array]:
        """Move, pay, and begin the next trial where this one ended; a lifetime never ends by itself."""
        xp = namespace(state.position)
        move = xp.astype(action == RIGHT, xp.int64) - xp.astype(action == LEFT, xp.int64)
        position = xp.clip(state.position + move, 0, self.size - 1)
        trial_step = state.trial_step + 1
        distance = xp.abs(position - self.food_cell(state))
        is_fed = distance == 0
        is_over = is_fed | (trial_step == self.trial_steps)
        reward = xp.astype(is_fed, xp.float64) * FOOD_REWARD
        if self.dense_reward:
            reward = reward - xp.astype(distance, xp.float64)
        after = ForagingState(
            key=state.key,
            position=xp.where(is_over, self.start, position),
            food=xp.where(is_over, self._food_of_next_trial(state), state.food),
            trial=state.trial + xp.astype(is_over, xp.int64),
            trial_step=xp.where(is_over, 0, trial_step),
        )
        return after, reward, xp.zeros_like(is_fed)

    def observe(self, state: ForagingState) -> Array:
        """The forager's cell: (B, 1) float32, or one-hot (B, size) float32. It says nothing of the food."""
        xp = namespace(state.position)
        position = state.position[:, None]
        if self.observation == "one_hot":
            position = position == xp.arange(self.size, device=position.device)
        return xp.astype(position, xp.float32)

    def episode_start(self, state: ForagingState) -> Array:
        """(B,) bool: True at birth. A trial is not an episode."""
        return (state.trial == 0) & (state.trial_step == 0)

    def info(self, state: ForagingState) -> dict[str, Array]:
        """``trial`` (how many are done), ``trial_start``, and with ``reveal`` the side of the ``food``."""
        info = {"trial": state.trial + 0, "trial_start": state.trial_step == 0}
        return info | self.hidden(state) if self.reveal else info

    def hidden(self, state: ForagingState) -> dict[str, Array]:
        """The side of the ``food``."""
        return {"food": state.food + 0}

    def food_cell(self, state: ForagingState) -> Array:
        """The cell of the food, (B,) int64: the right end or the left end."""
        return (self.size - 1) * (1 - state.food)

    def _food_of_next_trial(self, state: ForagingState) -> Array:
        """The side after this trial: drawn from the key and the trial's number alone."""
        if self.switch_probability == 0.0:
            return state.food
        xp = namespace(state.food)
        switches = strikes(state.key, state.trial, self.switch_probability)
        return state.food ^ xp.astype(switches, xp.int64)
