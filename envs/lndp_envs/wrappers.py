"""Wrappers for any Gymnasium environment: lifetimes of several episodes, and rewards as observations."""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from gymnasium.utils import RecordConstructorArgs

from lndp_envs.kinds import Action, Env, Info, Observation, Options, Space


class Lifetime(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Makes several episodes of an environment one lifetime, as :class:`LifetimeDynamics` does in batches.

    Where an inner episode ends, the environment is reset in the same step: the reward is that of the last
    step, the observation is the first of the next episode. The lifetime terminates with its last episode. The
    options of a reset hold for all episodes of the lifetime.

    The info has ``inner_episode`` (how many are done) and ``episode_start``; at an inner end also
    ``inner_terminated`` and ``inner_truncated``, and, if another episode begins, ``final_observation`` and
    ``final_info`` of the old one.

    Args:
        env: the environment; it needs a time limit if its episodes do not end.
        episodes: how many make a lifetime, at least 1.

    Raises:
        ValueError: ``episodes`` is below 1.

    Example:
        >>> import gymnasium
        >>> from lndp_envs import Lifetime
        >>> env = Lifetime(gymnasium.make("CartPole-v1", max_episode_steps=5), episodes=2)
        >>> _ = env.reset(seed=0)
        >>> [any(env.step(0)[2:4]) for _ in range(10)].index(True)
        9
    """

    def __init__(self, env: Env, episodes: int = 3) -> None:
        if episodes < 1:
            raise ValueError(f"episodes is {episodes}, but it must be at least 1")
        RecordConstructorArgs.__init__(self, episodes=episodes)
        super().__init__(env)
        self.episodes = episodes
        self._episode = 0
        self._options: Options | None = None

    def reset(self, *, seed: int | None = None, options: Options | None = None) -> tuple[Observation, Info]:
        """Begin a lifetime; the arguments and results are those of the environment."""
        self._episode = 0
        self._options = options
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, info | self._signs(episode_start=True)

    def step(self, action: Action) -> tuple[Observation, SupportsFloat, bool, bool, Info]:
        """Take one step, and begin the next episode where one ended and it was not the last."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if not (terminated or truncated):
            return observation, reward, False, False, info | self._signs(episode_start=False)
        ends = {"inner_terminated": terminated, "inner_truncated": truncated}
        if self._episode + 1 == self.episodes:
            return observation, reward, True, False, info | ends | self._signs(episode_start=False)
        self._episode += 1
        ends |= {"final_observation": observation, "final_info": info}
        observation, info = self.env.reset(options=self._options)
        return observation, reward, False, False, info | ends | self._signs(episode_start=True)

    def _signs(self, *, episode_start: bool) -> Info:
        return {"inner_episode": self._episode, "episode_start": episode_start}


class SenseReward(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Puts the last reward and the start of an episode into the observation for any learner.

    The observation is a ``Dict`` of ``observation``, that of the environment; ``reward``, the last reward,
    (1,) float32; and ``episode_start``, (1,) float32, 1 where an episode begins and else 0. An episode begins
    with a reset, and with an inner episode that :class:`Lifetime` or a world of lifetimes says in its info. A
    reward is not sensed across a start: it is 0 there. The reward that ``step`` returns is not changed.

    Args:
        env: the environment.

    Example:
        >>> import gymnasium
        >>> from lndp_envs import SenseReward
        >>> env = SenseReward(gymnasium.make("CartPole-v1"))
        >>> sorted(env.reset(seed=0)[0])
        ['episode_start', 'observation', 'reward']
    """

    def __init__(self, env: Env) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.observation_space = sensed_space(env.observation_space)

    def reset(
        self, *, seed: int | None = None, options: Options | None = None
    ) -> tuple[dict[str, Observation], Info]:
        """Begin an episode; the arguments and the info are those of the environment."""
        observation, info = self.env.reset(seed=seed, options=options)
        return _sense(observation, 0.0, is_start=True), info

    def step(self, action: Action) -> tuple[dict[str, Observation], SupportsFloat, bool, bool, Info]:
        """Take one step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        sensed = _sense(observation, float(reward), is_start=bool(info.get("episode_start", False)))
        return sensed, reward, terminated, truncated, info


def sensed_space(space: Space) -> Dict:
    """Return the observation space that :class:`SenseReward` makes of a space."""
    return Dict(
        {
            "observation": space,
            "reward": Box(-np.inf, np.inf, (1,), np.float32),
            "episode_start": Box(0.0, 1.0, (1,), np.float32),
        }
    )


def _sense(observation: Observation, reward: float, *, is_start: bool) -> dict[str, Observation]:
    return {
        "observation": observation,
        "reward": np.array([0.0 if is_start else reward], dtype=np.float32),
        "episode_start": np.array([is_start], dtype=np.float32),
    }
