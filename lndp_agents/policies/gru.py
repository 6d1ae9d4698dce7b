"""`gru`: a gated recurrent network that learns within a life by its activity alone, in the manner of RL^2.

It gets the observation, the last reward and the start of an episode, and its state lasts the whole life, over
all episodes (Duan et al. 2016, arXiv 1611.02779). Evolution finds its weights, which no life changes.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.genome import Parameters
from lndp_agents.lndp.cells import gated_update, linear, recurrent_bias
from lndp_agents.policies.network import (
    MAX_UNITS,
    Lives,
    Network,
    NetworkConfig,
    NetworkState,
    require_backend,
    require_integer,
)


@dataclass(frozen=True, kw_only=True)
class GRUConfig(NetworkConfig):
    """A gated recurrent layer and a linear one."""

    policy: ClassVar[str] = "gru"
    gated_biases: ClassVar[tuple[str, ...]] = ("bias",)
    hidden_size: int = 16
    """H: units of the recurrent layer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "hidden_size", 1, MAX_UNITS)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `PolicyConfig.parameter_shapes`; gates are those of `torch.nn.GRUCell`."""
        hidden = self.hidden_size
        return {
            "weight_ih": (3 * hidden, self.input_size),
            "weight_hh": (3 * hidden, hidden),
            "bias": (3 * hidden,),
            "candidate_bias": (hidden,),
            "out.weight": (self.action_size, hidden),
            "out.bias": (self.action_size,),
        }

    def make_program(self, backend: str = "eager") -> "GRU":
        """As `PolicyConfig.make_program`."""
        require_backend(self, backend)
        return GRU(self)


class GRU(Network):
    """What a `GRUConfig` describes. Its memory is the state of the recurrent layer."""

    def __init__(self, config: GRUConfig) -> None:
        self._config = config

    @property
    def config(self) -> GRUConfig:
        """As `Policy.config`."""
        return self._config

    @property
    def memory_size(self) -> int:
        """H."""
        return self._config.hidden_size

    @property
    def num_hidden_units(self) -> int:
        """As `HasHiddenUnits.num_hidden_units`."""
        return self._config.hidden_size

    def without_units(
        self, parameters: Parameters, state: NetworkState, silent: Tensor
    ) -> tuple[Parameters, NetworkState]:
        """As `HasHiddenUnits.without_units`: what leads to them is 0, and so their state stays 0."""
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
