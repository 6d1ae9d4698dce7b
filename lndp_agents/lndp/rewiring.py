"""Steps 4-6 of a life step: synapses change their state, and edges are pruned and grown.

A linear map of a pair of nodes is the sum of one map of the sender and one of the receiver, so the tensor of
all concatenated pairs is never built.
"""

import math

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.cells import gated_update, linear, linear_planes, recurrent_bias
from lndp_agents.lndp.parameters import Parameters
from lndp_agents.lndp.state import LifeState, Uniforms

DECISION_THRESHOLD = 0.6
"""A deterministic decision acts where its probability is above this."""
DECISION_LOGIT = math.log(DECISION_THRESHOLD / (1 - DECISION_THRESHOLD))
"""The log-odds of that probability."""
STOCHASTIC_SCALE = 0.5
"""A sampled decision acts with its probability times this."""


def update_edges(
    config: LNDPConfig, parameters: Parameters, state: LifeState, node_state: Tensor, reward: Tensor
) -> Tensor:
    """The next edge states: one gated cell for every synapse (step 4).

    Args:
        config: the program's configuration.
        parameters: named parameters (P, ...).
        state: the state before this step; its adjacency masks the result.
        node_state: (P, L, N, Dh), already updated.
        reward: (P, L), the last reward.

    Returns:
        (P, L, De, N, N).
    """
    sender, receiver = edge_cell_inputs(config, parameters, node_state, state.trace, reward)
    inputs = sender.mT[..., :, None] + receiver.mT[..., None, :]
    recurrent_biases = recurrent_bias(parameters["edge_gru.candidate_bias"])
    recurrent = linear_planes(state.edge_state, parameters["edge_gru.weight_hh"], recurrent_biases)
    return gated_update(inputs, recurrent, state.edge_state, 2) * state.adjacency[:, :, None]


def edge_cell_inputs(
    config: LNDPConfig, parameters: Parameters, node_state: Tensor, trace: Tensor, reward: Tensor
) -> tuple[Tensor, Tensor]:
    """(P, L, N, 3 De) each: what a node adds to the cells of the edges that it sends, and receives."""
    hidden, trace_size = config.node_features, config.trace_size
    weight = parameters["edge_gru.weight_ih"]
    receiver_state, sender_state, receiver_trace, sender_trace, from_reward = weight.split_with_sizes(
        (hidden, hidden, trace_size, trace_size, 1), -1
    )
    node = torch.cat([node_state, trace], -1)
    receiver = linear(node, torch.cat([receiver_state, receiver_trace], -1), parameters["edge_gru.bias"])
    sender = linear(node, torch.cat([sender_state, sender_trace], -1))
    return sender + reward[:, :, None, None] * from_reward[:, None, None, :, 0], receiver


def pruning_logit(parameters: Parameters, edge_state: Tensor) -> Tensor:
    """(P, L, N, N): log-odds that an edge with this state (P, L, De, N, N) is pruned (step 6)."""
    hidden = linear_planes(edge_state, parameters["pruning.0.weight"], parameters["pruning.0.bias"])
    return _read_out(parameters, "pruning", torch.relu(hidden))


def synaptogenesis_logit(parameters: Parameters, node_state: Tensor) -> Tensor:
    """(P, L, N, N): log-odds that an edge grows between two nodes of these states (P, L, N, Dh) (step 6)."""
    sender, receiver = synaptogenesis_inputs(parameters, node_state)
    hidden = torch.relu(sender.mT[..., :, None] + receiver.mT[..., None, :])
    return _read_out(parameters, "synaptogenesis", hidden)


def synaptogenesis_inputs(parameters: Parameters, node_state: Tensor) -> tuple[Tensor, Tensor]:
    """(P, L, N, H) each: what a node adds to the decisions on edges that it would send, and receive."""
    receiver_weight, sender_weight = parameters["synaptogenesis.0.weight"].chunk(2, -1)
    receiver = linear(node_state, receiver_weight, parameters["synaptogenesis.0.bias"])
    return linear(node_state, sender_weight), receiver


def _read_out(parameters: Parameters, name: str, hidden: Tensor) -> Tensor:
    return linear_planes(hidden, parameters[f"{name}.1.weight"], parameters[f"{name}.1.bias"])[:, :, 0]


def decide(logit: Tensor, uniform: Tensor | None) -> Tensor:
    """Where to act: at a probability above 0.6, or with half the probability if a uniform number is given."""
    if uniform is None:
        return logit > DECISION_LOGIT
    return uniform < torch.sigmoid(logit) * STOCHASTIC_SCALE


def rewire(
    config: LNDPConfig,
    parameters: Parameters,
    state: LifeState,
    allowed: Tensor,
    uniforms: Uniforms | None,
) -> Tensor:
    """The next adjacency (P, L, N, N): synaptogenesis, then pruning, which wins (step 6).

    Args:
        config: the program's configuration.
        parameters: named parameters (P, ...).
        state: node and edge states already updated, adjacency still the old one.
        allowed: (N, N) bool.
        uniforms: numbers in [0, 1) per pair for pruning and for growth, where decisions are sampled.
    """
    adjacency = state.adjacency
    uniform_prune, uniform_grow = uniforms or (None, None)
    if config.synaptogenesis:
        grown = decide(synaptogenesis_logit(parameters, state.node_state), uniform_grow) & allowed
        adjacency = torch.where(grown, 1.0, adjacency)
    if config.pruning:
        pruned = decide(pruning_logit(parameters, state.edge_state), uniform_prune) & allowed
        adjacency = torch.where(pruned, 0.0, adjacency)
    return adjacency
