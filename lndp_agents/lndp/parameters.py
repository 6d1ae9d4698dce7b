"""The genotype: one vector of numbers, and the named parameters that it stands for."""

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig

Parameters = Mapping[str, Tensor]
"""Named parameters; each tensor has shape (P, *shape) for P genomes."""


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


def genome_size(config: LNDPConfig) -> int:
    """D: how many numbers evolution sees."""
    return sum(prod(shape) for shape in parameter_shapes(config).values())


def genome_to_parameters(config: LNDPConfig, genomes: Tensor) -> dict[str, Tensor]:
    """Named parameters (P, *shape) of the genomes (P, D).

    Raises:
        ValueError: the genomes do not have D numbers each.
    """
    if genomes.dim() != 2 or genomes.shape[1] != genome_size(config):
        raise ValueError(
            f"genomes of shape {tuple(genomes.shape)}: give (P, {genome_size(config)}) for this configuration"
        )
    parameters: dict[str, Tensor] = {}
    start = 0
    for name, shape in parameter_shapes(config).items():
        parameters[name] = genomes[:, start : start + prod(shape)].reshape(-1, *shape)
        start += prod(shape)
    return parameters


def parameters_to_genome(config: LNDPConfig, parameters: Parameters) -> Tensor:
    """Genomes (P, D) of named parameters (P, *shape): the inverse of `genome_to_parameters`."""
    return torch.cat([parameters[name].flatten(1) for name in parameter_shapes(config)], 1)
