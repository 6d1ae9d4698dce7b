"""The list of worlds: what each id of the namespace ``lndp/`` is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lndp_envs.dynamics import Dynamics
from lndp_envs.foraging import Foraging


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
}


def make_dynamics(id: str, **kwargs: Any) -> tuple[Dynamics[Any], int | None]:
    """Make the task of an environment, to be run in batches without Gymnasium.

    Args:
        id: an id of this package.
        **kwargs: keyword arguments of the task, over those of the id.

    Returns:
        The task, and the number of steps of a life (None where it is not limited).

    Raises:
        ValueError: the id is not known, or an argument is out of its range.
        TypeError: the task has no argument of that name.
    """
    if id not in WORLDS:
        raise ValueError(f"{id!r} has no dynamics here; known are {', '.join(WORLDS)}")
    world = WORLDS[id]
    return world.make_dynamics(**(world.kwargs | kwargs)), world.max_episode_steps
