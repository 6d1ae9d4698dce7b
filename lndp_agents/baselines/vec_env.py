"""Environments for stable-baselines3: batches of our own worlds, and its loop over any others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import TransformObservation
from lndp_envs import SenseReward
from lndp_envs.vector_env import DynamicsVectorEnv
from lndp_envs.wrappers import sensed_space
from numpy.typing import NDArray

from lndp_agents.environments import Env, make_env
from lndp_agents.rollout import make_world
from lndp_agents.rollout.gym_dynamics import GymDynamics
from lndp_agents.rollout.sensing import array_encoding, sense_reward
from lndp_agents.spaces import plain_space, to_numbers
from lndp_agents.validation import shorten

try:
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
except ModuleNotFoundError as error:
    raise ImportError('baselines need stable-baselines3: pip install "lndp-agents[compare]"') from error

_ACTIONS = (Box, Discrete, MultiDiscrete, MultiBinary)
Infos = list[dict[str, Any]]
Indices = None | int | Iterable[int]


def make_vec_env(
    environment: str, keywords: Mapping[str, Any], num_envs: int, seed: int, episodes: int = 1
) -> VecEnv:
    """Return environments for a learner of stable-baselines3, with the observations of `SenseReward`.

    An observation of several parts is one array there, that of `array_encoding`.

    Args:
        environment: name of the environment, as `lndp_agents.rollout.world.make_world` takes it.
        keywords: keyword arguments of the environment.
        num_envs: how many.
        seed: of the first reset; environment i has the seed plus i.
        episodes: episodes of a lifetime, for environments that have no lifetimes of their own.

    Returns:
        A batch where `lndp_envs` has the world in batches, else a loop.

    Raises:
        ValueError: the environment is unknown, a keyword does not fit, or stable-baselines3 does not give its
            actions.
    """
    world = make_world(environment, keywords, episodes, None)
    dynamics = world.dynamics
    if not isinstance(dynamics.action_space, _ACTIONS):
        raise ValueError(
            f"{environment} takes actions {shorten(dynamics.action_space)}, which stable-baselines3 does not "
            "give: leave its learners out"
        )
    if isinstance(dynamics, GymDynamics):

        def make() -> gymnasium.Env[Any, Any]:
            return SenseReward(_as_array(make_env(environment, keywords, episodes)))

        envs: VecEnv = DummyVecEnv([make] * num_envs)
    else:
        envs = BatchedVecEnv(
            DynamicsVectorEnv(
                dynamics, num_envs, max_episode_steps=world.num_steps, autoreset_mode=AutoresetMode.SAME_STEP
            )
        )
    envs.seed(seed)
    return envs


def _as_array(env: Env) -> Env:
    """Return the environment, its observations encoded if they have several parts."""
    encoding = array_encoding(env.observation_space)
    if encoding is None:
        return env
    space = plain_space(env.observation_space)

    def encode(observation: Any) -> NDArray[np.float32]:
        return encoding.encode(torch.as_tensor(to_numbers(space, observation))).numpy()

    return TransformObservation(env, encode, Box(-np.inf, np.inf, (encoding.size,), np.float32))


class BatchedVecEnv(VecEnv):
    """One of our vector environments with the interface of stable-baselines3.

    Step by step it is `DummyVecEnv` over `SenseReward` environments: observations, rewards, ends, infos (with
    `terminal_observation` and `TimeLimit.truncated`) and `reset_infos`, at a fraction of the time. One
    environment of a batch is no object, so nothing can be set or called on it alone.

    Args:
        envs: the vector environment, of the autoreset mode SAME_STEP.

    Raises:
        ValueError: it has another mode.
    """

    def __init__(self, envs: DynamicsVectorEnv) -> None:
        if envs.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                f"autoreset_mode is {envs.autoreset_mode.value}: make the environments with "
                'autoreset_mode="SameStep"'
            )
        self.envs = envs
        space = sensed_space(envs.dynamics.observation_space)
        self._shared: dict[str, Any] = {
            "observation_space": space,
            "action_space": envs.dynamics.action_space,
            "dynamics": envs.dynamics,
            "metadata": envs.metadata,
            "render_mode": envs.render_mode,
            "spec": envs.spec,
        }
        super().__init__(  # pyright: ignore[reportUnknownMemberType] (its spaces are bare)
            envs.num_envs, space, envs.dynamics.action_space
        )
        self.metadata = envs.metadata
        self._actions: Any = None

    def reset(self) -> dict[str, NDArray[Any]]:
        """Begin a lifetime in every environment, with the seeds and options that were set before."""
        observations, infos = self.envs.reset(seed=self._seeds, options=_joint_options(self._options))
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = _rows(infos, self.num_envs)
        everywhere = np.ones(self.num_envs, np.bool_)
        return sense_reward(observations, np.zeros(self.num_envs), everywhere)

    def step_async(self, actions: Any) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32], NDArray[np.bool_], Infos]:
        """Take one step in every environment; where a lifetime ends, the next begins."""
        observations, rewards, terminated, truncated, infos = self.envs.step(self._actions)
        dones = np.asarray(terminated | truncated)
        final, final_info = infos.pop("final_obs", None), infos.pop("final_info", {})
        rows = _rows(infos, self.num_envs)
        if dones.any():
            self._end_lives(
                np.flatnonzero(dones).tolist(), rows, final, rewards, _rows(final_info, self.num_envs)
            )
        for row, is_cut in zip(rows, (truncated & ~terminated).tolist(), strict=True):
            row["TimeLimit.truncated"] = is_cut
        starts = dones | infos.get("episode_start", False)
        return sense_reward(observations, rewards, starts), rewards.astype(np.float32), dones, rows

    def close(self) -> None:
        """Close the renderers."""
        self.envs.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Return a frame of each environment."""
        return self.envs.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """Return what the environments share: spaces, dynamics, metadata, render mode and spec.

        Raises:
            AttributeError: it is something else.
        """
        if attr_name not in self._shared:
            raise AttributeError(
                f"the environments of a batch share {', '.join(self._shared)}, no {attr_name!r}"
            )
        return [self._shared[attr_name] for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Refuse: the environments are one batch.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{attr_name!r} cannot be set in environments of a batch: use DummyVecEnv")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Refuse: the environments are one batch.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"{method_name!r} cannot be called on environments of a batch: use DummyVecEnv"
        )

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Indices = None
    ) -> list[bool]:
        """Return whether the environments behave as if wrapped; true for `SenseReward` alone."""
        return [issubclass(SenseReward, wrapper_class) for _ in self._get_indices(indices)]

    def _end_lives(
        self, ended: list[int], rows: Infos, final: Any, rewards: NDArray[np.float64], infos: Infos
    ) -> None:
        """Put the last infos and observations of ended lifetimes into `rows`, which has those of new ones."""
        for row in ended:
            self.reset_infos[row] = rows[row]
            start = np.array([infos[row].get("episode_start", False)], np.bool_)
            last = sense_reward(final[row][None], rewards[row : row + 1], start)
            rows[row] = infos[row] | {"terminal_observation": {name: part[0] for name, part in last.items()}}


def _rows(infos: dict[str, Any], num_rows: int) -> Infos:
    """Return the infos of a vector environment, one dict with Python scalars for each environment."""
    names = [name for name in infos if not name.startswith("_")]
    columns = [infos[name].tolist() for name in names]
    return (
        [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        if names
        else [{} for _ in range(num_rows)]
    )


def _joint_options(options: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the options of all environments in one, as the vector environment takes them.

    Raises:
        ValueError: some have a task and some have none.
    """
    if not any(options):
        return None
    if not all(set(own) == {"task"} for own in options):
        raise ValueError(f"options are {shorten(options)}: give a 'task' to every environment, or to none")
    return {"task": np.array([own["task"] for own in options])}
