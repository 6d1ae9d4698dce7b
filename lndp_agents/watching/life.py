"""A life as frames: plays an agent in an environment and draws what happens."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.wrappers import Lifetime, SenseReward
from numpy.typing import NDArray

from lndp_agents.agent import LNDPAgent
from lndp_agents.lndp.state import roles
from lndp_agents.spaces import to_numbers
from lndp_agents.spaces.kinds import is_sensed
from lndp_agents.watching.history import History
from lndp_agents.watching.labels import Labels, labels_of
from lndp_agents.watching.wiring import Brain

if TYPE_CHECKING:
    from lndp_agents.watching.canvas import Frame
    from lndp_agents.watching.panel import Panel

WIDTH = 960


def frames_of_life(
    agent: LNDPAgent,
    env: gymnasium.Env[Any, Any],
    seed: int | None = None,
    *,
    max_steps: int | None = None,
    every: int = 1,
    width: int = WIDTH,
) -> Iterator["Frame"]:
    """Play one life of an agent and draw it: the newborn, its steps, and last the score.

    Args:
        agent: who lives; its own life is replaced by this one.
        env: where it lives, made with `render_mode="rgb_array"`. It is wrapped in `SenseReward` if it is not
            yet; it is not closed.
        seed: of the environment and of the birth.
        max_steps: the life is left after this many; None for the whole life.
        every: steps between two frames. The last step is always drawn.
        width: of the frames in pixels; the height is 5/8 of it.

    Returns:
        Frames (height, width, 3) uint8, drawn when they are asked for. The score is the mean return of the
        life's episodes.

    Raises:
        ValueError: the environment does not give arrays of pixels, or a number is out of range.
        ImportError: pygame is not installed; the message has the command.
    """
    for name, value, least in (
        ("max_steps", 1 if max_steps is None else max_steps, 1),
        ("every", every, 1),
        ("width", width, 320),
    ):
        if value < least:
            raise ValueError(f"{name}={value}: give at least {least}")
    if env.render_mode != "rgb_array":
        raise ValueError(
            f'render_mode={env.render_mode!r}: make the environment with render_mode="rgb_array"'
        )
    from lndp_agents.watching.panel import Panel  # imports pygame, which only drawing needs

    if not is_sensed(env.observation_space):
        env = SenseReward(env)
    panel = Panel(env_id(env), agent.config, max_steps or length_of_life(env), width)
    return _frames(Life(agent, env, seed), panel, max_steps, every)


class Life:
    """One agent living in one environment, with the history of its life.

    Args:
        agent: who lives; it is born here.
        env: a `SenseReward` environment that gives arrays of pixels; it is reset here.
        seed: of both.
    """

    def __init__(self, agent: LNDPAgent, env: gymnasium.Env[Any, Any], seed: int | None) -> None:
        self.history = History(int(roles(agent.config, agent.device).allowed.sum()))
        self.is_over = False
        self._agent = agent
        self._env = env
        self._labels: Labels = labels_of(env_id(env), agent.config)
        self._action: Any = None
        self._observation, info = env.reset(seed=seed)
        agent.birth(seed)
        self._trial = info.get("trial")
        self.history.has_trials = "trial" in info
        self.history.begin(self.brain.adjacency)

    @property
    def brain(self) -> Brain:
        """The brain as it is now."""
        return Brain.of(self._agent.state, self._agent.config)

    @property
    def choice(self) -> int | None:
        """The output node that won the last step; None before the first and for continuous actions."""
        if self._action is None or not self._agent.decoding.discrete:
            return None
        return int(self._action - getattr(self._agent.action_space, "start", 0))

    @property
    def action(self) -> str:
        """The last action in words."""
        if self.choice is not None:
            return self._labels.outputs[self.choice]
        if self._action is None:
            return ""
        numbers = to_numbers(self._agent.action_space, self._action).ravel().tolist()
        return ", ".join(f"{number:+.2f}" for number in numbers[:4]) + (", ..." if len(numbers) > 4 else "")

    def step(self) -> None:
        """Live one step."""
        history = self.history
        self._action = self._agent.act(self._observation)
        self._observation, reward, terminated, truncated, info = self._env.step(self._action)
        history.live(self.brain.adjacency, float(reward))
        self.is_over = terminated or truncated
        is_new_episode = not self.is_over and bool(self._observation["episode_start"].item())
        if is_new_episode:
            history.episode_ends.append(history.step)
        if history.has_trials and (is_new_episode or info["trial"] != self._trial):
            history.trial_ends.append(history.step)
        self._trial = info.get("trial")

    def picture(self) -> "Frame":
        """The environment as pixels.

        Raises:
            ValueError: the environment gave none.
        """
        pixels: NDArray[Any] = np.asarray(self._env.render())
        if pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(
                f"{env_id(self._env)} rendered shape {pixels.shape}: it must give (height, width, 3)"
            )
        return pixels.astype(np.uint8, copy=False)


def env_id(env: gymnasium.Env[Any, Any]) -> str:
    """The id that an environment was made by, else the name of its class."""
    return env.spec.id if env.spec else type(env.unwrapped).__name__


def _frames(life: Life, panel: "Panel", max_steps: int | None, every: int) -> "Iterator[Frame]":
    from lndp_agents.watching.panel import Moment

    while True:
        is_last = life.is_over or life.history.step == max_steps
        if is_last or life.history.step % every == 0:
            moment = Moment(life.picture(), life.brain, life.choice, life.action, is_last)
            yield panel.draw(moment, life.history)
        if is_last:
            return
        life.step()


def length_of_life(env: gymnasium.Env[Any, Any]) -> int | None:
    """Most steps of a life, if the environment says so."""
    dynamics = getattr(env.unwrapped, "dynamics", None)
    if isinstance(dynamics, LifetimeDynamics):
        return dynamics.num_steps
    episodes, steps = 1, env.spec.max_episode_steps if env.spec else None
    while isinstance(env, gymnasium.Wrapper):
        episodes *= env.episodes if isinstance(env, Lifetime) else 1
        env = env.env
    return steps and episodes * steps
