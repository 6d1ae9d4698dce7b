"""Any policy whose network is a graph is drawn, by the methods that it has."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import gymnasium
import pytest
import torch
from lndp_envs import SenseReward
from torch import Tensor

from lndp_agents import Agent
from lndp_agents.interventions import Lesion
from lndp_agents.lndp.cells import linear
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.policies import HasEdges, policy_of
from lndp_agents.policies.network import Lives, Network, NetworkConfig, NetworkState
from lndp_agents.watching import frames_of_life
from lndp_agents.watching.life import Life


@dataclass(frozen=True, kw_only=True)
class FlickerConfig(NetworkConfig):
    policy: ClassVar[str] = "flicker"


@policy_of(FlickerConfig)
class Flicker(Network[FlickerConfig]):
    """One input, 3 outputs, no hidden nodes; the edge 0 -> 1 (0.5) exists after odd steps."""

    memory_size = 1

    @property
    def parameter_shapes(self) -> Shapes:
        return {"weight": (self.config.action_size, self.config.input_size)}

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        return inputs, linear(inputs, parameters["weight"])

    @property
    def node_counts(self) -> tuple[int, int, int]:
        return self.config.input_size, 0, self.config.action_size

    def node_states(self, state: NetworkState) -> Tensor:
        return self.activations(state)[..., None]

    def activations(self, state: NetworkState) -> Tensor:
        return torch.cat([state.memory, state.memory.new_zeros(*state.age.shape, 3)], -1)

    def edges(self, state: NetworkState) -> tuple[Tensor, Tensor]:
        count = int(state.age[0, 0]) % 2
        return torch.tensor([[0], [1]])[:, :count], torch.full((count, 1), 0.5)

    def shared_edges(self, before: NetworkState, after: NetworkState) -> Tensor:
        return torch.zeros_like(before.age)

    def without_nodes(self, state: NetworkState, silent: Tensor) -> NetworkState:
        return state


def agent_of(env: gymnasium.Env[Any, Any]) -> Agent[FlickerConfig]:
    config = FlickerConfig(observation_size=1, action_size=3, reward_input=False)
    return Agent(env.observation_space, env.action_space, config)


def test_its_edges_and_activations_are_what_is_seen(env: Any) -> None:
    agent = agent_of(env)
    assert isinstance(agent.program, HasEdges)
    life, world = Life(agent, SenseReward(env), 1), SenseReward(gymnasium.make("lndp/Foraging-v0"))
    agent.birth(1)
    observation, given = world.reset(seed=1)[0], list[float]()
    for _ in range(4):
        given.append(agent.encoding.encode(torch.tensor(observation["observation"])[None]).item())
        observation = world.step(agent.act(observation))[0]
    moments = list(life.moments(4))
    for number, moment in enumerate(moments[:-1]):
        exists = number % 2 == 0  # after step `number`, whose first is 0, the age is number + 1
        assert moment.brain.adjacency.sum() == moment.brain.adjacency[0, 1] == exists
        assert moment.brain.weights.sum() == 0.5 * exists
        assert moment.brain.activation.shape == (4,)
        assert moment.brain.activation[0] == given[number]
    assert life.history.born == [1, 0, 1, 0]
    assert life.history.lost == [0, 1, 0, 1]
    assert life.history.density == [0, 1 / 16, 0, 1 / 16, 0]


def test_it_is_drawn_and_without_edges_it_is_refused(env: Any) -> None:
    frames = list(frames_of_life(agent_of(env), env, 1, max_steps=3, width=320))
    assert len(frames) == 4
    assert all((one != two).any() for one, two in pairwise(frames))
    silenced = Lesion(at=1, nodes=1)
    with pytest.raises(ValueError, match="nodes"):
        list(frames_of_life(agent_of(env), env, 1, max_steps=3, width=320, lesion=silenced))


def test_a_policy_without_edges_has_a_remedy(env: Any) -> None:
    from lndp_agents.policies.gru import GRUConfig

    agent: Agent[Any] = Agent(
        env.observation_space, env.action_space, GRUConfig(observation_size=1, action_size=3)
    )
    with pytest.raises(ValueError, match="a gru policy has no edges that come and go: name an LNDP"):
        frames_of_life(agent, env)
