"""Two agents and their lives: one brain that rewires, one of fixed weights, each drawn as a network."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from lndp_envs import SenseReward
from numpy.typing import NDArray

from lndp_agents import Agent, LNDPAgent, LNDPConfig
from lndp_agents.interventions import Intervention
from lndp_agents.watching.wiring import Brain, darkened

ENVIRONMENT = "lndp/ForagingReversal-v0"
GATES = 3


class Moment(NamedTuple):
    """A life when the agent has looked at the world and chosen, but not yet done it."""

    picture: NDArray[np.uint8] | None
    """The world as it is drawn; none if nobody looks."""
    brain: Brain | None
    choice: int | None
    """The output that won; none right after the injury and at the end."""
    rewards: list[float]
    """Of the steps done."""
    food: list[int]
    """The side of the food, of the steps done and now."""


class Patient(ABC):
    """An agent whose brain can be drawn; the injury is in it too.

    Args:
        agent: who lives.
    """

    def __init__(self, agent: Agent[Any]) -> None:
        self.agent = agent

    @property
    @abstractmethod
    def shape(self) -> LNDPConfig:
        """How many inputs, hidden nodes and outputs its picture has."""

    @abstractmethod
    def brain(self, senses: Any) -> Brain:
        """The network as it is now, after it has sensed this."""

    def injure(self, lesion: Intervention) -> None:
        """Let it happen to the life that the agent leads."""
        self.agent.lesion(lesion)

    def born(self, seed: int) -> None:
        """Begin a life."""
        self.agent.birth(seed)

    def live(self, seed: int, steps: int, lesion: Intervention, *, is_drawn: bool) -> Iterator[Moment]:
        """Live a life of so many steps: its moments, one more for the injury, and its end.

        `lndp watch` with the options --seed, --zero and --at shows the same life of an LNDP.
        """
        env = SenseReward(gymnasium.make(ENVIRONMENT, render_mode="rgb_array", reveal=True))
        senses, info = env.reset(seed=seed)
        self.born(seed)
        rewards, food = list[float](), [int(info["food"])]

        def moment(choice: int | None = None) -> Moment:
            seen = (np.asarray(env.render()), self.brain(senses)) if is_drawn else (None, None)
            return Moment(*seen, choice, list(rewards), list(food))

        for step in range(steps):
            if step == lesion.at:
                self.injure(lesion)
                yield moment()
            action = self.agent.act(senses)
            yield moment(action)
            senses, reward, _, _, info = env.step(action)
            rewards.append(float(reward))
            food.append(int(info["food"]))
        yield moment()
        env.close()


class Plastic(Patient):
    """An LNDP: its weights are those of this life."""

    agent: LNDPAgent

    @property
    def shape(self) -> LNDPConfig:
        """As `Patient.shape`."""
        return self.agent.config

    def born(self, seed: int) -> None:
        """As `Patient.born`."""
        super().born(seed)
        self._taken = np.zeros((self.shape.nodes, self.shape.nodes), np.float32)

    def injure(self, lesion: Intervention) -> None:
        """As `Patient.injure`."""
        before = Brain.of(self.agent.state, self.shape)
        super().injure(lesion)
        after = Brain.of(self.agent.state, self.shape)
        self._taken = np.abs(before.weights) * before.adjacency * (after.weights == 0)

    def brain(self, senses: Any) -> Brain:
        """As `Patient.brain`; an edge is dark until half of the weight that it lost is back."""
        brain = Brain.of(self.agent.state, self.shape)
        is_dark = darkened(brain, self._taken)
        self._taken = self._taken * is_dark
        return brain._replace(dark=is_dark)


class Fixed(Patient):
    """A GRU: an edge stands for the weights of its three gates, and has the largest of them.

    It is dark when most of them are lost. Links of a unit to itself are not drawn.
    """

    @property
    def shape(self) -> LNDPConfig:
        """As `Patient.shape`; reward and start of an episode are the last inputs."""
        config: Any = self.agent.config
        inputs, outputs = config.input_size, config.action_size
        nodes = inputs + config.hidden_size + outputs
        return LNDPConfig(observation_size=inputs, action_size=outputs, nodes=nodes)

    def born(self, seed: int) -> None:
        """As `Patient.born`."""
        super().born(seed)
        self._weights = {name: tensor[None] for name, tensor in self.agent.parameters.items()}

    def injure(self, lesion: Intervention) -> None:
        """As `Patient.injure`."""
        super().injure(lesion)
        self._weights = self.agent.phenotype.parameters

    def brain(self, senses: Any) -> Brain:
        """As `Patient.brain`."""
        shape, hidden = self.shape, self.shape.hidden_nodes
        first, last = shape.observation_size, shape.nodes - shape.action_size
        weights = {name: tensor[0].numpy() for name, tensor in self._weights.items()}
        links = np.zeros((GATES, shape.nodes, shape.nodes), np.float32)
        links[:, :first, first:last] = weights["weight_ih"].reshape(GATES, hidden, first).transpose(0, 2, 1)
        links[:, first:last, first:last] = weights["weight_hh"].reshape(GATES, hidden, hidden).swapaxes(1, 2)
        links[:, first:last, last:] = weights["out.weight"].T
        exists = np.zeros(links.shape[1:], bool)
        exists[:first, first:last] = exists[first:last, first:] = True
        np.fill_diagonal(exists, False)
        largest = np.take_along_axis(links, np.abs(links).argmax(0)[None], 0)[0]
        is_dark = exists & ((links == 0).sum(0) > GATES / 2)
        return Brain(exists, largest, self._activation(senses), is_dark)

    def _activation(self, senses: Any) -> NDArray[np.float32]:
        code = self.agent.encoding.encode(torch.as_tensor(senses["observation"])[None])[0].numpy()
        memory = self.agent.state.memory[0, 0]
        outputs = self._weights["out.weight"][0] @ memory + self._weights["out.bias"][0]
        sensed = np.ravel(senses["reward"]) / 10, np.ravel(senses["episode_start"])
        return np.concatenate([code, *sensed, memory.numpy(), outputs.tanh().numpy()]).astype(np.float32)
