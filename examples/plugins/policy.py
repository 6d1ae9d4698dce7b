"""A policy from outside: leaky integrators of the inputs, read out linearly, with time constants that evolve.

lndp train lndp/Foraging-v0 --policy examples/plugins/policy.py:LeakyConfig --generations 50
lndp evaluate runs/lndp-Foraging-v0_1 --trust
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from lndp_agents import Network, NetworkConfig, policy_of


@dataclass(frozen=True, kw_only=True)
class LeakyConfig(NetworkConfig):
    """Leaky units between inputs and outputs."""

    policy: ClassVar[str] = "leaky"
    units: int = field(default=8, metadata={"help": "number of units", "low": 1, "high": 1024})


@policy_of(LeakyConfig)
class Leaky(Network[LeakyConfig]):
    """u <- (1 - leak) u + leak tanh(W x)."""

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each named parameter; weights are (out, in)."""
        return {
            "in.weight": (self.config.units, self.config.input_size),
            "leak": (self.config.units,),
            "out.weight": (self.config.action_size, self.config.units),
            "out.bias": (self.config.action_size,),
        }

    @property
    def memory_size(self) -> int:
        """One number for each unit."""
        return self.config.units

    def respond(
        self, parameters: Mapping[str, Tensor], memory: Tensor, inputs: Tensor, lives: Any
    ) -> tuple[Tensor, Tensor]:
        """The next memory and the outputs."""
        leak = torch.sigmoid(parameters["leak"])[:, None]
        after = (1 - leak) * memory + leak * torch.tanh(inputs @ parameters["in.weight"].mT)
        after = torch.where(lives.alive[..., None], after, memory)
        return after, after @ parameters["out.weight"].mT + parameters["out.bias"][:, None]
