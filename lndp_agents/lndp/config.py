"""Sizes and switches of the developmental program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self

from lndp_agents.config import MAX_NODES, Decoder, Encoder, PolicyConfig, within
from lndp_agents.validation import is_sequence, shorten

MIN_HIDDEN = 8
"""Hidden nodes that a program made without a number of nodes has at least."""
MAX_WIDTH = 1024
MAX_STEPS = 10_000
MAX_LIFE_BYTES = 2**30
"""Of memory that one step of one life may take."""


@dataclass(frozen=True, kw_only=True)
class LNDPConfig(PolicyConfig):
    """Sizes and switches of a program (arXiv 2406.09787); nothing in it is learned.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.

    Example:
        >>> from lndp_agents import LNDPConfig
        >>> config = LNDPConfig(observation_size=4, action_size=2, nodes=16, pruning=False)
        >>> config.hidden_nodes
        10
        >>> LNDPConfig.from_json(config.to_json()) == config
        True
    """

    policy: ClassVar[str] = "lndp"
    extensions: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {
            "candidates": 0,
            "innate_roles": False,
            "innate_wiring": False,
            "reward_scale": 1.0,
            "reward_nodes": False,
            "mechanisms": (),
        }
    )
    retired: ClassVar[Mapping[str, Any]] = MappingProxyType({"action_scale": 1.0})
    gated_biases: ClassVar[tuple[str, ...]] = ("node_gru.bias", "edge_gru.bias")
    decision_biases: ClassVar[tuple[str, ...]] = ("synaptogenesis.1.bias", "pruning.1.bias")

    observation_size: int = field(metadata=within(1, MAX_NODES))
    """Numbers of the encoded observation, each with an input node."""
    action_size: int = field(metadata=within(1, MAX_NODES))
    """M: output nodes, one per discrete action or per dimension of a continuous one."""
    nodes: int = field(default=32, metadata=within(1, MAX_NODES))
    """N: all nodes; those that are neither inputs nor outputs are hidden."""
    node_features: int = field(default=8, metadata=within(1, MAX_WIDTH))
    """Dh: width of a node's state."""
    edge_features: int = field(default=4, metadata=within(1, MAX_WIDTH))
    """De: width of an edge's state; the first feature is the synaptic weight."""
    network_steps: int = field(default=3, metadata=within(1, MAX_WIDTH))
    """K: propagation steps of the brain per step of the environment."""
    development_steps: int = field(default=0, metadata=within(0, MAX_STEPS))
    """Steps of spontaneous activity between birth and the first observation."""
    graph_layers: int = field(default=1, metadata=within(1, MAX_WIDTH))
    """How often the graph transformer is applied in one step."""
    attention_heads: int = field(default=3, metadata=within(1, MAX_WIDTH))
    query_features: int = field(default=4, metadata=within(1, MAX_WIDTH))
    """Width of a query or key, per head."""
    value_features: int = field(default=8, metadata=within(1, MAX_WIDTH))
    """Width of a value, per head."""
    decision_features: int = field(default=16, metadata=within(1, MAX_WIDTH))
    """Hidden width of the two networks that decide on pruning and synaptogenesis."""
    discrete_actions: bool = True
    """Argmax of the outputs if true, the outputs themselves if false."""
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
    reward_scale: float = field(default=1.0, metadata=within(0, 1e6))
    """Factor on the reward before the synapses sense it; 1 in the paper."""
    reward_nodes: bool = False
    """True adds two input nodes, which have the same innate states in all bodies: the last reward r as
    sign(r) log(1 + |r|), and 1 where an episode starts. So activity senses what the baselines sense; in the
    paper synapses alone receive the reward. This extends the paper."""
    development_between_episodes: bool = False
    """Whether development is repeated at the start of each later episode of a life."""
    candidates: int = field(default=0, metadata=within(0, MAX_NODES))
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
    initial_density: float = field(default=0.1, metadata=within(0, 1.0))
    """Mean of a life's connection probability at birth."""
    initial_density_std: float = field(default=0.0, metadata=within(0, 10.0))
    """Standard deviation of that probability before truncation to [0, 1]."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mechanisms", _names(self.mechanisms))
        super().__post_init__()
        if self.hidden_nodes < 1:
            raise ValueError(
                f"nodes={self.nodes}: {self.input_nodes} inputs and {self.action_size} outputs "
                f"leave no hidden node; give at least {self.input_nodes + self.action_size + 1}"
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
    def input_nodes(self) -> int:
        """O: one node per number of the encoded observation, then the two of `reward_nodes`."""
        return self.observation_size + 2 * self.reward_nodes

    @property
    def hidden_nodes(self) -> int:
        """Nodes that are neither inputs nor outputs."""
        return self.nodes - self.input_nodes - self.action_size

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

    @classmethod
    def fitting(cls, encoding: Encoder, decoding: Decoder, **switches: Any) -> Self:
        """As `PolicyConfig.fitting`; `nodes` is 32, or more where few would be hidden."""
        if encoding.size > MAX_NODES:
            raise ValueError(
                f"encoding {encoding.kind} gives {encoding.size} numbers, a brain takes 1 to {MAX_NODES}, "
                "one node each: for pictures take `--policy hebbian --encoding pixels`"
            )
        inputs = encoding.size + 2 * bool(switches.get("reward_nodes", cls.reward_nodes))
        nodes = max(cls.nodes, inputs + decoding.size + MIN_HIDDEN)
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
