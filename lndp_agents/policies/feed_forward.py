"""Policies without a memory: `linear` and `mlp`. Their outputs depend on the present step alone."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.lndp.cells import linear
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.policies.network import (
    MAX_UNITS,
    Lives,
    Network,
    NetworkConfig,
    NetworkState,
)
from lndp_agents.policies.registry import policy_of
from lndp_agents.validation import about

MAX_LAYERS = 2


@dataclass(frozen=True, kw_only=True)
class LinearConfig(NetworkConfig):
    """One linear layer from inputs to outputs (Wong et al. 2024, arXiv 2402.06912)."""

    policy: ClassVar[str] = "linear"

    @property
    def needs_state(self) -> bool:
        """As `PolicyConfig.needs_state`: the first step receives no reward."""
        return self.reward_input

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Numbers of units of each layer, inputs first."""
        return self.input_size, self.action_size


@dataclass(frozen=True, kw_only=True)
class MLPConfig(LinearConfig):
    """A multilayer perceptron with tanh after each hidden layer."""

    policy: ClassVar[str] = "mlp"
    hidden_sizes: tuple[int, ...] = field(
        default=(16,),
        metadata=about(
            "number of units of each hidden layer, one or two", 1, MAX_UNITS, length=(1, MAX_LAYERS)
        ),
    )

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Numbers of units of each layer, inputs first."""
        return self.input_size, *self.hidden_sizes, self.action_size


@policy_of(LinearConfig)
class FeedForward(Network[LinearConfig]):
    """Linear layers with tanh between them."""

    @property
    def parameter_shapes(self) -> Shapes:
        """As `Policy.parameter_shapes`; weights are (out, in)."""
        shapes: Shapes = {}
        for number, (inputs, outputs) in enumerate(pairwise(self.config.layer_sizes)):
            shapes |= {f"{number}.weight": (outputs, inputs), f"{number}.bias": (outputs,)}
        return shapes

    @property
    def num_hidden_units(self) -> int:
        """As `HasHiddenUnits.num_hidden_units`."""
        return sum(self.config.layer_sizes[1:-1])

    def without_units(
        self, parameters: Parameters, state: NetworkState, silent: Tensor
    ) -> tuple[Parameters, NetworkState]:
        """As `HasHiddenUnits.without_units`: with incoming weights of 0 they are tanh 0 = 0."""
        own = dict(parameters)
        kept = (~silent).split_with_sizes(list(self.config.layer_sizes[1:-1]), -1)
        for layer, units in enumerate(kept):
            own[f"{layer}.weight"] = own[f"{layer}.weight"] * units[..., None]
            own[f"{layer}.bias"] = own[f"{layer}.bias"] * units
        return own, state

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        """As `Network.respond`."""
        x = inputs
        for number in range(len(self.config.layer_sizes) - 1):
            x = torch.tanh(x) if number else x
            x = linear(x, parameters[f"{number}.weight"], parameters[f"{number}.bias"])
        return memory, x
