"""The foraging environments of Gymnasium."""

from typing import Any

from lndp_envs.env import DynamicsEnv
from lndp_envs.foraging import Foraging, Observation
from lndp_envs.foraging_render import ForagingRenderer
from lndp_envs.picture import FRAMES_PER_SECOND
from lndp_envs.vector_env import DynamicsVectorEnv


class ForagingEnv(DynamicsEnv):
    r"""A forager in a corridor looks for hidden food, again and again, and must remember where it was.

    ## Description

    This is the foraging task of Plantec et al., "Evolving self-assembling neural networks: from spontaneous
    activity to experience-dependent learning" (arXiv 2406.09787). The forager starts in the middle of a
    corridor of `size` cells. Food is hidden at one end. A *trial* ends when the forager is on the food or
    after `trial_steps` steps; the forager is then put back into the middle, and the food changes ends with
    probability `switch_probability`. One episode is one *life* of many trials. The side of the food at birth
    is a fair coin.

    Nothing in the observation tells the side: only the reward does. A forager that remembers it goes straight
    to it.

    | id | `switch_probability` | best possible | first right, then left | always one side | random walk |
    |---|---|---|---|---|---|
    | `lndp/Foraging-v0` | 0 | 490 | 330 | 250 | 60.08 |
    | `lndp/ForagingReversal-v0` | 0.1 | 410.42 | 258.47 | 108.23 | 60.08 |
    | `lndp/ForagingSwitch-v0` | 0.5 | 248.75 | 248.75 | 86.11 | 60.08 |

    These are exact means of the return of a life of 100 steps, see `lndp_envs.foraging_optimum`. The best
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

    The forager is in the middle, the food is right (task 0) or left (task 1) with equal chances.
    `reset(options={"task": 0})` fixes the side at birth.

    ## Episode End

    A life never terminates. It is truncated after 100 steps (`max_episode_steps` of the id).

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

    metadata = {  # noqa: RUF012 (as Gymnasium types it)
        "render_modes": ["human", "rgb_array", "ansi"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        *,
        size: int = 5,
        trial_steps: int = 10,
        switch_probability: float = 0.0,
        dense_reward: bool = False,
        observation: Observation = "position",
        reveal: bool = False,
        render_mode: str | None = None,
    ) -> None:
        dynamics = Foraging(size, trial_steps, switch_probability, dense_reward, observation, reveal)
        super().__init__(dynamics, ForagingRenderer, render_mode)


class ForagingVectorEnv(DynamicsVectorEnv):
    """Many :class:`ForagingEnv` in one batch, with the same arguments.

    Args:
        num_envs: how many.
        size: see :class:`ForagingEnv`, as the next five.
        trial_steps: see there.
        switch_probability: see there.
        dense_reward: see there.
        observation: see there.
        reveal: see there.
        **kwargs: the other arguments of :class:`DynamicsVectorEnv`.
    """

    metadata = {  # noqa: RUF012 (as Gymnasium types it)
        "render_modes": ["rgb_array", "ansi"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        num_envs: int = 1,
        *,
        size: int = 5,
        trial_steps: int = 10,
        switch_probability: float = 0.0,
        dense_reward: bool = False,
        observation: Observation = "position",
        reveal: bool = False,
        **kwargs: Any,
    ) -> None:
        dynamics = Foraging(size, trial_steps, switch_probability, dense_reward, observation, reveal)
        super().__init__(dynamics, num_envs, make_renderer=ForagingRenderer, **kwargs)
