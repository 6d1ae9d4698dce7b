"""Observation encoders and action decoders, between Gymnasium's spaces and the network."""

from lndp_agents.spaces.decoding import ActionDecoding
from lndp_agents.spaces.encoding import AffineEncoding, ObservationEncoding, PlaceEncoding
from lndp_agents.spaces.fit import check_fit, config_for
from lndp_agents.spaces.json_form import space_from_json, space_to_json
from lndp_agents.spaces.kinds import Space, as_finite
from lndp_agents.spaces.parts import PartsEncoding
from lndp_agents.spaces.pixels import PixelEncoding
from lndp_agents.spaces.rows import from_numbers, highest, is_array, plain_space, to_numbers

__all__ = [
    "ActionDecoding",
    "AffineEncoding",
    "ObservationEncoding",
    "PartsEncoding",
    "PixelEncoding",
    "PlaceEncoding",
    "Space",
    "as_finite",
    "check_fit",
    "config_for",
    "from_numbers",
    "highest",
    "is_array",
    "plain_space",
    "space_from_json",
    "space_to_json",
    "to_numbers",
]
