"""An existing environment, such as one that is drawn, as a world of one lifetime."""

from typing import Any

import gymnasium
import numpy as np
import torch
from lndp_envs import Lifetime
from lndp_envs.lifetime import LifetimeDynamics
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.environments import Env
from lndp_agents.rollout.gym_dynamics import GymDynamics, GymState
from lndp_agents.rollout.world import World
from lndp_agents.spaces import ObservationEncoding
from lndp_agents.spaces.kinds import is_sensed


class GivenEnv(GymDynamics):
    """One environment as dynamics of one row, to be reset once.

    Args:
        env: the environment, wrapped in `lndp_envs.SenseReward` or not; it is not closed.
        seed: of its reset.
    """

    def __init__(self, env: Env, seed: int | None) -> None:
        self._name, self._envs, self._seed = env_name(env), [env], seed
        self._see_spaces(env)

    def reset(self, key: Tensor | None = None, task: Tensor | None = None) -> GymState:
        """Begin the lifetime, with the seed that was given."""
        observation, self._info = self._envs[0].reset(seed=self._seed)
        seen = torch.as_tensor(self._numbers(observation)[None].astype(self._dtype))
        return GymState(torch.tensor([0]), seen, torch.tensor([True]), torch.tensor([False]))

    def info(self, state: GymState) -> dict[str, Tensor]:
        """Return the numbers of the newest `info`, (1,) each."""
        told = {name: np.asarray(value) for name, value in self._info.items()}
        numbers = {
            name: value for name, value in told.items() if not value.ndim and value.dtype.kind in "bif"
        }
        return {name: torch.as_tensor(value)[None] for name, value in numbers.items()}

    def _numbers(self, observation: Any) -> NDArray[Any]:
        is_sensed_one = is_sensed(self._envs[0].observation_space)
        return super()._numbers(observation["observation"] if is_sensed_one else observation)


def given_world(env: Env, seed: int | None, encoding: ObservationEncoding | None = None) -> World:
    """Return the world of an existing environment.

    Raises:
        ValueError: the encoding does not read its observations.
    """
    return World(env_name(env), GivenEnv(env, seed), lifetime_steps(env) or 0, 1, encoding)


def env_name(env: Env) -> str:
    """Return the id that an environment was made by, else the name of its class."""
    return env.spec.id if env.spec else type(env.unwrapped).__name__


def lifetime_steps(env: Env) -> int | None:
    """Return the largest number of steps of a lifetime, if the environment says so."""
    dynamics = getattr(env.unwrapped, "dynamics", None)
    if isinstance(dynamics, LifetimeDynamics):
        return dynamics.num_steps
    episodes, steps = 1, env.spec.max_episode_steps if env.spec else None
    while isinstance(env, gymnasium.Wrapper):
        episodes *= env.episodes if isinstance(env, Lifetime) else 1
        env = env.env
    return steps and episodes * steps
