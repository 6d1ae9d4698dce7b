"""The list of worlds: what each id of the namespace ``lndp/`` is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lndp_envs.acrobot import Acrobot
from lndp_envs.cart_pole import CartPole
from lndp_envs.dynamics import Dynamics
from lndp_envs.foraging import Foraging
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.pendulum import Pendulum


def cart_pole_life(episodes: int = 3, episode_steps: int = 500) -> LifetimeDynamics[Any]:
    """Several episodes of CartPole as one life."""
    return LifetimeDynamics(CartPole(), episodes, episode_steps)


def acrobot_life(episodes: int = 3, episode_steps: int = 500) -> LifetimeDynamics[Any]:
    """Several episodes of Acrobot as one life."""
    return LifetimeDynamics(Acrobot(), episodes, episode_steps)


def pendulum_life(episodes: int = 3, episode_steps: int = 200) -> LifetimeDynamics[Any]:
    """Several episodes of Pendulum as one life."""
    return LifetimeDynamics(Pendulum(), episodes, episode_steps)


@dataclass(frozen=True)
class World:
    """What an id stands for."""

    make_dynamics: Callable[..., Dynamics[Any]]
    max_episode_steps: int | None = None
    kwargs: dict[str, Any] = field(default_factory=dict[str, Any])


WORLDS: dict[str, World] = {
    "lndp/Foraging-v0": World(Foraging, 100),
    "lndp/ForagingReversal-v0": World(Foraging, 100, {"switch_probability": 0.1}),
    "lndp/ForagingSwitch-v0": World(Foraging, 100, {"switch_probability": 0.5}),
    "lndp/CartPoleLife-v0": World(cart_pole_life),
    "lndp/AcrobotLife-v0": World(acrobot_life),
    "lndp/PendulumLife-v0": World(pendulum_life),
    "CartPole-v1": World(CartPole, 500),
    "Acrobot-v1": World(Acrobot, 500),
    "Pendulum-v1": World(Pendulum, 200),
}


def make_dynamics(env_id: str, **kwargs: Any) -> tuple[Dynamics[Any], int | None]:
    """Make the task of an environment, to be run in batches without Gymnasium.

    Args:
        env_id: an id of this package, or one of Gymnasium's that it has in batches.
        **kwargs: keyword arguments of the task, over those of the id.

    Returns:
        The task, and the most steps of a life.

    Raises:
        ValueError: the id is not known, or an argument is out of its range.
        TypeError: the task has no argument of that name.
    """
    if env_id not in WORLDS:
        raise ValueError(f"{env_id!r} has no dynamics here; known are {', '.join(WORLDS)}")
    world = WORLDS[env_id]
    dynamics = world.make_dynamics(**(world.kwargs | kwargs))
    return dynamics, world.max_episode_steps or getattr(dynamics, "num_steps", None)
