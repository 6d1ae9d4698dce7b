"""Any gymnasium environment as a world, one copy of it for each life."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from lndp_envs import Lifetime
from torch import Tensor

from lndp_agents.spaces import Space

Env = gymnasium.Env[Any, Any]


class GymState(NamedTuple):
    """What the environments showed last; the environments themselves keep their state."""

    row: Tensor
    """(B,) int64: which environment."""
    observation: Tensor
    episode_start: Tensor
    is_over: Tensor
    """(B,) bool: where a life has ended; its environment stays as it is."""


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
        self._envs: list[Env] = []

    def reset(self, key: Tensor, task: Tensor | None = None) -> GymState:
        """Begin a life in each of B environments, seeded from the keys (B,)."""
        while len(self._envs) > len(key):
            self._envs.pop().close()
        self._envs += [self._make() for _ in range(len(key) - len(self._envs))]
        observations = [
            env.reset(seed=int(seed))[0] for env, seed in zip(self._envs, key & (2**31 - 1), strict=True)
        ]
        rows = torch.arange(len(key), device=key.device)
        observation = torch.as_tensor(np.array(observations), device=key.device)
        return GymState(rows, observation, rows >= 0, rows < 0)

    def step(self, state: GymState, action: Tensor) -> tuple[GymState, Tensor, Tensor]:
        """Step the environments of lives that go on."""
        actions, rows = action.cpu().numpy(), [int(row) for row in state.row.cpu()]
        seen, over = state.observation.cpu().numpy().copy(), state.is_over.cpu().numpy().copy()
        start, reward = np.zeros_like(over), np.zeros(len(over))
        for i in np.flatnonzero(~over):
            env: Env = self._envs[rows[i]]
            seen[i], reward[i], terminated, truncated, info = env.step(actions[i])
            start[i], over[i] = info.get("episode_start", False), terminated or truncated
        after = (torch.as_tensor(array, device=action.device) for array in (seen, start, over, reward))
        observation, episode_start, is_over, earned = after
        return GymState(state.row, observation, episode_start, is_over), earned, is_over

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
