"""The program of the paper once more, slowly and literally, for one network: loops over pairs, nothing split.

Tests compare the program with this; read it beside sections 3 and 4 of arXiv 2406.09787.
"""

import math

import torch
from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig

Brain = dict[str, Tensor]
"""adjacency (N, N), node_state (N, Dh), edge_state (N, N, De), trace (N, K + 1), activation (N)."""


def gru(parameters: Brain, name: str, x: Tensor, h: Tensor) -> Tensor:
    """Apply `torch.nn.GRUCell` itself with the weights of a cell."""
    cell = torch.nn.GRUCell(len(x), len(h), dtype=x.dtype)
    zeros = torch.zeros(2 * len(h), dtype=x.dtype)
    with torch.no_grad():
        cell.weight_ih.copy_(parameters[f"{name}.weight_ih"])
        cell.weight_hh.copy_(parameters[f"{name}.weight_hh"])
        cell.bias_ih.copy_(parameters[f"{name}.bias"])
        cell.bias_hh.copy_(torch.cat([zeros, parameters[f"{name}.candidate_bias"]]))
        return cell(x[None], h[None])[0]


def probability(parameters: Brain, name: str, x: Tensor) -> float:
    """Apply the decision network of pruning or synaptogenesis."""
    hidden = torch.relu(parameters[f"{name}.0.weight"] @ x + parameters[f"{name}.0.bias"])
    return torch.sigmoid(parameters[f"{name}.1.weight"] @ hidden + parameters[f"{name}.1.bias"]).item()


def is_allowed(config: LNDPConfig, i: int, j: int) -> bool:
    """Edges run from inputs to hidden nodes, between hidden nodes, and from hidden nodes to outputs."""
    first_output = config.nodes - config.action_size
    kinds = [
        "input" if n < config.input_nodes else "output" if n >= first_output else "hidden" for n in (i, j)
    ]
    return i != j and kinds in (["input", "hidden"], ["hidden", "hidden"], ["hidden", "output"])


def messages(config: LNDPConfig, parameters: Brain, x: Tensor, brain: Brain) -> Tensor:
    """One layer of the graph transformer: every sender divides its attention among all receivers."""
    nodes, heads, adjacency = config.nodes, config.attention_heads, brain["adjacency"]
    received = torch.zeros(nodes, heads, config.value_features, dtype=x.dtype)
    for i in range(nodes):
        for head in range(heads):
            scores: list[Tensor] = []
            for j in range(nodes):
                rows = slice(head * config.query_features, (head + 1) * config.query_features)
                query = parameters["attention.query.weight"][rows] @ x[i]
                key = parameters["attention.key.weight"][rows] @ x[j]
                bits = torch.tensor([adjacency[i, j], adjacency[j, i], float(i == j)], dtype=x.dtype)
                edge = torch.cat([brain["edge_state"][i, j], bits])
                gain = (
                    parameters["attention.edge.weight"][head] @ edge + parameters["attention.edge.bias"][head]
                )
                scores.append(query @ key / math.sqrt(config.query_features) * gain)
            shares = torch.softmax(torch.stack(scores), 0)
            rows = slice(head * config.value_features, (head + 1) * config.value_features)
            value = parameters["attention.value.weight"][rows] @ x[i]
            for j in range(nodes):
                received[j, head] += shares[j] * value
    return received.flatten(1) @ parameters["attention.out.weight"].T + parameters["attention.out.bias"]


def next_nodes(config: LNDPConfig, parameters: Brain, brain: Brain) -> Tensor:
    """Steps 1 to 3."""
    features: list[Tensor] = []
    for n in range(config.nodes):
        out, into = brain["adjacency"][n].sum(), brain["adjacency"][:, n].sum()
        is_input, is_output = n < config.input_nodes, n >= config.nodes - config.action_size
        known = torch.tensor([out / 10, into / 10, (out + into) / 20, is_input, is_output], dtype=out.dtype)
        features.append(torch.cat([known, brain["trace"][n], brain["node_state"][n]]))
    x = torch.stack(features) @ parameters["node_in.weight"].T + parameters["node_in.bias"]
    if config.graph_transformer:
        for _ in range(config.graph_layers):
            x = messages(config, parameters, x, brain)
    else:
        x = x @ parameters["message.weight"].T + parameters["message.bias"]
    return torch.stack(
        [gru(parameters, "node_gru", x[n], brain["node_state"][n]) for n in range(config.nodes)]
    )


def next_edges(config: LNDPConfig, parameters: Brain, brain: Brain, h: Tensor, reward: float) -> Tensor:
    """Steps 4 and 5: a cell for every synapse."""
    edges = torch.zeros_like(brain["edge_state"])
    r = torch.tensor([reward if config.reward_input else 0.0], dtype=h.dtype)
    for i in range(config.nodes):
        for j in range(config.nodes):
            pair = torch.cat([h[j], h[i], brain["trace"][j], brain["trace"][i], r])
            edges[i, j] = (
                gru(parameters, "edge_gru", pair, brain["edge_state"][i, j]) * brain["adjacency"][i, j]
            )
    return edges


def next_adjacency(
    config: LNDPConfig, parameters: Brain, brain: Brain, uniforms: tuple[Tensor, Tensor] | None
) -> Tensor:
    """Step 6."""

    def acts(chance: float, uniform: float | None) -> bool:
        return chance > 0.6 if uniform is None else uniform < chance / 2

    adjacency, h = brain["adjacency"].clone(), brain["node_state"]
    for i in range(config.nodes):
        for j in range(config.nodes):
            if not is_allowed(config, i, j):
                continue
            prune, grow = (None, None) if uniforms is None else (u[i, j].item() for u in uniforms)
            if config.synaptogenesis and acts(
                probability(parameters, "synaptogenesis", torch.cat([h[j], h[i]])), grow
            ):
                adjacency[i, j] = 1
            if config.pruning and acts(probability(parameters, "pruning", brain["edge_state"][i, j]), prune):
                adjacency[i, j] = 0
    return adjacency


def step(
    config: LNDPConfig,
    parameters: Brain,
    brain: Brain,
    stimulus: tuple[Tensor, float, tuple[Tensor, Tensor] | None],
) -> Brain:
    """Steps 1 to 7, given the inputs' values, the reward and, for sampled decisions, uniform numbers."""
    inputs, reward, uniforms = stimulus
    brain = dict(brain)
    if config.lifetime_updates:
        brain["node_state"] = next_nodes(config, parameters, brain)
        brain["edge_state"] = next_edges(config, parameters, brain, brain["node_state"], reward)
        brain["adjacency"] = next_adjacency(config, parameters, brain, uniforms)
    seen: list[Tensor] = []
    a = brain["activation"].clone()
    for _ in range(config.network_steps):
        a[: config.input_nodes] = inputs
        seen.append(a)
        drive = a @ brain["edge_state"][..., 0]
        a = torch.tanh(drive + (brain["node_state"][:, 0] if config.bias else 0))
    brain["trace"] = torch.stack([*seen, a], -1)
    brain["activation"] = a if config.recurrent else torch.zeros_like(a)
    return brain
