"""An intervention in a file of one's own: a hidden node that is held at one activation.

Run it:

    lndp lesion foraging-reversal --lesion examples/plugins/intervention.py:Clamp --at 50
    lndp watch foraging-reversal --lesion examples/plugins/intervention.py:Clamp --at 50 --gif clamp.gif
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from lndp_agents import Intervention


@dataclass(frozen=True, kw_only=True)
class Clamp(Intervention):
    """From a step on, the first hidden node of an LNDP sends the same activation, whatever it receives."""

    kind: ClassVar[str] = "clamp"
    activation: float = 1.0
    """Of the node, from -1 to 1."""

    def before_step(self, step: int, network: Any) -> Any:
        """As `Intervention.before_step`: only an LNDP has such nodes."""
        if step == self.at and not hasattr(network.state, "activation"):
            raise ValueError(f"lesion=Clamp: {type(network.state).__name__} has no nodes; name an LNDP")
        return self._clamped(network) if step == self.at else network

    def on_state(self, step: int, network: Any) -> Any:
        """As `Intervention.on_state`."""
        return self._clamped(network) if step >= self.at else network

    def _clamped(self, network: Any) -> Any:
        node = network.policy.config.observation_size  # hidden nodes come after the inputs
        activation = network.state.activation.clone()
        activation[..., node] = self.activation
        return network.with_state(network.state._replace(activation=activation))

    @property
    def value(self) -> float:
        """As `Intervention.value`."""
        return self.activation

    def __str__(self) -> str:
        return f"a hidden node held at {self.activation:g} from step {self.at} on"
