"""Any gymnasium environment as a world, one copy of it for each life."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from torch import Tensor

from lndp_agents.spaces import Space


class GymState(NamedTuple):
    """What the environments showed last; the environments themselves keep their state."""

    observation: Tensor
    episode_start: Tensor


class GymDynamics:
    """Environments that `lndp_envs` does not have in batches, stepped by gymnasium's vector API.

    Unlike other dynamics it is not pure: its environments are made anew at each reset and stepped in place.

    Raises:
        ValueError: gymnasium does not know the id, or the environment has no limit of steps.
    """

    num_tasks = 1

    def __init__(self, environment: str, keywords: Mapping[str, Any], episodes: int) -> None:
        self._id, self._keywords, self._episodes = environment, dict(keywords), episodes
        try:
            single = gymnasium.make(environment, **self._keywords)
        except gymnasium.error.Error as error:
            raise ValueError(f"environment {environment!r}: {error}; see `lndp envs`") from error
        limit = single.spec.max_episode_steps if single.spec else None
        if limit is None:
            raise ValueError(f"environment {environment!r} has no limit of steps: register it with max_episode_steps")
        self.steps: int = limit * episodes
        self.observation_space: Space = single.observation_space
        self.action_space: Space = single.action_space
        single.close()
        self._envs: gymnasium.vector.VectorEnv[Any, Any, Any] | None = None

    def reset(self, key: Tensor, task: Tensor | None = None) -> GymState:
        """Begin a life in each of B environments, seeded from the keys (B,)."""
        if self._envs is None or self._envs.num_envs != len(key):
            self.close()
            self._envs = gymnasium.make_vec(
                self._id, len(key), vectorization_mode="sync", wrappers=[self._as_life], **self._keywords
            )
        seeds = [int(seed) for seed in (key & (2**31 - 1)).tolist()]
        observation, _ = self._envs.reset(seed=seeds)
        return GymState(torch.as_tensor(np.array(observation)), torch.ones(len(key), dtype=torch.bool))

    def step(self, state: GymState, action: Tensor) -> tuple[GymState, Tensor, Tensor]:
        """Step every environment; those whose life is over may go on, which nobody looks at."""
        assert self._envs is not None
        observation, reward, terminated, truncated, info = self._envs.step(action.cpu().numpy())
        start = torch.as_tensor(np.array(info.get("episode_start", np.zeros(len(reward), dtype=bool)), dtype=bool))
        after = GymState(torch.as_tensor(np.array(observation)), start)
        return after, torch.as_tensor(np.array(reward, dtype=np.float64)), torch.as_tensor(terminated | truncated)

    def observe(self, state: GymState) -> Tensor:
        """(B, *shape): the last observations."""
        return state.observation

    def episode_start(self, state: GymState) -> Tensor:
        """(B,) bool: where an episode of the life begins."""
        return state.episode_start

    def info(self, state: GymState) -> dict[str, Tensor]:
        """Nothing more is known."""
        return {}

    def close(self) -> None:
        """Close the environments."""
        if self._envs is not None:
            self._envs.close()
            self._envs = None

    def _as_life(self, env: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        from lndp_envs import Lifetime

        return Lifetime(env, self._episodes) if self._episodes > 1 else env
