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
        seeds: list[int] = (key & (2**31 - 1)).tolist()
        observations = [env.reset(seed=seed)[0] for env, seed in zip(self._envs, seeds, strict=True)]
        rows = torch.arange(len(key))
        return GymState(
            rows, _stacked(observations), torch.ones_like(rows).bool(), torch.zeros_like(rows).bool()
        )

    def step(self, state: GymState, action: Tensor) -> tuple[GymState, Tensor, Tensor]:
        """Step the environments of lives that go on."""
        actions, observation = action.cpu().numpy(), state.observation.clone()
        start, over = torch.zeros_like(state.is_over), state.is_over.clone()
        reward = torch.zeros(len(over), dtype=torch.float64)
        for i in (~over).nonzero()[:, 0].tolist():
            seen, earned, terminated, truncated, info = self._envs[int(state.row[i])].step(actions[i])
            observation[i] = torch.as_tensor(np.asarray(seen))
            reward[i] = float(earned)
            start[i] = bool(info.get("episode_start", False))
            over[i] = terminated or truncated
        return GymState(state.row, observation, start, over), reward, over.clone()

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


def _stacked(observations: list[Any]) -> Tensor:
    """A copy of what the environments showed: they use their memory again."""
    return torch.as_tensor(np.array(observations))
