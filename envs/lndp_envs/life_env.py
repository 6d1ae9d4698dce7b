"""Classic control in lives of several episodes, as environments of Gymnasium."""

from typing import Any

from lndp_envs.acrobot import Acrobot
from lndp_envs.cart_pole import CartPole
from lndp_envs.env import DynamicsEnv
from lndp_envs.life_render import LifeRenderer
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.pendulum import Pendulum
from lndp_envs.vector_env import DynamicsVectorEnv


def cart_pole_life(episodes: int = 3, episode_steps: int = 500) -> LifetimeDynamics[Any]:
    """Several episodes of CartPole as one life."""
    return LifetimeDynamics(CartPole(), episodes, episode_steps)


def acrobot_life(episodes: int = 3, episode_steps: int = 500) -> LifetimeDynamics[Any]:
    """Several episodes of Acrobot as one life."""
    return LifetimeDynamics(Acrobot(), episodes, episode_steps)


def pendulum_life(episodes: int = 3, episode_steps: int = 200) -> LifetimeDynamics[Any]:
    """Several episodes of Pendulum as one life."""
    return LifetimeDynamics(Pendulum(), episodes, episode_steps)


class CartPoleLifeEnv(DynamicsEnv):
    """A life of several episodes of CartPole.

    ## Description

    A pole stands on a cart; pushing the cart keeps it upright (Barto, Sutton and Anderson 1983). Every step
    is that of Gymnasium's `CartPole-v1`. Where an inner episode ends, the next begins in the same step, so
    that what is learned in one can be used in the next: the observation is then the first of the new episode.

    ## Action Space

    `Discrete(2)`: 0 pushes the cart to the left, 1 to the right, with 10 N.

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
    episodes.

    ## Starting State

    All four numbers are uniform in ±0.05, at the start of every inner episode.

    ## Episode End

    An inner episode ends when the cart is more than 2.4 m away or the pole leans more than 12 degrees, or
    after `episode_steps` steps. The life terminates with the last of its inner episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun.

    ## Arguments

    * `episodes` (3): inner episodes of a life, at least 1.
    * `episode_steps` (500): most steps of one, at least 1.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line
      of text.

    ## Version History

    * v0: first version.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 50}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self, *, episodes: int = 3, episode_steps: int = 500, render_mode: str | None = None
    ) -> None:
        super().__init__(cart_pole_life(episodes, episode_steps), LifeRenderer, render_mode)


class AcrobotLifeEnv(DynamicsEnv):
    """A life of several episodes of Acrobot.

    ## Description

    Two links hang from a fixed point; a torque on the joint between them swings the free end up (Sutton
    1996). Every step is that of Gymnasium's `Acrobot-v1`. Where an inner episode ends, the next begins in the
    same step, so that what is learned in one can be used in the next: the observation is then the first of
    the new episode.

    ## Action Space

    `Discrete(3)`: a torque of -1, 0 or 1 N m.

    ## Observation Space

    `Box((6,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0, 1 | cosine and sine of the first angle, 0 hanging down | -1 | 1 |
    | 2, 3 | cosine and sine of the second angle, relative to the first | -1 | 1 |
    | 4 | first angular velocity, rad/s | -12.57 | 12.57 |
    | 5 | second angular velocity, rad/s | -28.27 | 28.27 |

    ## Rewards

    -1 for every step, 0 for the one that reaches the height. The return of a life is the sum over its
    episodes.

    ## Starting State

    Both angles and both velocities are uniform in ±0.1, at the start of every inner episode.

    ## Episode End

    An inner episode ends when the free end is one link above the fixed point, or after `episode_steps` steps.
    The life terminates with the last of its inner episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun.

    ## Arguments

    * `episodes` (3): inner episodes of a life, at least 1.
    * `episode_steps` (500): most steps of one, at least 1.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line
      of text.

    ## Version History

    * v0: first version.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 15}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self, *, episodes: int = 3, episode_steps: int = 500, render_mode: str | None = None
    ) -> None:
        super().__init__(acrobot_life(episodes, episode_steps), LifeRenderer, render_mode)


class PendulumLifeEnv(DynamicsEnv):
    """A life of several episodes of Pendulum.

    ## Description

    A rod hangs from a fixed point and is to be swung up and held there with little torque. Every step is that
    of Gymnasium's `Pendulum-v1`. Where an inner episode ends, the next begins in the same step, so that what
    is learned in one can be used in the next: the observation is then the first of the new episode.

    ## Action Space

    `Box(-2, 2, (1,), float32)`: the torque in N m. What is larger is cut, as in Gymnasium.

    ## Observation Space

    `Box((3,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0, 1 | cosine and sine of the angle, 0 upright | -1 | 1 |
    | 2 | angular velocity, rad/s | -8 | 8 |

    ## Rewards

    `-(angle² + 0.1 velocity² + 0.001 torque²)`, the angle in [-pi, pi]; between -16.27 and 0. The return of a
    life is the sum over its episodes.

    ## Starting State

    The angle is uniform in ±pi, the velocity in ±1, at the start of every inner episode.

    ## Episode End

    An inner episode ends after `episode_steps` steps. The life terminates with the last of its inner
    episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun.

    ## Arguments

    * `episodes` (3): inner episodes of a life, at least 1.
    * `episode_steps` (200): most steps of one, at least 1.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line
      of text.

    ## Version History

    * v0: first version.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 30}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self, *, episodes: int = 3, episode_steps: int = 200, render_mode: str | None = None
    ) -> None:
        super().__init__(pendulum_life(episodes, episode_steps), LifeRenderer, render_mode)


class CartPoleLifeVectorEnv(DynamicsVectorEnv):
    """Many :class:`CartPoleLifeEnv` in one batch.

    Args:
        num_envs: how many.
        episodes: inner episodes of a life, at least 1.
        episode_steps: most steps of one, at least 1.
        **kwargs: the other arguments of :class:`DynamicsVectorEnv`.
    """

    metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 50}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self, num_envs: int = 1, *, episodes: int = 3, episode_steps: int = 500, **kwargs: Any
    ) -> None:
        super().__init__(
            cart_pole_life(episodes, episode_steps), num_envs, make_renderer=LifeRenderer, **kwargs
        )


class AcrobotLifeVectorEnv(DynamicsVectorEnv):
    """Many :class:`AcrobotLifeEnv` in one batch.

    Args:
        num_envs: how many.
        episodes: inner episodes of a life, at least 1.
        episode_steps: most steps of one, at least 1.
        **kwargs: the other arguments of :class:`DynamicsVectorEnv`.
    """

    metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 15}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self, num_envs: int = 1, *, episodes: int = 3, episode_steps: int = 500, **kwargs: Any
    ) -> None:
        super().__init__(
            acrobot_life(episodes, episode_steps), num_envs, make_renderer=LifeRenderer, **kwargs
        )


class PendulumLifeVectorEnv(DynamicsVectorEnv):
    """Many :class:`PendulumLifeEnv` in one batch.

    Args:
        num_envs: how many.
        episodes: inner episodes of a life, at least 1.
        episode_steps: most steps of one, at least 1.
        **kwargs: the other arguments of :class:`DynamicsVectorEnv`.
    """

    metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 30}  # noqa: RUF012 (as Gymnasium types it)

    def __init__(
        self, num_envs: int = 1, *, episodes: int = 3, episode_steps: int = 200, **kwargs: Any
    ) -> None:
        super().__init__(
            pendulum_life(episodes, episode_steps), num_envs, make_renderer=LifeRenderer, **kwargs
        )
