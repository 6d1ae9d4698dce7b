"""Two agents and their lives: one brain that rewires, one of fixed weights, each drawn as a network."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from lndp_agents import Agent, Intervention
from lndp_agents.rollout import Phenotype, StepInput
from lndp_agents.watching import Brain, Life, NodeCounts, edges_of

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
    def counts(self) -> NodeCounts:
        """How many inputs, hidden nodes and outputs its picture has."""

    @abstractmethod
    def brain(self, network: Phenotype, given: StepInput) -> Brain:
        """The network that is drawn, after it has sensed this."""

    def live(self, seed: int, steps: int, lesion: Intervention, *, is_drawn: bool) -> Iterator[Moment]:
        """Live a life of so many steps: its moments, one more for the injury, and its end.

        `lndp watch` with the options --seed, --zero and --at shows the same life of an LNDP.
        """
        env = gymnasium.make(ENVIRONMENT, render_mode="rgb_array", reveal=True)
        look = {"look": self.brain, "counts": self.counts, "has_picture": is_drawn}
        life, food = Life(self.agent, env, seed, lesion, **look), list[int]()
        for moment in life.moments(steps):
            rewards = list(life.history.rewards)
            food[len(rewards) :] = [int(moment.info["food"])]
            yield Moment(moment.picture, moment.brain, moment.choice, rewards, list(food))
        env.close()


class Plastic(Patient):
    """An LNDP: its weights are those of this life."""

    @property
    def counts(self) -> NodeCounts:
        """As `Patient.counts`."""
        return NodeCounts(*edges_of(self.agent.program).node_counts)

    def brain(self, network: Phenotype, given: StepInput) -> Brain:
        """As `Patient.brain`."""
        return Brain.of(edges_of(network.policy), network.state)


class Fixed(Patient):
    """A GRU: an edge stands for the weights of its three gates, and has the largest of them.

    It is dark when most of them are lost. Links of a unit to itself are not drawn.
    """

    @property
    def counts(self) -> NodeCounts:
        """As `Patient.counts`; reward and start of an episode are the last inputs."""
        config: Any = self.agent.config
        return NodeCounts(config.input_size, config.hidden_size, config.action_size)

    def brain(self, network: Phenotype, given: StepInput) -> Brain:
        """As `Patient.brain`."""
        (first, hidden, _), nodes = self.counts, self.counts.total
        last = first + hidden
        weights = {name: tensor[0].numpy() for name, tensor in network.parameters.items()}
        links = np.zeros((GATES, nodes, nodes), np.float32)
        links[:, :first, first:last] = weights["weight_ih"].reshape(GATES, hidden, first).transpose(0, 2, 1)
        links[:, first:last, first:last] = weights["weight_hh"].reshape(GATES, hidden, hidden).swapaxes(1, 2)
        links[:, first:last, last:] = weights["out.weight"].T
        exists = np.zeros(links.shape[1:], bool)
        exists[:first, first:last] = exists[first:last, first:] = True
        np.fill_diagonal(exists, False)
        largest = np.take_along_axis(links, np.abs(links).argmax(0)[None], 0)[0]
        is_dark = exists & ((links == 0).sum(0) > GATES / 2)
        return Brain(exists, largest, self._activation(network, given), is_dark)

    def _activation(self, network: Phenotype, given: StepInput) -> NDArray[np.float32]:
        code = self.agent.encoding.encode(given.observation)[0].numpy()
        memory, start = network.state.memory[0, 0], given.episode_start[0].numpy()
        outputs = network.parameters["out.weight"][0] @ memory + network.parameters["out.bias"][0]
        sensed = np.where(start, 0.0, given.reward[0].numpy()) / 10, start
        return np.concatenate([code, *sensed, memory.numpy(), outputs.tanh().numpy()]).astype(np.float32)
