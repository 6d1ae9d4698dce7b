"""What can be done to a policy follows from the methods that it has, not from what it is."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from small_policies import small_config
from torch import Tensor

from lndp_agents.interventions import Lesion, hidden_nodes
from lndp_agents.lndp.cells import linear
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.policies import HasEdges, HasHiddenUnits, Plastic, make_policy, parameter_shapes, policy_of
from lndp_agents.policies.network import Lives, Network, NetworkConfig, NetworkState
from lndp_agents.rollout.learners import Phenotype

CAPABILITIES = (HasEdges, HasHiddenUnits, Plastic)


@dataclass(frozen=True, kw_only=True)
class TraceConfig(NetworkConfig):
    policy: ClassVar[str] = "trace"


@policy_of(TraceConfig)
class Trace(Network[TraceConfig]):
    """A linear layer whose weights are in the state, and one more for each input, which adds it up."""

    @property
    def parameter_shapes(self) -> Shapes:
        return {"weight": (self.config.action_size, self.config.input_size)}

    @property
    def memory_size(self) -> int:
        return self.config.input_size

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        memory = memory + inputs
        return memory, linear(memory, parameters["weight"])

    def frozen(self, state: NetworkState) -> tuple["Trace", NetworkState]:
        return self, state._replace(age=state.age + 100)

    def has_weight(self, state: NetworkState) -> Tensor:
        return torch.ones_like(state.memory, dtype=torch.bool)

    def without_weights(self, state: NetworkState, lost: Tensor) -> NetworkState:
        return state._replace(memory=state.memory.masked_fill(lost, 0))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lndp", (True, False, True)),
        ("ndp", (True, False, True)),
        ("linear", (False, True, False)),
        ("mlp", (False, True, False)),
        ("gru", (False, True, False)),
        ("hebbian", (False, True, True)),
    ],
)
def test_the_capabilities_of_each_kind(name: str, expected: tuple[bool, ...]) -> None:
    policy = make_policy(small_config(name))
    assert tuple(isinstance(policy, capability) for capability in CAPABILITIES) == expected


def test_a_policy_from_outside_is_hurt_through_its_methods() -> None:
    config = TraceConfig(observation_size=3, action_size=2, reward_input=False)
    policy: Any = make_policy(config)
    assert parameter_shapes(config) == {"weight": (2, 3)}
    assert [isinstance(policy, capability) for capability in CAPABILITIES] == [False, False, True]
    parameters = {"weight": torch.ones(1, 2, 3)}
    state = policy.birth(torch.tensor([[1, 2]]))._replace(memory=torch.ones(1, 2, 3))
    phenotype = Phenotype(policy, parameters, state)
    hurt: Any = Lesion(at=0, zero=1 / 3).before_step(0, phenotype)
    assert hurt.state.memory.sum(-1).tolist() == [[2.0, 2.0]]
    assert hurt.parameters is parameters
    frozen: Any = Lesion(at=0, freeze=True).before_step(0, phenotype)
    assert frozen.state.age.tolist() == [[100, 100]]
    assert hidden_nodes(policy) == 0
    with pytest.raises(ValueError, match="a trace policy has no hidden nodes"):
        Lesion(at=0, nodes=1).before_step(0, phenotype)


def test_a_configuration_without_a_policy_is_named_with_the_remedy() -> None:
    @dataclass(frozen=True, kw_only=True)
    class LonelyConfig(NetworkConfig):
        policy: ClassVar[str] = "lonely"

    with pytest.raises(ValueError, match=r"LonelyConfig: decorate one with @policies.policy_of"):
        make_policy(LonelyConfig(observation_size=1, action_size=1))
