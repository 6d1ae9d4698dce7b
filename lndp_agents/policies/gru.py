"""`gru`: a gated recurrent network that adapts by its activity alone, in the manner of RL^2.

It receives the observation, the last reward and the start of an episode, and its state lasts for the whole
lifetime, over all episodes (Duan et al. 2016, arXiv 1611.02779). Its weights evolve, and do not change within
a lifetime.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.lndp.cells import gated_update, linear, recurrent_bias
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


@dataclass(frozen=True, kw_only=True)
class GRUConfig(NetworkConfig):
    """A gated recurrent layer and a linear one."""

    policy: ClassVar[str] = "gru"
    gated_biases: ClassVar[tuple[str, ...]] = ("bias",)
    hidden_size: int = field(
        default=16, metadata=about("number of units of the recurrent layer", 1, MAX_UNITS)
    )
    """H."""


@policy_of(GRUConfig)
class GRU(Network[GRUConfig]):
    """The policy of a `GRUConfig`. Its memory is the state of the recurrent layer."""

    @property
    def parameter_shapes(self) -> Shapes:
        """As `Policy.parameter_shapes`; gates are those of `torch.nn.GRUCell`."""
        hidden = self.config.hidden_size
        return {
            "weight_ih": (3 * hidden, self.config.input_size),
            "weight_hh": (3 * hidden, hidden),
            "bias": (3 * hidden,),
            "candidate_bias": (hidden,),
            "out.weight": (self.config.action_size, hidden),
            "out.bias": (self.config.action_size,),
        }

    @property
    def memory_size(self) -> int:
        """H."""
        return self.config.hidden_size

    @property
    def num_hidden_units(self) -> int:
        """As `HasHiddenUnits.num_hidden_units`."""
        return self.config.hidden_size

    def without_units(
        self, parameters: Parameters, state: NetworkState, silent: Tensor
    ) -> tuple[Parameters, NetworkState]:
        """As `HasHiddenUnits.without_units`: their incoming weights are 0, and so their state stays 0."""
        own, kept = dict(parameters), ~silent
        gates = kept.repeat(1, 3)
        for name in ("weight_ih", "weight_hh"):
            own[name] = own[name] * gates[..., None]
        own["bias"] = own["bias"] * gates
        own["candidate_bias"] = own["candidate_bias"] * kept
        return own, state._replace(memory=state.memory * kept[:, None])

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        """As `Network.respond`."""
        maps = (
            linear(inputs, parameters["weight_ih"], parameters["bias"]),
            linear(memory, parameters["weight_hh"], recurrent_bias(parameters["candidate_bias"])),
        )
        hidden = torch.where(lives.alive[..., None], gated_update(*maps, memory, -1), memory)
        return hidden, linear(hidden, parameters["out.weight"], parameters["out.bias"])
