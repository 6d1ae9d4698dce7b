"""The list of worlds: what each id of the namespace ``lndp/`` is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gymnasium

from lndp_envs.acrobot import Acrobot
from lndp_envs.bandit import Bandit
from lndp_envs.cart_pole import CartPole
from lndp_envs.cart_pole_reversal import CartPoleReversal
from lndp_envs.dynamics import Dynamics
from lndp_envs.foraging import Foraging
from lndp_envs.life_env import acrobot_life, cart_pole_life, pendulum_life
from lndp_envs.pendulum import Pendulum
from lndp_envs.pendulum_goal_switch import PendulumGoalSwitch


@dataclass(frozen=True)
class World:
    """What an id stands for; the worlds without an entry point are Gymnasium's own."""

    make_dynamics: Callable[..., Dynamics[Any]]
    entry_point: str | None = None
    kwargs: dict[str, Any] = field(default_factory=dict[str, Any])
    max_episode_steps: int | None = None
    reward_threshold: float | None = None


_FORAGING = "lndp_envs.foraging_env:Foraging"
_LIFE = "lndp_envs.life_env:"
_BANDIT = "lndp_envs.bandit_env:Bandit"
_SWITCHING = "lndp_envs.switching_env:"

WORLDS: dict[str, World] = {
    # The threshold of foraging is the exact optimum, see foraging_optimum.py.
    "lndp/Foraging-v0": World(Foraging, _FORAGING, {}, 100, 490.0),
    "lndp/ForagingReversal-v0": World(Foraging, _FORAGING, {"switch_probability": 0.1}, 100, 4925 / 12),
    "lndp/ForagingSwitch-v0": World(Foraging, _FORAGING, {"switch_probability": 0.5}, 100, 248.7500000231197),
    # So is that of the bandit, see bandit_optimum.py.
    "lndp/Bandit-v0": World(Bandit, _BANDIT, {}, 200, 170.66830858),
    "lndp/PendulumGoalSwitch-v0": World(
        PendulumGoalSwitch, f"{_SWITCHING}PendulumGoalSwitch", max_episode_steps=200
    ),
    # The threshold of a life is that of Gymnasium's episode times its episodes.
    "lndp/CartPoleReversal-v0": World(
        CartPoleReversal, f"{_SWITCHING}CartPoleReversal", reward_threshold=4 * 475.0
    ),
    "lndp/CartPoleLife-v0": World(cart_pole_life, f"{_LIFE}CartPoleLife", reward_threshold=3 * 475.0),
    "lndp/AcrobotLife-v0": World(acrobot_life, f"{_LIFE}AcrobotLife", reward_threshold=3 * -100.0),
    "lndp/PendulumLife-v0": World(pendulum_life, f"{_LIFE}PendulumLife"),
    "CartPole-v1": World(CartPole, max_episode_steps=500),
    "Acrobot-v1": World(Acrobot, max_episode_steps=500),
    "Pendulum-v1": World(Pendulum, max_episode_steps=200),
}


def register_worlds() -> None:
    """Register the worlds of this package with Gymnasium, but not those that are registered already."""
    for env_id, world in WORLDS.items():
        if world.entry_point is not None and env_id not in gymnasium.registry:
            gymnasium.register(  # pyright: ignore[reportUnknownMemberType] (its dict is bare)
                env_id,
                entry_point=f"{world.entry_point}Env",
                vector_entry_point=f"{world.entry_point}VectorEnv",
                reward_threshold=world.reward_threshold,
                max_episode_steps=world.max_episode_steps,
                kwargs=dict(world.kwargs),
            )


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
    return dynamics, world.max_episode_steps or dynamics.num_steps
