"""Sizes and switches of Hebbian networks."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, ClassVar

from lndp_agents.config import Decoder, Encoder
from lndp_agents.policies.hebbian.pixels import NUM_FEATURES
from lndp_agents.policies.hebbian.rule import Rule
from lndp_agents.policies.hebbian.weights import Initialisation
from lndp_agents.policies.network import MAX_UNITS, NetworkConfig
from lndp_agents.spaces.decoding import BoxDecoding
from lndp_agents.spaces.pixels import NUM_PIXELS, PixelEncoding
from lndp_agents.validation import about, shorten

MAX_LAYERS = 8


class Output(StrEnum):
    """Functions of the pre-activation z of the last layer: the action, and the activation in the rule."""

    CLIP = "clip"
    """Box: z clipped to the bounds; Discrete: the largest z. The rule uses z."""
    TANH = "tanh"
    """tanh z stretched to the bounds, as for Bullet's robots. The rule uses tanh z."""
    CAR_RACING = "car_racing"
    """(tanh z0, sigmoid z1, sigmoid z2). The rule uses z."""


@dataclass(frozen=True, kw_only=True)
class HebbianConfig(NetworkConfig):
    """Sizes and switches of a Hebbian network; the defaults are those of the paper's code.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.
    """

    policy: ClassVar[str] = "hebbian"
    from_spaces: ClassVar[tuple[str, ...]] = (
        *NetworkConfig.from_spaces,
        "action_low",
        "action_high",
        "pixels",
    )
    reward_input: bool = field(
        default=False,
        metadata=about("last reward and start of an episode as two more inputs; no inputs in the paper"),
    )
    hidden_sizes: tuple[int, ...] = field(
        default=(128, 64),
        metadata=about("number of units of each hidden layer", 1, MAX_UNITS, length=(1, MAX_LAYERS)),
    )
    rule: Rule = field(default=Rule.ABCD_LR, metadata=about("plasticity rule of every synapse"))
    initialisation: Initialisation = field(
        default=Initialisation.UNI, metadata=about("distribution of initial weights")
    )
    normalise: bool = field(
        default=True,
        metadata=about("division of each weight matrix by its largest absolute weight after every change"),
    )
    """The paper's networks for Bullet go without."""
    output: Output = field(default=Output.CLIP, metadata=about("function from the last layer to the action"))
    action_low: tuple[float, ...] = field(
        default=(), metadata=about("lower bounds of a continuous action; -1 if none")
    )
    action_high: tuple[float, ...] = field(
        default=(), metadata=about("upper bounds of a continuous action; 1 if none")
    )
    pixels: bool = field(
        default=False, metadata=about("convolutional layers in front, for an observation that is an image")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("action_low", "action_high"):
            bounds = getattr(self, name)
            if len(bounds) not in (0, self.action_size):
                raise ValueError(f"{name}={shorten(bounds)}: give {self.action_size} numbers, or none")
        if self.output is Output.CAR_RACING and (self.action_size != 3 or self.discrete_actions):
            raise ValueError("output='car_racing': give it to an environment of CarRacing's three controls")
        if self.pixels and self.observation_size != NUM_PIXELS:
            raise ValueError(f"observation_size={self.observation_size}: pixels have {NUM_PIXELS}")

    @classmethod
    def sizes(cls, encoding: Encoder, decoding: Decoder) -> dict[str, Any]:
        """As `PolicyConfig.sizes`."""
        is_box = isinstance(decoding, BoxDecoding)
        return super().sizes(encoding, decoding) | {
            "action_low": decoding.low if is_box else (),
            "action_high": decoding.high if is_box else (),
            "pixels": isinstance(encoding, PixelEncoding),
        }

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Numbers of units of each plastic layer, inputs first."""
        features = NUM_FEATURES if self.pixels else self.observation_size
        return features + 2 * self.reward_input, *self.hidden_sizes, self.action_size

    @property
    def synapse_counts(self) -> tuple[int, ...]:
        """Numbers of synapses between each pair of layers."""
        return tuple(before * after for before, after in pairwise(self.layer_sizes))

    @property
    def num_synapses(self) -> int:
        """Number of all plastic synapses."""
        return sum(self.synapse_counts)
