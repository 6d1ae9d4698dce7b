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
from lndp_agents.rollout import Intervention
from lndp_agents.spaces import to_numbers
from lndp_agents.spaces.kinds import is_sensed
from lndp_agents.watching.history import History
from lndp_agents.watching.labels import labels_of
from lndp_agents.watching.wiring import Brain, darkened

if TYPE_CHECKING:
    from lndp_agents.watching.canvas import Frame
    from lndp_agents.watching.panel import Moment, Panel

WIDTH = 960


def frames_of_life(
    agent: LNDPAgent,
    env: gymnasium.Env[Any, Any],
    seed: int | None = None,
    *,
    max_steps: int | None = None,
    every: int = 1,
    width: int = WIDTH,
    lesion: Intervention | None = None,
    brain_only: bool = False,
) -> Iterator["Frame"]:
    """Play one life of an agent and draw it: its steps, and last what became of it.

    A frame is one moment: the world as the agent sees it, and the brain that has just looked at it, rewired
    and chosen what it does next. An injury has a frame of its own, before the brain lives on.

    Args:
        agent: who lives; its own life is replaced by this one.
        env: where it lives, made with `render_mode="rgb_array"`. It is wrapped in `SenseReward` if it is not
            yet; it is not closed.
        seed: of the environment and of the birth.
        max_steps: the life is left after this many; None for the whole life.
        every: steps between two frames. The last step is always drawn.
        width: of the frames in pixels; the height is 5/8 of it.
        lesion: what happens to the agent, before its step `at`.
        brain_only: draw no world; then the environment needs no `render_mode`.

    Returns:
        Frames (height, width, 3) uint8, drawn when they are asked for. The score is the mean return of the
        life's episodes.

    Raises:
        ValueError: the environment does not give arrays of pixels, a number is out of range, or the lesion
            comes after the last step or hits nothing.
        ImportError: pygame is not installed; the message has the command.
    """
    for name, value, least in (
        ("max_steps", 1 if max_steps is None else max_steps, 1),
        ("every", every, 1),
        ("width", width, 320),
    ):
        if value < least:
            raise ValueError(f"{name}={value}: give at least {least}")
    if not brain_only and env.render_mode != "rgb_array":
        raise ValueError(
            f'render_mode={env.render_mode!r}: make the environment with render_mode="rgb_array", or draw '
            "the brain alone (brain_only=True)"
        )
    from lndp_agents.watching.panel import Panel  # imports pygame, which only drawing needs

    if not is_sensed(env.observation_space):
        env = SenseReward(env)
    length = min(filter(None, (max_steps, length_of_life(env))), default=None)
    if lesion is not None and length is not None and lesion.at >= length:
        raise ValueError(f"at={lesion.at}: {length} steps are drawn; give 0 to {length - 1}, or draw more")
    life = Life(agent, env, seed, lesion)
    newborn = life.brain.adjacency
    panel = Panel(env_id(env), agent.config, newborn, length=length, width=width, has_picture=not brain_only)
    return _frames(life, panel, max_steps, every)


class Life:
    """One agent living in one environment, with the history of its life.

    Args:
        agent: who lives; it is born here.
        env: a `SenseReward` environment; it is reset here.
        seed: of both.
        lesion: what happens to it.
    """

    def __init__(
        self,
        agent: LNDPAgent,
        env: gymnasium.Env[Any, Any],
        seed: int | None,
        lesion: Intervention | None = None,
    ) -> None:
        self.history = History(int(roles(agent.config, agent.device).allowed.sum()))
        self.is_over = False
        self._agent = agent
        self._env = env
        self._lesion = lesion
        self._taken: NDArray[np.float32] | None = None
        self._labels = labels_of(env_id(env), agent.config)
        self._action: Any = None
        self._observation, info = env.reset(seed=seed)
        agent.birth(seed)
        self._trial = info.get("trial")
        self.history.has_trials = "trial" in info
        self.history.begin(self.brain.adjacency)

    @property
    def brain(self) -> Brain:
        """The brain as it is now."""
        brain = Brain.of(self._agent.state, self._agent.config)
        return brain if self._taken is None else brain._replace(dark=darkened(brain, self._taken))

    @property
    def choice(self) -> int | None:
        """The output node that has won; None where nothing is decided yet, and for continuous actions."""
        if self._action is None or not self._agent.decoding.discrete:
            return None
        return int(self._action - getattr(self._agent.action_space, "start", 0))

    @property
    def action(self) -> str:
        """What is decided, in words."""
        if self.choice is not None:
            return self._labels.outputs[self.choice]
        if self._action is None:
            return ""
        numbers = to_numbers(self._agent.action_space, self._action).ravel().tolist()
        return ", ".join(f"{number:+.2f}" for number in numbers[:4]) + (", ..." if len(numbers) > 4 else "")

    @property
    def injury(self) -> str:
        """What has happened to the agent, in words; empty before it."""
        return "" if self.history.injured_at is None else str(self._lesion)

    @property
    def injury_is_due(self) -> bool:
        """Whether the lesion comes before the step that is next."""
        return self._lesion is not None and self._lesion.at == self.history.step and not self.injury

    def injure(self) -> None:
        """Let the lesion happen.

        Raises:
            ValueError: it hits nothing in this agent.
        """
        assert self._lesion is not None
        before = self.brain
        self._agent.lesion(self._lesion)
        self._taken = np.abs(before.weights) * before.adjacency * (self.brain.weights == 0)
        self.history.injured_at = self.history.step

    def decide(self) -> None:
        """The first half of a step: look at the world, rewire, choose."""
        self._action = self._agent.act(self._observation)
        if self._taken is not None:
            self._taken = self._taken * darkened(self.brain, self._taken)
        self.history.rewire(self.brain.adjacency)

    def do(self) -> None:
        """The second half: what was chosen is done, and the world answers."""
        history = self.history
        self._observation, reward, terminated, truncated, info = self._env.step(self._action)
        self._action = None
        history.earn(float(reward))
        self.is_over = terminated or truncated
        is_new_episode = not self.is_over and bool(self._observation["episode_start"].item())
        if is_new_episode:
            history.episode_ends.append(history.step)
        if history.has_trials and (is_new_episode or info["trial"] != self._trial):
            history.trial_ends.append(history.step)
        self._trial = info.get("trial")

    def step(self) -> None:
        """Live one step."""
        if self.injury_is_due:
            self.injure()
        self.decide()
        self.do()

    def picture(self) -> "Frame":
        """The environment as pixels.

        Raises:
            ValueError: the environment gave none.
        """
        remedy = "draw the brain alone (brain_only=True, or --brain-only)"
        try:
            pixels: NDArray[Any] = np.asarray(self._env.render())
        except gymnasium.error.Error as error:
            raise ValueError(f"{env_id(self._env)} cannot be drawn ({error}): {remedy}") from error
        if pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(
                f"{env_id(self._env)} rendered shape {pixels.shape}, not (height, width, 3): {remedy}"
            )
        return pixels.astype(np.uint8, copy=False)

    def moment(self, *, has_picture: bool) -> "Moment":
        """What there is to see now."""
        from lndp_agents.watching.panel import Moment

        picture = self.picture() if has_picture else None
        return Moment(picture, self.brain, self.choice, self.action, self.injury, self.is_over)


def env_id(env: gymnasium.Env[Any, Any]) -> str:
    """The id that an environment was made by, else the name of its class."""
    return env.spec.id if env.spec else type(env.unwrapped).__name__


def _frames(life: Life, panel: "Panel", max_steps: int | None, every: int) -> "Iterator[Frame]":
    while True:
        is_last = life.is_over or life.history.step == max_steps
        if not is_last:
            if life.injury_is_due:
                life.injure()
                yield panel.draw(life.moment(has_picture=panel.has_picture), life.history)
            life.decide()
        if is_last or life.history.step % every == 0:
            yield panel.draw(life.moment(has_picture=panel.has_picture), life.history)
        if is_last:
            return
        life.do()


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
