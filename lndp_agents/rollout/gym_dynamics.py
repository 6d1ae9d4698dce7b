"""Any gymnasium environment as dynamics, one copy of it for each lifetime."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from lndp_envs.dynamics import OneEpisode
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.environments import DEFAULT_STEPS, Env, episode_limit, make_env
from lndp_agents.notes import note
from lndp_agents.spaces import Space, from_numbers, is_array, plain_space, to_numbers
from lndp_agents.spaces.kinds import is_discrete
from lndp_agents.spaces.rows import row_shape, unread


class GymState(NamedTuple):
    """The newest observations; the environments themselves keep their state."""

    row: Tensor
    """(B,) int64: the index of the environment."""
    observation: Tensor
    """(B, *shape), or (B, F) where the space has several parts (see `spaces.rows`)."""
    episode_start: Tensor
    is_over: Tensor
    """(B,) bool: which lifetimes have ended; their environments stay as they are."""


class GymDynamics(OneEpisode):
    """Environments that `lndp_envs` does not have in batches, stepped one by one.

    Unlike other dynamics it is not pure: the environments of the last reset are stepped in place. One whose
    lifetime has ended is not stepped before the next reset. Observations outside of their space are taken as
    they are, but for their shape; an agent reads NaN as 0 (see `spaces.as_finite`). A reward that is not
    finite makes the score of its lifetime not finite either, and the genome the worst of its generation. Both
    are noted once.

    Args:
        environment: name of the environment, see `lndp_agents.environments`.
        keywords: its keyword arguments, and `max_episode_steps`.
        episodes: number of episodes of a lifetime.

    Raises:
        ValueError: the environment cannot be made, or its observations have no fixed size or no numbers.
        WorldError: it raised something.
    """

    num_tasks = 1
    _info: Mapping[str, Any] = {}
    """The `info` of the newest step of an environment."""

    def __init__(self, environment: str, keywords: Mapping[str, Any], episodes: int) -> None:
        self._name, self._keywords, self._episodes = environment, dict(keywords), episodes
        single = self._make()
        self.num_steps = (episode_limit(single) or DEFAULT_STEPS) * episodes
        self._see_spaces(single)
        if names := unread(self.observation_space):
            note(f"{environment}: agents do not read {', '.join(names)}, which holds no numbers")
        single.close()
        self._envs: list[Env] = []

    def reset(self, key: Tensor, task: Tensor | None = None) -> GymState:
        """Begin a lifetime in each of B environments, seeded from the keys (B,)."""
        while len(self._envs) > len(key):
            self._envs.pop().close()
        self._envs += [self._make() for _ in range(len(key) - len(self._envs))]
        observations = [
            self._numbers(env.reset(seed=int(seed))[0])
            for env, seed in zip(self._envs, key & (2**31 - 1), strict=True)
        ]
        rows = torch.arange(len(key), device=key.device)
        observation = torch.as_tensor(np.array(observations, self._dtype), device=key.device)
        return GymState(rows, observation, rows >= 0, rows < 0)

    def step(self, state: GymState, action: Tensor) -> tuple[GymState, Tensor, Tensor]:
        """Step the environments whose lifetimes go on."""
        actions, rows = action.cpu().numpy(), [int(row) for row in state.row.cpu()]
        seen, over = state.observation.cpu().numpy().copy(), state.is_over.cpu().numpy().copy()
        start, reward = np.zeros_like(over), np.zeros(len(over))
        for i in np.flatnonzero(~over):
            env: Env = self._envs[rows[i]]
            own = actions[i] if is_array(self.action_space) else from_numbers(self.action_space, actions[i])
            observation, reward[i], terminated, truncated, info = env.step(own)
            self._info = info
            seen[i] = self._numbers(observation)
            start[i], over[i] = info.get("episode_start", False), terminated or truncated
        self._note_what_is_not_finite(seen, reward)
        after = (torch.as_tensor(array, device=action.device) for array in (seen, start, over, reward))
        observation, episode_start, is_over, earned = after
        return GymState(state.row, observation, episode_start, is_over), earned, is_over

    def observe(self, state: GymState) -> Tensor:
        """Return the newest observations (B, *shape)."""
        return state.observation

    def episode_start(self, state: GymState) -> Tensor:
        """Return (B,) bool: where an episode of the lifetime begins."""
        return state.episode_start

    def info(self, state: GymState) -> dict[str, Tensor]:
        """Return nothing: no more is known."""
        return {}

    def _see_spaces(self, env: Env) -> None:
        self.observation_space: Space = plain_space(env.observation_space)
        self.action_space: Space = env.action_space
        self._shape = row_shape(self.observation_space)
        keeps_type = is_discrete(self.observation_space) or self.observation_space.dtype == np.uint8
        self._dtype = self.observation_space.dtype if keeps_type else np.float64

    def _make(self) -> Env:
        return make_env(self._name, self._keywords, self._episodes)

    def _numbers(self, observation: Any) -> NDArray[Any]:
        if getattr(observation, "shape", None) == self._shape and is_array(self.observation_space):
            return observation  # the usual case, quickly
        try:
            return to_numbers(self.observation_space, observation).reshape(self._shape)
        except ValueError as error:
            raise ValueError(f"environment {self._name!r} shows what is not of its space: {error}") from error

    def _note_what_is_not_finite(self, seen: NDArray[Any], reward: NDArray[np.float64]) -> None:
        if not np.isfinite(reward).all():
            note(f"{self._name} gave a reward that is no finite number: its lifetime scores as the worst")
        if not np.isfinite(seen).all():
            note(f"{self._name} gave an observation that is not finite: agents sense NaN as 0")
