"""Sizes and switches of the developmental program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self

from lndp_agents.config import MAX_NODES, Decoder, Encoder, PolicyConfig
from lndp_agents.validation import about, is_sequence, shorten

MIN_HIDDEN = 8
"""Least number of hidden nodes of a config that is made without `nodes`."""
MAX_WIDTH = 1024
MAX_STEPS = 10_000
MAX_LIFE_BYTES = 2**30
"""Largest memory of one step of one lifetime, in bytes."""


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
    has_input_nodes: ClassVar[bool] = True
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

    observation_size: int = field(
        metadata=about("size of the encoded observation, with an input node for each number", 1, MAX_NODES)
    )
    action_size: int = field(
        metadata=about(
            "number of output nodes, one per discrete action or per dimension of a continuous one",
            1,
            MAX_NODES,
        )
    )
    """M."""
    nodes: int = field(
        default=32, metadata=about("number of nodes: inputs, outputs, and hidden ones", 1, MAX_NODES)
    )
    """N."""
    node_features: int = field(default=8, metadata=about("width of a node's state", 1, MAX_WIDTH))
    """Dh."""
    edge_features: int = field(
        default=4,
        metadata=about("width of an edge's state, whose first feature is the synaptic weight", 1, MAX_WIDTH),
    )
    """De."""
    network_steps: int = field(
        default=3, metadata=about("number of propagation steps per environment step", 1, MAX_WIDTH)
    )
    """K."""
    development_steps: int = field(
        default=0,
        metadata=about(
            "number of steps of spontaneous activity between birth and the first observation", 0, MAX_STEPS
        ),
    )
    graph_layers: int = field(
        default=1, metadata=about("number of applications of the graph transformer per step", 1, MAX_WIDTH)
    )
    attention_heads: int = field(
        default=3, metadata=about("number of heads of the graph transformer", 1, MAX_WIDTH)
    )
    query_features: int = field(
        default=4, metadata=about("width of a query and of a key, per head", 1, MAX_WIDTH)
    )
    value_features: int = field(default=8, metadata=about("width of a value, per head", 1, MAX_WIDTH))
    decision_features: int = field(
        default=16,
        metadata=about(
            "hidden width of the networks that decide on pruning and synaptogenesis", 1, MAX_WIDTH
        ),
    )
    discrete_actions: bool = field(
        default=True,
        metadata=about("argmax of the outputs as the action, in place of the outputs themselves"),
    )
    bias: bool = field(
        default=False, metadata=about("addition of the first node feature to the node's synaptic input")
    )
    recurrent: bool = field(
        default=False, metadata=about("start of propagation from the last activations, not from zero")
    )
    stochastic: bool = field(
        default=False, metadata=about("sampling of rewiring decisions, which are thresholded otherwise")
    )
    pruning: bool = field(default=True, metadata=about("removal of edges"))
    synaptogenesis: bool = field(default=True, metadata=about("growth of new edges"))
    lifetime_updates: bool = field(
        default=True,
        metadata=about("changes of the network after development; without them it is a plain NDP"),
    )
    graph_transformer: bool = field(
        default=True,
        metadata=about("attention between nodes; without it, a linear map of each node's own features"),
    )
    spontaneous_activity: bool = field(
        default=True, metadata=about("activity of the inputs during development; without it they are silent")
    )
    reward_input: bool = field(
        default=True, metadata=about("reward as an input of every synapse, and of the reward nodes")
    )
    reward_scale: float = field(
        default=1.0, metadata=about("factor on the reward that synapses and reward nodes receive", 0, 1e6)
    )
    """1 in the paper."""
    reward_nodes: bool = field(
        default=False,
        metadata=about("last reward and start of an episode as two more input nodes"),
    )
    """Where nodes have innate states, theirs are the same in all networks. They receive the last reward r as
    sign(r) log(1 + |r|), and 1 where an episode starts, so that activity receives what it does in baselines;
    in the paper synapses alone receive the reward. This extends the paper."""
    development_between_episodes: bool = field(
        default=False, metadata=about("development at the start of each later episode of a lifetime, too")
    )
    candidates: int = field(
        default=0,
        metadata=about(
            "number of receivers that each node considers per step, for large networks; 0: all nodes, as in "
            "the paper",
            0,
            MAX_NODES,
        ),
    )
    """C, the node itself among them (see `lndp.edge_list`)."""
    innate_roles: bool = field(
        default=False,
        metadata=about("states of input and output nodes that are the same in every lifetime"),
    )
    """They are sampled once for all, so that a genome can tell its inputs and outputs apart (compare the
    intrinsic states of Nisioti et al. 2024, arXiv 2405.08510). This extends the paper, where a network must
    find that out by activity, spontaneous or not."""
    innate_wiring: bool = field(
        default=False,
        metadata=about("initial edges that the genome computes from innate node states; random otherwise"),
    )
    """Every node, hidden ones too, starts in the same state in every lifetime, and edges follow from the
    states of their ends (`lndp.mechanisms.wiring`). States are sampled once for all networks of as many
    inputs and outputs, so that one genome can wire each kind in its own way. This extends the paper, whose
    networks start with random synapses."""
    mechanisms: tuple[str, ...] = field(
        default=(), metadata=about("mechanism MODULE:NAME that is added to the program; may be given often")
    )
    """Names or classes: each replaces a step of the program or comes after one (see
    `lndp_agents.lndp.mechanisms.Mechanism`)."""
    initial_density: float = field(
        default=0.1, metadata=about("mean of the initial connection probability", 0, 1.0)
    )
    initial_density_std: float = field(
        default=0.0,
        metadata=about(
            "standard deviation of the initial connection probability, before truncation to [0, 1]", 0, 10.0
        ),
    )

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
                f"nodes={self.nodes}: a step of one lifetime takes {self.step_bytes / 2**30:.1f} GiB, at "
                f"most {MAX_LIFE_BYTES / 2**30:g} is allowed; give fewer nodes, features or "
                "heads, or candidates"
            )

    @property
    def step_bytes(self) -> int:
        """Bytes that birth and an eager step of one lifetime take at most, at their peak.

        The peak is at the update of edges, at attention or at decisions, whatever is widest; the states
        before and after the step count too. A network with candidates has its initial edges, and one more for
        each candidate.
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
    def own_inputs(self) -> tuple[str, ...]:
        """As `PolicyConfig.own_inputs`."""
        return ("reward", "start") if self.reward_nodes else ()

    @property
    def input_nodes(self) -> int:
        """O: one node per number of the encoded observation, then the two of `reward_nodes`."""
        return self.observation_size + len(self.own_inputs)

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
        """K + 1: activations per node in the trace."""
        return self.network_steps + 1

    @property
    def state_bytes(self) -> int:
        """Bytes of the state of one lifetime; at birth, where edges are kept as a list."""
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
                f"encoding {encoding.kind} gives {encoding.size} numbers, a network takes 1 to {MAX_NODES}, "
                "one node each: for pictures take `--policy hebbian --encoding pixels`"
            )
        inputs = encoding.size + 2 * bool(switches.get("reward_nodes", cls.reward_nodes))
        nodes = max(cls.nodes, inputs + decoding.size + MIN_HIDDEN)
        return super().fitting(encoding, decoding, **{"nodes": nodes, **switches})


def _names(mechanisms: object) -> tuple[str, ...]:
    """Return the names of mechanisms, of which some may be given as classes.

    Raises:
        ValueError: they are no list of names, or one comes twice.
    """
    given = mechanisms if is_sequence(mechanisms) else [None]
    names = [f"{each.__module__}:{each.__qualname__}" if isinstance(each, type) else each for each in given]
    known = [name for name in names if isinstance(name, str) and name]
    if len(set(known)) < len(names):
        raise ValueError(f"mechanisms={shorten(mechanisms)}: give a list of names MODULE:NAME, each once")
    return tuple(known)
