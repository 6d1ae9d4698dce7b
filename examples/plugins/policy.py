"""A policy from outside: leaky integrators of the inputs, read out linearly, with time constants that evolve.

lndp train lndp/Foraging-v0 --policy examples/plugins/policy.py:LeakyConfig --generations 50
lndp evaluate runs/Foraging_1 --trust
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.genome import Parameters
from lndp_agents.lndp.cells import linear
from lndp_agents.policies.network import Lives, Network, NetworkConfig, require_backend, require_integer


@dataclass(frozen=True, kw_only=True)
class LeakyConfig(NetworkConfig):
    """Leaky units between inputs and outputs."""

    policy: ClassVar[str] = "leaky"
    units: int = 8
    """How many units there are."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "units", 1, 1024)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each named parameter; weights are (out, in)."""
        return {
            "in.weight": (self.units, self.input_size),
            "leak": (self.units,),
            "out.weight": (self.action_size, self.units),
            "out.bias": (self.action_size,),
        }

    def make_program(self, backend: str = "eager") -> "Leaky":
        """The policy of this configuration."""
        require_backend(self, backend)
        return Leaky(self)


class Leaky(Network):
    """u <- (1 - leak) u + leak tanh(W x)."""

    def __init__(self, config: LeakyConfig) -> None:
        self._config = config

    @property
    def config(self) -> LeakyConfig:
        """Its configuration."""
        return self._config

    @property
    def memory_size(self) -> int:
        """One number for each unit."""
        return self._config.units

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        """The next memory and the outputs."""
        leak = torch.sigmoid(parameters["leak"])[:, None]
        after = (1 - leak) * memory + leak * torch.tanh(linear(inputs, parameters["in.weight"]))
        after = torch.where(lives.alive[..., None], after, memory)
        return after, linear(after, parameters["out.weight"], parameters["out.bias"])
