"""Steps 1-2: the features of a node, and the message that it receives.

The layer is the graph transformer of Dwivedi & Bresson (2021) as the paper's authors use it: edge features
multiply the score, attention runs over all pairs, and messages are pushed: a sender divides its attention
among receivers.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lndp_agents.lndp.cells import linear, per_head
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.sparse_state import State
from lndp_agents.parameters import Shapes


class Attention(Mechanism):
    """Features of nodes, and layers of attention over pairs; without `graph_transformer` one linear map."""

    name = "attention"

    def parameters(self, config: LNDPConfig) -> Shapes:
        """As `Mechanism.parameters`."""
        hidden, heads = config.node_features, config.attention_heads
        shapes: Shapes = {
            "node_in.weight": (hidden, 5 + config.trace_size + hidden),
            "node_in.bias": (hidden,),
        }
        if not config.graph_transformer:
            return shapes | {"message.weight": (hidden, hidden), "message.bias": (hidden,)}
        return shapes | {
            "attention.query.weight": (heads * config.query_features, hidden),
            "attention.key.weight": (heads * config.query_features, hidden),
            "attention.value.weight": (heads * config.value_features, hidden),
            "attention.edge.weight": (heads, config.edge_features + 3),
            "attention.edge.bias": (heads,),
            "attention.out.weight": (hidden, heads * config.value_features),
            "attention.out.bias": (hidden,),
        }

    def step(self, now: Step[State]) -> Step[State]:
        """As `Mechanism.step`: sets the messages."""
        parameters = now.parameters
        x = linear(node_features(now), parameters["node_in.weight"], parameters["node_in.bias"])
        if not now.config.graph_transformer:
            x = linear(x, parameters["message.weight"], parameters["message.bias"])
            return replace(now, message=x)
        for _ in range(now.config.graph_layers):
            x = messages(now, x)
        return replace(now, message=x)


def node_features(now: Step[State]) -> Tensor:
    """Return degrees, roles, trace and state of each node, (P, L, N, 5 + K + 1 + Dh) (step 1)."""
    out_degree, in_degree = now.state.degrees
    degrees = torch.stack([out_degree / 10, in_degree / 10, (out_degree + in_degree) / 20], -1)
    role = torch.stack([now.roles.is_input, now.roles.is_output], -1).expand(*degrees.shape[:2], -1, -1)
    return torch.cat([degrees, role, now.state.trace, now.state.node_state], -1)


def messages(now: Step[State], x: Tensor) -> Tensor:
    """Apply one layer of attention to the features (P, L, N, Dh) of nodes (step 2)."""
    config, parameters = now.config, now.parameters
    query, key, value = (
        per_head(linear(x, parameters[f"attention.{name}.weight"]), config.attention_heads)
        for name in ("query", "key", "value")
    )
    similarity = now.view.similarity(query, key) / math.sqrt(config.query_features)
    score = similarity * now.view.relation(
        parameters["attention.edge.weight"], parameters["attention.edge.bias"]
    )
    message = now.view.attend(score, value)
    return linear(message, parameters["attention.out.weight"], parameters["attention.out.bias"])
