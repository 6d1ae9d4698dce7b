"""Configurations: plain numbers and switches, saved as JSON; what all policies share, and the program's."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lndp_agents.validation import is_integer, is_sequence, read_fields, shorten

if TYPE_CHECKING:
    from lndp_agents.policies.policy import Policy
    from lndp_agents.spaces import ActionDecoding, ObservationEncoding

MIN_HIDDEN = 8
"""Hidden nodes that a program made without a number of nodes has at least."""
MAX_NODES = 4096
MAX_WIDTH = 1024
MAX_STEPS = 10_000
MAX_LIFE_BYTES = 2**30
"""Of memory that one step of one life may take."""


@dataclass(frozen=True, kw_only=True)
class PolicyConfig(ABC):
    """What is fixed about a policy; nothing in it is learned. Subclasses are frozen dataclasses.

    Through its configuration everything about a policy is found: the names and shapes of what evolves, and
    the program that lives. `lndp_agents.policies.POLICIES` has all kinds by name.
    """

    policy: ClassVar[str]
    """The name of the kind."""
    from_spaces: ClassVar[tuple[str, ...]] = ("observation_size", "action_size", "discrete_actions")
    """Fields that follow from the spaces of the environment."""
    extensions: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Fields that came later, with the values at which they change nothing and are left out of the JSON."""
    gated_biases: ClassVar[tuple[str, ...]] = ()
    """Parameters that are biases of gated recurrent cells, with the gates reset, update and candidate."""
    decision_biases: ClassVar[tuple[str, ...]] = ()
    """Parameters, if they are there, that are biases of decisions to change the network."""

    observation_size: int
    action_size: int
    if TYPE_CHECKING:  # every kind has these too, among its other fields, whose order the JSON keeps
        discrete_actions: bool = True
        reward_input: bool = True

    @abstractmethod
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each named parameter of one genome, in the order of the genotype."""

    @abstractmethod
    def make_program(self, backend: str = "eager") -> "Policy[Any]":
        """What lives: "eager", or "auto" for the fastest way that there is.

        Raises:
            ValueError: the backend is unknown, or does not support this configuration.
        """

    @property
    def needs_state(self) -> bool:
        """Whether a step of life depends on the steps before it, or on there being any."""
        return True

    @classmethod
    def sizes(cls, encoding: "ObservationEncoding", decoding: "ActionDecoding") -> dict[str, Any]:
        """The values of `from_spaces`."""
        return {
            "observation_size": encoding.size,
            "action_size": decoding.size,
            "discrete_actions": decoding.discrete,
        }

    @classmethod
    def fitting(cls, encoding: "ObservationEncoding", decoding: "ActionDecoding", **switches: Any) -> Self:
        """The configuration that fits spaces, with other fields as switches.

        Raises:
            ValueError: a field is unknown or out of range.
        """
        return cls.from_json({**switches, **cls.sizes(encoding, decoding)})

    def to_json(self) -> dict[str, Any]:
        """All fields as a JSON object, without `extensions` that are not used: older files know none."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value != self.extensions.get(name)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Self:
        """The configuration in a JSON object or its text.

        Raises:
            ValueError: a field is unknown, missing or out of range.
        """
        values = read_fields("configuration", data, cls.field_names())
        if missing := sorted({"observation_size", "action_size"} - set(values)):
            raise ValueError(f"configuration field {missing[0]!r} is missing")
        return cls(**values)

    @classmethod
    def field_names(cls) -> set[str]:
        """The names of all fields."""
        return {field.name for field in fields(cls)}


@dataclass(frozen=True, kw_only=True)
class LNDPConfig(PolicyConfig):
    """Sizes and switches of a program (arXiv 2406.09787); nothing in it is learned.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.
    """

    policy: ClassVar[str] = "lndp"
    extensions: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {
            "candidates": 0,
            "innate_roles": False,
            "innate_wiring": False,
            "reward_scale": 1.0,
            "mechanisms": (),
        }
    )
    gated_biases: ClassVar[tuple[str, ...]] = ("node_gru.bias", "edge_gru.bias")
    decision_biases: ClassVar[tuple[str, ...]] = ("synaptogenesis.1.bias", "pruning.1.bias")

    observation_size: int
    """O: input nodes, one per number of the encoded observation."""
    action_size: int
    """M: output nodes, one per discrete action or per dimension of a continuous one."""
    nodes: int = 32
    """N: all nodes; those that are neither inputs nor outputs are hidden."""
    node_features: int = 8
    """Dh: width of a node's state."""
    edge_features: int = 4
    """De: width of an edge's state; the first feature is the synaptic weight."""
    network_steps: int = 3
    """K: propagation steps of the brain per step of the environment."""
    development_steps: int = 0
    """Steps of spontaneous activity between birth and the first observation."""
    graph_layers: int = 1
    """How often the graph transformer is applied in one step."""
    attention_heads: int = 3
    query_features: int = 4
    """Width of a query or key, per head."""
    value_features: int = 8
    """Width of a value, per head."""
    decision_features: int = 16
    """Hidden width of the two networks that decide on pruning and synaptogenesis."""
    discrete_actions: bool = True
    """Argmax of the outputs if true, the outputs themselves if false."""
    action_scale: float = 1.0
    """Factor on continuous outputs in `LNDP.action`; an agent uses the bounds of its action space instead."""
    bias: bool = False
    """Whether the first node feature is added to the node's input."""
    recurrent: bool = False
    """Whether activations start from those of the previous step instead of zero."""
    stochastic: bool = False
    """Whether rewiring decisions are sampled instead of thresholded."""
    pruning: bool = True
    synaptogenesis: bool = True
    lifetime_updates: bool = True
    """False freezes the brain after birth and development: a plain Neural Developmental Program."""
    graph_transformer: bool = True
    """False replaces attention by one linear map of each node's own features."""
    spontaneous_activity: bool = True
    """False keeps the inputs silent during development."""
    reward_input: bool = True
    """False hides the reward from the synapses."""
    reward_scale: float = 1.0
    """Factor on the reward before the synapses sense it; 1 in the paper."""
    development_between_episodes: bool = False
    """Whether development is repeated at the start of each later episode of a life."""
    candidates: int = 0
    """C: receivers that each node looks at in a step of a large brain, itself among them (see
    `lndp.edge_list`); 0 makes every pair one, as in the paper."""
    innate_roles: bool = False
    """True gives each input and each output node the same state at every birth, drawn once for all, so that a
    program can know its senses and its muscles apart (compare the intrinsic states of Nisioti et al. 2024,
    arXiv 2405.08510). This extends the paper, where a newborn must find out by living, or from its
    spontaneous activity, which is which."""
    innate_wiring: bool = False
    """True lets the genome say how strong synapses are at birth: every node, hidden ones too, has the same
    state at every birth, and the edges of a newborn follow from the states of their ends
    (`lndp.mechanisms.wiring`). States are drawn once for all bodies of as many inputs and outputs, so that
    one genome can wire each kind of body in its own way. This extends the paper, whose newborns have random
    synapses."""
    mechanisms: tuple[str, ...] = ()
    """Further mechanisms by name, "module:Name", or their classes: each replaces a step of the program or
    comes after one (see `lndp_agents.lndp.mechanisms.Mechanism`)."""
    initial_density: float = 0.1
    """Mean of a life's connection probability at birth."""
    initial_density_std: float = 0.0
    """Standard deviation of that probability before truncation to [0, 1]."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mechanisms", _names(self.mechanisms))
        for name, maximum in _INTEGER_LIMITS.items():
            value = getattr(self, name)
            minimum = 0 if name in ("candidates", "development_steps") else 1
            if not is_integer(value, minimum, maximum):
                raise ValueError(f"{name}={shorten(value)}: give an integer from {minimum} to {maximum}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is bool and type(value) is not bool:
                raise ValueError(f"{field.name}={shorten(value)}: give true or false")
        for name, maximum in _FLOAT_LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= maximum:
                raise ValueError(f"{name}={shorten(value)}: give a number from 0 to {maximum:g}")
        if self.hidden_nodes < 1:
            raise ValueError(
                f"nodes={self.nodes}: {self.observation_size} inputs and {self.action_size} outputs "
                f"leave no hidden node; give at least {self.observation_size + self.action_size + 1}"
            )
        if self.candidates == 1 or self.candidates > self.nodes:
            raise ValueError(
                f"candidates={self.candidates}: give 2 to nodes={self.nodes}, or 0 for every pair of nodes"
            )
        if self.step_bytes > MAX_LIFE_BYTES:
            raise ValueError(
                f"nodes={self.nodes}: a step of one life takes {self.step_bytes / 2**30:.1f} GiB, at most "
                f"{MAX_LIFE_BYTES / 2**30:g} is allowed; give fewer nodes, features or heads, or candidates"
            )

    @property
    def step_bytes(self) -> int:
        """The memory that birth and an eager step of one life take at most, at their peak.

        The peak is where edges are updated, attention is paid or decisions are made, whatever is widest; what
        a brain has before and after the step is counted too. Of a brain with candidates the edges are those
        that it is born with, and one more for each candidate.
        """
        edge, heads, hidden = self.edge_features, self.attention_heads, self.decision_features
        query, value = self.query_features, self.value_features
        if self.candidates:
            density = min(1, self.initial_density + 3 * self.initial_density_std)
            pairs = self.nodes * self.candidates + int(density * self.nodes**2)
            attention = heads * (max(3 * query, 2 * value) + 8)
            per_pair = 28 + edge + max(11 * edge, attention, 3 * hidden)
        else:
            pairs = self.nodes**2
            per_pair = 5 + edge + max(10 * edge, 4 * heads, 2 * hidden + edge, 16)
        attention = heads * (2 * query + 3 * value)
        per_node = attention + 18 * self.node_features + 3 * self.trace_size
        return 4 * (pairs * per_pair + self.nodes * per_node + self.node_features * attention)

    @property
    def hidden_nodes(self) -> int:
        """Nodes that are neither inputs nor outputs."""
        return self.nodes - self.observation_size - self.action_size

    @property
    def needs_state(self) -> bool:
        """As `PolicyConfig.needs_state`."""
        return self.lifetime_updates or self.recurrent or self.development_between_episodes

    @property
    def trace_size(self) -> int:
        """K + 1: remembered activations per node."""
        return self.network_steps + 1

    @property
    def state_bytes(self) -> int:
        """How much memory the state of one lifetime takes; at birth, where edges are kept as a list."""
        pairs = self.nodes**2
        if self.candidates:
            pairs = int(self.initial_density * pairs) + self.nodes
        return 4 * (
            pairs * (self.edge_features + 2) + self.nodes * (self.node_features + self.trace_size + 1)
        )

    @property
    def develops_from_activity(self) -> bool:
        """Whether the genome holds the parameters of spontaneous activity."""
        return self.development_steps > 0 and self.spontaneous_activity

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `PolicyConfig.parameter_shapes`."""
        from lndp_agents.lndp.assembly import parameter_shapes  # here: a configuration needs no torch

        return parameter_shapes(self)

    def make_program(self, backend: str = "eager") -> "Policy[Any]":
        """As `lndp_agents.lndp.make_program`."""
        from lndp_agents.lndp.sparse import make_program

        return make_program(self, backend)

    @classmethod
    def fitting(cls, encoding: "ObservationEncoding", decoding: "ActionDecoding", **switches: Any) -> Self:
        """As `PolicyConfig.fitting`; `nodes` is 32, or more where few would be hidden."""
        if encoding.size > MAX_NODES:
            raise ValueError(
                f"encoding {encoding.kind} gives {encoding.size} numbers, a brain takes 1 to {MAX_NODES}, "
                "one node each: for pictures take `--policy hebbian --encoding pixels`"
            )
        nodes = max(cls.nodes, encoding.size + decoding.size + MIN_HIDDEN)
        return super().fitting(encoding, decoding, **{"nodes": nodes, **switches})


def _names(mechanisms: object) -> tuple[str, ...]:
    """Names of mechanisms, of which some may be given as classes.

    Raises:
        ValueError: they are no list of names, or one comes twice.
    """
    given = mechanisms if is_sequence(mechanisms) else [None]
    names = [f"{each.__module__}:{each.__qualname__}" if isinstance(each, type) else each for each in given]
    known = [name for name in names if isinstance(name, str) and name]
    if len(set(known)) < len(names):
        raise ValueError(f"mechanisms={shorten(mechanisms)}: give a list of names MODULE:NAME, each once")
    return tuple(known)


_INTEGER_LIMITS = {
    "observation_size": MAX_NODES,
    "action_size": MAX_NODES,
    "nodes": MAX_NODES,
    "node_features": MAX_WIDTH,
    "edge_features": MAX_WIDTH,
    "network_steps": MAX_WIDTH,
    "development_steps": MAX_STEPS,
    "candidates": MAX_NODES,
    "graph_layers": MAX_WIDTH,
    "attention_heads": MAX_WIDTH,
    "query_features": MAX_WIDTH,
    "value_features": MAX_WIDTH,
    "decision_features": MAX_WIDTH,
}
_FLOAT_LIMITS = {
    "action_scale": 1e6,
    "reward_scale": 1e6,
    "initial_density": 1.0,
    "initial_density_std": 10.0,
}
