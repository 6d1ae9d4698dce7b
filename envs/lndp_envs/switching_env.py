"""Classic control whose rules change without a sign, as environments of Gymnasium."""

import math
from typing import Any

from lndp_envs.cart_pole_reversal import CartPoleReversal
from lndp_envs.env import DynamicsEnv
from lndp_envs.life_render import CartPoleReversalRenderer, PendulumGoalSwitchRenderer
from lndp_envs.pendulum_goal_switch import PendulumGoalSwitch
from lndp_envs.vector_env import DynamicsVectorEnv


class PendulumGoalSwitchEnv(DynamicsEnv):
    """A pendulum that is rewarded now for being up and now for another angle.

    ## Description

    A rod hangs from a fixed point and is to be brought to the goal and held there with little torque. Every
    step moves it as Gymnasium's `Pendulum-v1` does. The goal is up or at the angle `target`; after every
    step, with probability `hazard`, it becomes the other one. Nothing in the observation tells: only the
    reward does. With the default hazard a life has two switches on average, far enough apart to swing up.

    The second goal is down by default. Gravity turns the rod with up to 5 N m and the torque is at most
    2 N m, so that no angle further than 24 degrees from up or down can be held; down is the one that needs
    the opposite behaviour: to brake a rod that without friction would swing on for ever.

    | player | mean return |
    |---|---|
    | told the goal | -330 |
    | takes the goal that the last reward tells | -340 |
    | always up | -960 |
    | any torque | -940 |

    Measured over 2,000 lives with the default arguments, with standard errors of 4 to 12; the first three
    plan on a grid of angles and velocities, so that these are not exact optima.

    ## Action Space

    `Box(-2, 2, (1,), float32)`: the torque in N m. What is larger is cut, as in Gymnasium.

    ## Observation Space

    `Box((3,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0, 1 | cosine and sine of the angle, 0 upright | -1 | 1 |
    | 2 | angular velocity, rad/s | -8 | 8 |

    ## Rewards

    `-(angle² + 0.1 velocity² + 0.001 torque²)`, the angle from the goal in [-pi, pi]; between -16.27 and 0.

    ## Starting State

    The angle is uniform in ±pi, the velocity in ±1. The goal is up (task 0) or the second one (task 1) with
    equal chances. `reset(options={"task": 0})` fixes the goal at birth.

    ## Episode End

    A life never terminates. It is truncated after 200 steps (`max_episode_steps` of the id).

    ## Information

    Nothing; with `reveal=True` `goal`: 0 up, 1 the second one.

    ## Arguments

    * `target` (pi): the second goal from upright, rad in [-pi, pi].
    * `hazard` (0.01): chance after every step that the goal changes.
    * `reveal` (False): see Information.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line of
      text.

    ## Version History

    * v0: first version.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 30}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self,
        *,
        target: float = math.pi,
        hazard: float = 0.01,
        reveal: bool = False,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(PendulumGoalSwitch(target, hazard, reveal), PendulumGoalSwitchRenderer, render_mode)


class CartPoleReversalEnv(DynamicsEnv):
    """A life of several episodes of CartPole; from one of them on, left is right and right is left.

    ## Description

    Everything is as in `lndp/CartPoleLife-v0`, but from a hidden episode on the two pushes go the other way.
    The first episode is always ordinary; which later one is the first with swapped pushes is a fair draw.
    Nothing in the observation tells: only what the cart does. What was right before lets the pole fall.

    ## Action Space

    `Discrete(2)`: 0 pushes the cart to the left, 1 to the right, with 10 N; the other way after the reversal.

    ## Observation Space

    `Box((4,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0 | cart position, m | -4.8 | 4.8 |
    | 1 | cart velocity, m/s | -inf | inf |
    | 2 | pole angle, rad | -0.418 | 0.418 |
    | 3 | pole angular velocity, rad/s | -inf | inf |

    ## Rewards

    1 for every step, also for the last of an inner episode. The return of a life is the sum over its
    episodes. The `reward_threshold` of the id is 475 for each episode, as that of Gymnasium's `CartPole-v1`.

    ## Starting State

    All four numbers are uniform in ±0.05, at the start of every inner episode. Task k, each as likely,
    swaps the pushes from inner episode k + 1 on (they are counted from 0). `reset(options={"task": k})` fixes
    it.

    ## Episode End

    An inner episode ends when the cart is more than 2.4 m away or the pole leans more than 12 degrees, or
    after `episode_steps` steps. The life terminates with the last of its inner episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun. With `reveal=True`
    also `swapped`, whether the pushes go the other way.

    ## Arguments

    * `episodes` (4): inner episodes of a life, at least 2.
    * `episode_steps` (500): most steps of one, at least 1.
    * `reveal` (False): see Information.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line of
      text.

    ## Version History

    * v0: first version.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 50}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self,
        *,
        episodes: int = 4,
        episode_steps: int = 500,
        reveal: bool = False,
        render_mode: str | None = None,
    ) -> None:
        dynamics = CartPoleReversal(episodes=episodes, episode_steps=episode_steps, reveal=reveal)
        super().__init__(dynamics, CartPoleReversalRenderer, render_mode)


class PendulumGoalSwitchVectorEnv(DynamicsVectorEnv):
    """Many :class:`PendulumGoalSwitchEnv` in one batch.

    Args:
        num_envs: how many.
        target: the second goal from upright, rad in [-pi, pi].
        hazard: chance after every step that the goal changes.
        reveal: put the goal into the info.
        **kwargs: the other arguments of :class:`DynamicsVectorEnv`.
    """

    metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 30}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self,
        num_envs: int = 1,
        *,
        target: float = math.pi,
        hazard: float = 0.01,
        reveal: bool = False,
        **kwargs: Any,
    ) -> None:
        dynamics = PendulumGoalSwitch(target, hazard, reveal)
        super().__init__(dynamics, num_envs, make_renderer=PendulumGoalSwitchRenderer, **kwargs)


class CartPoleReversalVectorEnv(DynamicsVectorEnv):
    """Many :class:`CartPoleReversalEnv` in one batch.

    Args:
        num_envs: how many.
        episodes: inner episodes of a life, at least 2.
        episode_steps: most steps of one, at least 1.
        reveal: put it into the info whether the pushes are swapped.
        **kwargs: the other arguments of :class:`DynamicsVectorEnv`.
    """

    metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 50}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self,
        num_envs: int = 1,
        *,
        episodes: int = 4,
        episode_steps: int = 500,
        reveal: bool = False,
        **kwargs: Any,
    ) -> None:
        dynamics = CartPoleReversal(episodes=episodes, episode_steps=episode_steps, reveal=reveal)
        super().__init__(dynamics, num_envs, make_renderer=CartPoleReversalRenderer, **kwargs)
