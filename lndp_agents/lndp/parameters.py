"""What the genome of a program holds."""

from lndp_agents.config import LNDPConfig
from lndp_agents.genome import Parameters

__all__ = ["Parameters", "parameter_shapes"]


def parameter_shapes(config: LNDPConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each named parameter of one genome, in the order of the genotype.

    Weights are (out, in). Gated cells have gates reset, update, candidate; `candidate_bias` is the bias of
    the candidate's recurrent part (those of the other two gates would only repeat `bias`).
    """
    hidden, edge, trace = config.node_features, config.edge_features, config.trace_size
    heads, query, value = config.attention_heads, config.query_features, config.value_features
    shapes: dict[str, tuple[int, ...]] = {
        "node_in.weight": (hidden, 5 + trace + hidden),
        "node_in.bias": (hidden,),
    }
    if config.graph_transformer:
        shapes |= {
            "attention.query.weight": (heads * query, hidden),
            "attention.key.weight": (heads * query, hidden),
            "attention.value.weight": (heads * value, hidden),
            "attention.edge.weight": (heads, edge + 3),
            "attention.edge.bias": (heads,),
            "attention.out.weight": (hidden, heads * value),
            "attention.out.bias": (hidden,),
        }
    else:
        shapes |= {"message.weight": (hidden, hidden), "message.bias": (hidden,)}
    shapes |= _gated_cell_shapes("node_gru", hidden, hidden)
    shapes |= _gated_cell_shapes("edge_gru", 2 * hidden + 2 * trace + 1, edge)
    if config.synaptogenesis:
        shapes |= _decision_shapes("synaptogenesis", 2 * hidden, config.decision_features)
    if config.pruning:
        shapes |= _decision_shapes("pruning", edge, config.decision_features)
    if config.develops_from_activity:
        inputs = config.observation_size
        shapes |= {
            "spontaneous.mean": (inputs,),
            "spontaneous.rate": (inputs,),
            "spontaneous.dt": (inputs,),
            "spontaneous.cholesky": (inputs * (inputs + 1) // 2,),
        }
    if config.innate_wiring:
        shapes |= {"innate.wiring": (edge, hidden, hidden)}
    return shapes


def _gated_cell_shapes(name: str, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.weight_ih": (3 * hidden, inputs),
        f"{name}.weight_hh": (3 * hidden, hidden),
        f"{name}.bias": (3 * hidden,),
        f"{name}.candidate_bias": (hidden,),
    }


def _decision_shapes(name: str, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.0.weight": (hidden, inputs),
        f"{name}.0.bias": (hidden,),
        f"{name}.1.weight": (1, hidden),
        f"{name}.1.bias": (1,),
    }
