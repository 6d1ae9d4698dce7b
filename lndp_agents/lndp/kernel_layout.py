"""The implementation in `native.cpp`, declared by name: configs with anything else are refused.

The kernel is compiled from the same declarations: the sizes, switches and thresholds of `native.cpp` and the
order of its parameters come from a header that is written here.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields

from lndp_agents.lndp.assembly import parameter_shapes
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms.decision import DECISION_LOGIT, STOCHASTIC_SCALE
from lndp_agents.lndp.state import brain_shapes
from lndp_agents.parameters import Shapes

MAX_NODES = 512
"""Above this the work space of a network no longer fits in the processor's cache."""
MAX_WIDTH = 64
"""Above this the constant sizes make the compiler slow."""
MAXIMA: Mapping[str, int] = {
    **dict.fromkeys(("input_nodes", "action_size", "nodes"), MAX_NODES),
    **dict.fromkeys(("node_features", "edge_features", "network_steps", "graph_layers"), MAX_WIDTH),
    **dict.fromkeys(("attention_heads", "query_features", "value_features", "decision_features"), MAX_WIDTH),
}
"""Numbers of a configuration that are sizes in the kernel: constants from 1 to these."""
SWITCHES: Mapping[str, Collection[object]] = dict.fromkeys(
    ("bias", "recurrent", "pruning", "synaptogenesis", "graph_transformer"), (False, True)
)
"""Fields that are switches in the kernel, with the values that it implements."""
ARGUMENTS: Mapping[str, Collection[object]] = dict.fromkeys(("lifetime_updates", "stochastic"), (False, True))
"""Fields that the kernel learns from the arguments of each step, with the values that it implements."""
BIRTH = ("innate_roles", "innate_wiring", "initial_density", "initial_density_std")
DEVELOPMENT = ("development_steps", "spontaneous_activity", "development_between_episodes")
INPUTS, OUTPUTS = ("observation_size", "reward_input", "reward_nodes", "reward_scale"), ("discrete_actions",)
HANDLED_ELSEWHERE = frozenset({*BIRTH, *DEVELOPMENT, *INPUTS, *OUTPUTS})
"""Fields that may have any value, as they change nothing within the step that the kernel computes."""
PARAMETERS_ELSEWHERE = ("innate.", "spontaneous.")
"""Parameters with these prefixes belong to birth and to the inputs of a step, which are computed outside of
the kernel."""


def require_implemented(config: LNDPConfig) -> None:
    """Check that the kernel computes the step of a configuration, with all that belongs to it.

    Raises:
        ValueError: a value of a field, a parameter or a part of the state is not implemented.
    """
    for field in fields(config):
        _require_field(config, field.name)
    parameters = parameter_shapes(config).items()
    given = {name: shape for name, shape in parameters if not name.startswith(PARAMETERS_ELSEWHERE)}
    _require_equal("parameter", given, implemented_parameters(config))
    _require_equal("part of the state", brain_shapes(config), implemented_state(config))


def _require_field(config: LNDPConfig, name: str) -> None:
    value = getattr(config, name)
    if name in MAXIMA:
        if value > MAXIMA[name]:
            raise ValueError(f"{name}={value}: the native backend takes at most {MAXIMA[name]}; use 'eager'")
    elif name not in HANDLED_ELSEWHERE:
        # An unknown field changes nothing only at the value that stands for its absence.
        absent = (config.extensions[name],) if name in config.extensions else ()
        if value not in {**SWITCHES, **ARGUMENTS}.get(name, absent):
            raise ValueError(_refusal(f"{name}={value!r}"))


def _require_equal(kind: str, given: Shapes, implemented: Shapes) -> None:
    for name in given | implemented:
        if name not in implemented:
            raise ValueError(_refusal(f"{kind} {name!r}"))
        if name not in given:
            raise ValueError(_refusal(f"a step without {kind} {name!r}"))
        if given[name] != implemented[name]:
            raise ValueError(
                _refusal(f"{kind} {name!r} of shape {given[name]} instead of {implemented[name]}")
            )


def _refusal(what: str) -> str:
    return f"{what}: the native kernel does not implement it (see kernel_layout.py); use backend 'eager'"


def implemented_parameters(config: LNDPConfig) -> Shapes:
    """Return the shapes of the parameters that the kernel reads, in its order.

    These are not taken from the configuration, so that no change of it passes the kernel unnoticed.
    """
    hidden, edge, trace = config.node_features, config.edge_features, config.network_steps + 1
    queries, values = (
        config.attention_heads * width for width in (config.query_features, config.value_features)
    )
    shapes: Shapes = {"node_in.weight": (hidden, 5 + trace + hidden), "node_in.bias": (hidden,)}
    if config.graph_transformer:
        shapes |= {
            "attention.query.weight": (queries, hidden),
            "attention.key.weight": (queries, hidden),
            "attention.value.weight": (values, hidden),
            "attention.edge.weight": (config.attention_heads, edge + 3),
            "attention.edge.bias": (config.attention_heads,),
            "attention.out.weight": (hidden, values),
            "attention.out.bias": (hidden,),
        }
    else:
        shapes |= {"message.weight": (hidden, hidden), "message.bias": (hidden,)}
    for cell, inputs, width in (("node_gru", hidden, hidden), ("edge_gru", 2 * (hidden + trace) + 1, edge)):
        shapes |= {
            f"{cell}.weight_ih": (3 * width, inputs),
            f"{cell}.weight_hh": (3 * width, width),
            f"{cell}.bias": (3 * width,),
            f"{cell}.candidate_bias": (width,),
        }
    for decision, inputs in (("synaptogenesis", 2 * hidden), ("pruning", edge)):
        if getattr(config, decision):
            shapes |= {
                f"{decision}.0.weight": (config.decision_features, inputs),
                f"{decision}.0.bias": (config.decision_features,),
                f"{decision}.1.weight": (1, config.decision_features),
                f"{decision}.1.bias": (1,),
            }
    return shapes


def implemented_state(config: LNDPConfig) -> Shapes:
    """Return the shapes in one lifetime of the state that the kernel changes, as `lndp_live` takes it."""
    nodes = config.nodes
    return {
        "adjacency": (nodes, nodes),
        "node_state": (nodes, config.node_features),
        "edge_state": (config.edge_features, nodes, nodes),
        "trace": (nodes, config.network_steps + 1),
        "activation": (nodes,),
    }


def kernel_header(config: LNDPConfig) -> str:
    """Write the C++ header that `native.cpp` includes: constants, and the index of each parameter by name."""
    constants = {name.upper(): str(int(getattr(config, name))) for name in (*MAXIMA, *SWITCHES)}
    constants |= {"DECISION_LOGIT": f"{DECISION_LOGIT!r}f", "STOCHASTIC_SCALE": f"{STOCHASTIC_SCALE!r}f"}
    lines = [f"#define {name} {value}" for name, value in constants.items()]
    names = [name.title().replace(".", "").replace("_", "") for name in implemented_parameters(config)]
    return "\n".join([*lines, f"enum Parameter {{ {', '.join(names)}, ParameterCount }};", ""])
