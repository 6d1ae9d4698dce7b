"""The base of all policy configs, which are plain numbers and switches, saved as JSON."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from lndp_agents.validation import check_fields, is_object, parse_json, read_fields

MAX_NODES = 4096
"""Largest number of nodes of a graph, and of inputs that an encoder gives, but for images."""


class Encoder(Protocol):
    """The part of an observation encoder that a config reads."""

    kind: ClassVar[str]

    @property
    def size(self) -> int:
        """O: size of the encoded observation."""
        ...


class Decoder(Protocol):
    """The part of an action decoder that a config reads."""

    discrete: ClassVar[bool]
    """Whether the action is the index of the largest number."""

    @property
    def size(self) -> int:
        """M: number of outputs that an action is decoded from."""
        ...


@dataclass(frozen=True, kw_only=True)
class PolicyConfig(ABC):
    """Settings of a policy, which do not evolve. Subclasses are frozen dataclasses.

    `lndp_agents.policies.POLICIES` has all kinds by name, `policies.make_policy` makes the policy of one.

    Example:
        >>> from lndp_agents import LNDPConfig, PolicyConfig
        >>> issubclass(LNDPConfig, PolicyConfig), LNDPConfig.policy
        (True, 'lndp')
    """

    policy: ClassVar[str]
    """The name of the kind."""
    has_input_nodes: ClassVar[bool] = False
    """Whether the network has a node for each input, of which pictures have too many."""
    from_spaces: ClassVar[tuple[str, ...]] = ("observation_size", "action_size", "discrete_actions")
    """Fields that follow from the spaces of the environment."""
    extensions: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Fields that came later, with the values at which they change nothing and are left out of the JSON."""
    retired: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Fields of older files that mean nothing any more and are not read, with their usual values, over which
    the hashes of runs are."""
    gated_biases: ClassVar[tuple[str, ...]] = ()
    """Parameters that are biases of gated recurrent cells, with the gates reset, update and candidate."""
    decision_biases: ClassVar[tuple[str, ...]] = ()
    """Parameters, if they are there, that are biases of decisions to change the network."""

    observation_size: int
    action_size: int
    if TYPE_CHECKING:  # every kind has these too, among its other fields, whose order the JSON keeps
        discrete_actions: bool = True
        reward_input: bool = True

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def needs_state(self) -> bool:
        """Whether an action depends on earlier steps of the lifetime, or on there being any."""
        return True

    @property
    def own_inputs(self) -> tuple[str, ...]:
        """Names of inputs that come after those of the observation."""
        return ()

    @classmethod
    def sizes(cls, encoding: Encoder, decoding: Decoder) -> dict[str, Any]:
        """Return the values of `from_spaces`."""
        return {
            "observation_size": encoding.size,
            "action_size": decoding.size,
            "discrete_actions": decoding.discrete,
        }

    @classmethod
    def fitting(cls, encoding: Encoder, decoding: Decoder, **switches: Any) -> Self:
        """Return the config that fits the spaces, with other fields as switches.

        Raises:
            ValueError: a field is unknown or out of range.
        """
        return cls.from_json({**switches, **cls.sizes(encoding, decoding)})

    def to_json(self) -> dict[str, Any]:
        """Return all fields as a JSON object, without `extensions` at their defaults."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value != self.extensions.get(name)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Self:
        """Return the config in a JSON object or its text.

        Raises:
            ValueError: a field is unknown, missing or out of range.
        """
        given: object = parse_json(data) if isinstance(data, str) else data
        if cls.retired and is_object(given):
            data = {name: value for name, value in given.items() if name not in cls.retired}
        values = read_fields("configuration", data, cls.field_names())
        if missing := sorted({"observation_size", "action_size"} - set(values)):
            raise ValueError(f"configuration field {missing[0]!r} is missing")
        return cls(**values)

    @classmethod
    def field_names(cls) -> set[str]:
        """Return the names of all fields."""
        return {field.name for field in fields(cls)}


def __getattr__(name: str) -> Any:
    """Find `LNDPConfig`, which was here before it was in `lndp_agents.lndp`, for code of users."""
    if name != "LNDPConfig":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("lndp_agents.lndp.config").LNDPConfig
