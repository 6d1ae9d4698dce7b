"""Any gymnasium environment as a world, one copy of it for each life."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from gymnasium.vector import SyncVectorEnv
from lndp_envs import Lifetime
from torch import Tensor

from lndp_agents.spaces import Space

Env = gymnasium.Env[Any, Any]


class GymState(NamedTuple):
    """What the environments showed last; the environments themselves keep their state."""

    observation: Tensor
    episode_start: Tensor


class GymDynamics:
    """Environments that `lndp_envs` does not have in batches, stepped one by one.

    Unlike other dynamics it is not pure: its environments are stepped in place, those of the last reset.

    Args:
        environment: id that gymnasium knows.
        keywords: keyword arguments of the environment.
        episodes: episodes of a life.

    Raises:
        ValueError: gymnasium cannot make the environment, or it has no limit of steps.
        TypeError: a keyword does not fit.
    """

    num_tasks = 1

    def __init__(self, environment: str, keywords: Mapping[str, Any], episodes: int) -> None:
        self._id, self._keywords, self._episodes = environment, dict(keywords), episodes
        single = self._make()
        limit = single.spec.max_episode_steps if single.spec else None
        if limit is None:
            raise ValueError(
                f"environment {environment!r} has no limit of steps: register it with max_episode_steps"
            )
        self.steps: int = limit * episodes
        self.observation_space: Space = single.observation_space
        self.action_space: Space = single.action_space
        single.close()
        self._envs: SyncVectorEnv | None = None

    def reset(self, key: Tensor, task: Tensor | None = None) -> GymState:
        """Begin a life in each of B environments, seeded from the keys (B,)."""
        if self._envs is None or self._envs.num_envs != len(key):
            if self._envs is not None:
                self._envs.close()
            self._envs = SyncVectorEnv([self._make] * len(key))
        seeds: list[int | None] = [int(seed) for seed in key & (2**31 - 1)]
        observation, _ = self._envs.reset(seed=seeds)
        return self._state(observation, np.ones(len(key), dtype=np.bool_))

    def step(self, state: GymState, action: Tensor) -> tuple[GymState, Tensor, Tensor]:
        """Step every environment; those whose life is over may go on, which nobody looks at."""
        assert self._envs is not None
        observation, reward, terminated, truncated, info = self._envs.step(action.cpu().numpy())
        start = info.get("episode_start", np.zeros(len(reward), dtype=np.bool_))
        after = self._state(observation, np.asarray(start, dtype=np.bool_))
        return after, torch.as_tensor(reward.astype(np.float64)), torch.as_tensor(terminated | truncated)

    def observe(self, state: GymState) -> Tensor:
        """(B, *shape): the last observations."""
        return state.observation

    def episode_start(self, state: GymState) -> Tensor:
        """(B,) bool: where an episode of the life begins."""
        return state.episode_start

    def info(self, state: GymState) -> dict[str, Tensor]:
        """Nothing more is known."""
        return {}

    def _make(self) -> Env:
        try:
            env: Env = gymnasium.make(self._id, **self._keywords)
        except gymnasium.error.Error as error:
            text = str(error).rstrip(".")
            raise ValueError(f"environment {self._id!r}: {text}; see `lndp envs`") from error
        return Lifetime(env, self._episodes) if self._episodes > 1 else env

    @staticmethod
    def _state(observation: Any, episode_start: Any) -> GymState:
        """A copy of what the environments showed: they use their memory again."""
        return GymState(torch.as_tensor(np.array(observation)), torch.as_tensor(episode_start))
