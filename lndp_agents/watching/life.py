"""A lifetime as frames: a rollout of one agent in one environment, drawn step by step."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.agent import Agent
from lndp_agents.environments import Env
from lndp_agents.policies.capabilities import edges_of
from lndp_agents.rollout import Intervention, Phenotype, StepInput, Transition, advance, begin, step_input
from lndp_agents.rollout.engine import begin_step
from lndp_agents.rollout.given_env import env_name, given_world, lifetime_steps
from lndp_agents.watching.history import History
from lndp_agents.watching.labels import labels_of
from lndp_agents.watching.wiring import Brain, Moment, NodeCounts, darkened

if TYPE_CHECKING:
    from lndp_agents.watching.drawing import Frame

WIDTH = 960
Look: TypeAlias = Callable[[Phenotype, StepInput], Brain]
"""The network to draw, of what was rolled out and of what it sensed."""


def nodes_and_edges(network: Phenotype, given: StepInput) -> Brain:
    """Return the network of a policy that has edges (`Look`).

    Raises:
        ValueError: it has none.
    """
    return Brain.of(edges_of(network.policy), network.state)


def frames_of_life(
    agent: Agent[Any],
    env: gymnasium.Env[Any, Any],
    seed: int | None = None,
    *,
    max_steps: int | None = None,
    every: int = 1,
    width: int = WIDTH,
    lesion: Intervention | None = None,
    brain_only: bool = False,
) -> Iterator["Frame"]:
    """Play one lifetime of an agent and draw it: its steps, and last what became of it.

    A frame is one moment: the environment as the agent observes it, and the network that has just received
    the observation, rewired and chosen an action. An injury has a frame of its own.

    Args:
        agent: to watch; it is watched from birth.
        env: made with `render_mode="rgb_array"`; it is not closed.
        seed: of the environment and of the birth.
        max_steps: the lifetime is left after this many; None for the whole lifetime.
        every: steps between two frames. The last step is always drawn.
        width: of the frames in pixels; the height is 5/8 of it.
        lesion: intervention in the lifetime, before its step `at`.
        brain_only: draw the network alone; then the environment needs no `render_mode`.

    Returns:
        Frames (height, width, 3) uint8, drawn when they are asked for. The score is the mean return of the
        lifetime's episodes.

    Raises:
        ValueError: the environment does not give arrays of pixels, the policy has no edges, a number is out
            of range, or the lesion comes after the last step or hits nothing.
        ImportError: pygame is not installed; the message has the command.

    Example:
        >>> import gymnasium
        >>> from lndp_agents import frames_of_life, load_pretrained
        >>> env = gymnasium.make("lndp/Foraging-v0", render_mode="rgb_array")
        >>> frames = frames_of_life(load_pretrained("foraging"), env, seed=0, max_steps=2, width=320)
        >>> [frame.shape for frame in frames]
        [(200, 320, 3), (200, 320, 3), (200, 320, 3)]
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

    length = min(filter(None, (max_steps, lifetime_steps(env))), default=None)
    if lesion is not None and length is not None and lesion.at >= length:
        raise ValueError(f"at={lesion.at}: {length} steps are drawn; give 0 to {length - 1}, or draw more")
    life = Life(agent, env, seed, lesion, has_picture=not brain_only)
    edges = life.look().adjacency
    panel = Panel(
        env_name(env), life.counts, life.labels, edges, length=length, width=width, has_picture=not brain_only
    )
    return (panel.draw(moment, life.history) for moment in life.moments(max_steps, every))


class Life:
    """A rollout of one agent in one environment, with its history: what there is to see, moment by moment.

    Args:
        agent: to roll out; its lifetime begins here.
        env: to reset and step.
        seed: random seed of both.
        lesion: intervention in the lifetime.
        look: the network that is drawn, from the agent's networks and what they sense; that of its nodes and
            edges if None.
        counts: how many nodes of each role `look` draws; those of the policy if None.
        has_picture: whether moments come with a picture of the environment.

    Raises:
        ValueError: the environment does not fit the agent, or its policy has no edges.
    """

    def __init__(
        self,
        agent: Agent[Any],
        env: Env,
        seed: int | None,
        lesion: Intervention | None = None,
        *,
        look: Look | None = None,
        counts: NodeCounts | None = None,
        has_picture: bool = True,
    ) -> None:
        self.counts = counts or NodeCounts(*edges_of(agent.program).node_counts)
        self.history = History(agent.program.num_allowed_edges or self.counts.total**2)
        self._env = env
        self._lesion = lesion
        self._look: Look = look or nodes_and_edges
        self._has_picture = has_picture
        self._taken: NDArray[np.float32] | None = None
        self.labels = labels_of(env_name(env), self.counts, agent.config.own_inputs)
        self._world = given_world(env, seed, agent.encoding)
        self._world.check_actions(
            agent.action_space, "the agent", "name the environment that it was evolved on"
        )
        state = self._world.dynamics.reset(torch.zeros(1, dtype=torch.int64))
        agent.birth(seed)
        self._batch = begin(agent.phenotype, self._world, state)
        self._info = self._told()
        self.history.has_trials = "trial" in self._info
        self.history.begin(self.look().adjacency)

    @property
    def is_over(self) -> bool:
        """Whether the lifetime has ended."""
        return not self._batch.alive.item()

    def look(self) -> Brain:
        """Return the network as it is now."""
        return self._seen(self._batch.network, step_input(self._world, self._batch))

    def moments(self, max_steps: int | None = None, every: int = 1) -> Iterator[Moment]:
        """Roll the lifetime out; yield its steps before the environment answers, and last its end.

        Args:
            max_steps: the lifetime is left after this many; None for the whole lifetime.
            every: steps between two moments; an injury has one of its own, and so has the end.

        Yields:
            Moments; meanwhile `history` has the steps before.

        Raises:
            ValueError: the environment has no picture, or the lesion hits nothing.
        """
        history, lesion = self.history, self._lesion
        while not self.is_over and history.step != max_steps:
            is_due, is_injured = history.step % every == 0, lesion is not None and lesion.at == history.step
            picture = self._picture() if is_due or is_injured else None
            if lesion is not None and is_injured:
                yield self._moment(picture, self._injure(lesion))
            transition = self._advance()
            brain = self._seen(transition.network, transition.given)
            if self._taken is not None and brain.dark is not None:
                self._taken = self._taken * brain.dark
            history.rewire(brain.adjacency)
            if is_due:
                yield self._moment(picture, brain, transition.action)
            self._earn(transition.reward.item())
        yield self._moment(self._picture(), self.look())

    @torch.inference_mode()
    def _advance(self) -> Transition:
        lesions = [] if self._lesion is None else [self._lesion]
        self._batch, transition = advance(self._world, self._batch, lesions)
        return transition

    @torch.inference_mode()
    def _injure(self, lesion: Intervention) -> Brain:
        """Return the network right after the lesion, with which the step to come begins."""
        given = step_input(self._world, self._batch)
        before, network = self.look(), begin_step(self._batch.network, lesion.at, [lesion])
        after = self._look(cast("Phenotype", network), given)
        self._taken = np.abs(before.weights) * before.adjacency * (after.weights == 0)
        self.history.injured_at = self.history.step
        return self._seen(network, given)

    def _seen(self, network: Any, given: StepInput) -> Brain:
        brain = self._look(network, given)
        if brain.dark is not None or self._taken is None:
            return brain
        return brain._replace(dark=darkened(brain, self._taken))

    def _earn(self, reward: float) -> None:
        """Note the reward and info of a step."""
        history, before = self.history, self._info
        history.earn(reward)
        self._info = self._told()
        starts = bool(step_input(self._world, self._batch).episode_start.item())
        is_new_episode = starts and not self.is_over
        if is_new_episode:
            history.episode_ends.append(history.step)
        if history.has_trials and (is_new_episode or self._info["trial"] != before["trial"]):
            history.trial_ends.append(history.step)

    def _told(self) -> dict[str, float]:
        told = self._world.dynamics.info(self._batch.state)
        return {name: value.item() for name, value in told.items()}

    def _picture(self) -> "Frame | None":
        """Return the environment as pixels.

        Raises:
            ValueError: the environment gave none.
        """
        if not self._has_picture:
            return None
        remedy = "draw the brain alone (brain_only=True, or --brain-only)"
        try:
            pixels: NDArray[Any] = np.asarray(self._env.render())
        except gymnasium.error.Error as error:
            raise ValueError(f"{self._world.name} cannot be drawn ({error}): {remedy}") from error
        if pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(
                f"{self._world.name} rendered shape {pixels.shape}, not (height, width, 3): {remedy}"
            )
        return pixels.astype(np.uint8, copy=False)

    def _moment(self, picture: "Frame | None", brain: Brain, action: Tensor | None = None) -> Moment:
        choice, words = self._choice(action)
        injury = "" if self.history.injured_at is None else str(self._lesion)
        return Moment(picture, brain, choice, words, injury, self.is_over and action is None, self._info)

    def _choice(self, action: Tensor | None) -> tuple[int | None, str]:
        """Return the output node that won (none for continuous actions), and the action in words."""
        if action is None:
            return None, ""
        numbers = [float(number) for number in action.flatten()]
        if self._world.decoding.discrete:
            choice = int(numbers[0]) - int(getattr(self._world.dynamics.action_space, "start", 0))
            return choice, self.labels.outputs[choice]
        words = ", ".join(f"{number:+.2f}" for number in numbers[:4])
        return None, words + (", ..." if len(numbers) > 4 else "")
