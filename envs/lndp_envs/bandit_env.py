"""The bandit environment of Gymnasium."""

from typing import Any

from lndp_envs.bandit import Bandit
from lndp_envs.bandit_render import BanditRenderer
from lndp_envs.env import DynamicsEnv
from lndp_envs.picture import FRAMES_PER_SECOND
from lndp_envs.vector_env import DynamicsVectorEnv


class BanditEnv(DynamicsEnv):
    """A player pulls one of several arms, again and again; one pays often, and it changes which.

    ## Description

    A restless bandit, the reversal task of the laboratory. One arm is good: it pays with `good_probability`,
    the others with `bad_probability`. After every pull, with probability `hazard`, another arm becomes the
    good one, drawn uniformly from the others. Nothing in the observation tells: only the rewards do. One
    episode is one *life* of 200 pulls, with four changes on average. Which arm is good at birth is a fair
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

    A life never terminates. It is truncated after 200 steps (`max_episode_steps` of the id).

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

    metadata = {  # noqa: RUF012 (as Gymnasium types it)
        "render_modes": ["human", "rgb_array", "ansi"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        *,
        arms: int = 2,
        good_probability: float = 0.9,
        bad_probability: float = 0.1,
        hazard: float = 0.02,
        reveal: bool = False,
        render_mode: str | None = None,
    ) -> None:
        dynamics = Bandit(arms, good_probability, bad_probability, hazard, reveal)
        super().__init__(dynamics, BanditRenderer, render_mode)


class BanditVectorEnv(DynamicsVectorEnv):
    """Many :class:`BanditEnv` in one batch, with the same arguments.

    Args:
        num_envs: how many.
        arms: see :class:`BanditEnv`, as the next four.
        good_probability: see there.
        bad_probability: see there.
        hazard: see there.
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
        arms: int = 2,
        good_probability: float = 0.9,
        bad_probability: float = 0.1,
        hazard: float = 0.02,
        reveal: bool = False,
        **kwargs: Any,
    ) -> None:
        dynamics = Bandit(arms, good_probability, bad_probability, hazard, reveal)
        super().__init__(dynamics, num_envs, make_renderer=BanditRenderer, **kwargs)
