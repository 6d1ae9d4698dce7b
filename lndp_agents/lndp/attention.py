"""Steps 1-3 of a life step: what a node knows, the message it receives, and its new state.

The layer is the graph transformer of Dwivedi & Bresson (2021) as the paper's authors use it: edge features
multiply the score, attention runs over all pairs, and messages are pushed: a sender divides its attention
among receivers.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.cells import gated_update, linear, linear_planes, recurrent_bias
from lndp_agents.lndp.parameters import Parameters
from lndp_agents.lndp.sparse_state import AnyLifeState
from lndp_agents.lndp.state import LifeState, Roles


def node_features(state: AnyLifeState, roles: Roles) -> Tensor:
    """(P, L, N, 5 + K + 1 + Dh): degrees, roles, activity trace and state of each node (step 1)."""
    out_degree, in_degree = state.degrees
    degrees = torch.stack([out_degree / 10, in_degree / 10, (out_degree + in_degree) / 20], -1)
    role = torch.stack([roles.is_input, roles.is_output], -1).expand(*degrees.shape[:2], -1, -1)
    return torch.cat([degrees, role, state.trace, state.node_state], -1)


def graph_transformer(config: LNDPConfig, parameters: Parameters, x: Tensor, state: LifeState) -> Tensor:
    """One layer of attention with messages pushed from sender i to receiver j (step 2).

    Args:
        config: the program's configuration.
        parameters: named parameters (P, ...).
        x: (P, L, N, Dh) node features.
        state: gives edge features and adjacency, which stay fixed.

    Returns:
        (P, L, N, Dh): the message that each node receives.
    """
    per_head = (*x.shape[:-1], config.attention_heads, -1)
    query, key, value = (
        linear(x, parameters[f"attention.{name}.weight"]).reshape(per_head).transpose(2, 3)
        for name in ("query", "key", "value")
    )
    similarity = query @ key.mT / math.sqrt(config.query_features)
    attention = torch.softmax(similarity * _edge_gain(config, parameters, state), -1)
    message = (attention.mT @ value).transpose(2, 3).flatten(-2)
    return linear(message, parameters["attention.out.weight"], parameters["attention.out.bias"])


def _edge_gain(config: LNDPConfig, parameters: Parameters, state: LifeState) -> Tensor:
    """(P, L, heads, N, N): the linear map of [e_ij, A_ij, A_ji, i == j]."""
    edges = config.edge_features
    weight, bias = parameters["attention.edge.weight"], parameters["attention.edge.bias"]
    per_edge = linear_planes(state.edge_state, weight[..., :edges], bias)
    forth, back, self_loop = (number[:, None, :, None, None] for number in weight[..., edges:].unbind(-1))
    adjacency = state.adjacency[:, :, None]
    gain = torch.addcmul(torch.addcmul(per_edge, forth, adjacency), back, adjacency.mT)
    gain.diagonal(dim1=-2, dim2=-1).add_(self_loop[..., 0])
    return gain


def update_nodes(
    config: LNDPConfig,
    parameters: Parameters,
    state: AnyLifeState,
    roles: Roles,
    attend: Callable[[Tensor], Tensor],
) -> Tensor:
    """The next node states (steps 1-3).

    Args:
        config: the program's configuration.
        parameters: named parameters (P, ...).
        state: the lives.
        roles: of the nodes.
        attend: one layer of attention, from features (P, L, N, Dh) to messages of the same shape.

    Returns:
        (P, L, N, Dh).
    """
    x = linear(node_features(state, roles), parameters["node_in.weight"], parameters["node_in.bias"])
    if config.graph_transformer:
        for _ in range(config.graph_layers):
            x = attend(x)
    else:
        x = linear(x, parameters["message.weight"], parameters["message.bias"])
    inputs = linear(x, parameters["node_gru.weight_ih"], parameters["node_gru.bias"])
    recurrent_biases = recurrent_bias(parameters["node_gru.candidate_bias"])
    recurrent = linear(state.node_state, parameters["node_gru.weight_hh"], recurrent_biases)
    return gated_update(inputs, recurrent, state.node_state, -1)
