"""A policy from outside with edges that come and go: one grows in each step, until all are there."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.lndp.cells import linear
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.policies import policy_of
from lndp_agents.policies.network import Lives, Network, NetworkConfig, NetworkState

HIDDEN = 2


@dataclass(frozen=True, kw_only=True)
class ClockedConfig(NetworkConfig):
    """Nodes of the inputs, two hidden ones, and nodes of the outputs."""

    policy: ClassVar[str] = "clocked"
    reward_input: bool = False


@policy_of(ClockedConfig)
class Clocked(Network[ClockedConfig]):
    """The outputs are linear in the inputs; edge number t grows in step t with the weight 1 / (t + 1).

    The memory has the activations of N nodes, and then the N * N weights, 0 where there is no edge.
    """

    @property
    def parameter_shapes(self) -> Shapes:
        return {"out": (self.config.action_size, self.config.input_size)}

    @property
    def num_nodes(self) -> int:
        return sum(self.node_counts)

    @property
    def node_counts(self) -> tuple[int, int, int]:
        return self.config.input_size, HIDDEN, self.config.action_size

    @property
    def memory_size(self) -> int:
        return self.num_nodes + self.num_nodes**2

    @property
    def num_allowed_edges(self) -> int:
        return self.num_nodes**2

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        outputs = linear(inputs, parameters["out"])
        activations = torch.cat([inputs, inputs.new_zeros(*inputs.shape[:-1], HIDDEN), outputs], -1)
        weights = memory[..., self.num_nodes :]
        count = (weights > 0).sum(-1, keepdim=True)
        slots = torch.arange(weights.shape[-1], device=weights.device)
        weights = torch.where(slots == count, 1 / (1 + slots), weights)
        alive = lives.alive[..., None]
        return torch.where(alive, torch.cat([activations, weights], -1), memory), outputs

    def num_edges(self, state: NetworkState) -> Tensor:
        return (self._weights(state) > 0).sum((-1, -2)).float()

    def node_states(self, state: NetworkState) -> Tensor:
        return self.activations(state)[..., None]

    def activations(self, state: NetworkState) -> Tensor:
        return state.memory[..., : self.num_nodes]

    def edges(self, state: NetworkState) -> tuple[Tensor, Tensor]:
        weights = self._weights(state)[0, 0]
        ends = weights.nonzero().T
        return ends, weights[ends[0], ends[1], None]

    def shared_edges(self, before: NetworkState, after: NetworkState) -> Tensor:
        return ((self._weights(before) > 0) & (self._weights(after) > 0)).sum((-1, -2)).float()

    def without_nodes(self, state: NetworkState, silent: Tensor) -> NetworkState:
        hit = silent[..., None] | silent[..., None, :]
        weights = self._weights(state).masked_fill(hit, 0).flatten(-2)
        memory = torch.cat([self.activations(state).masked_fill(silent, 0), weights], -1)
        return state._replace(memory=memory)

    def _weights(self, state: NetworkState) -> Tensor:
        """(P, L, N, N)."""
        return state.memory[..., self.num_nodes :].unflatten(-1, (self.num_nodes, self.num_nodes))
