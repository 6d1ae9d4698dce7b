"""The network of a lifetime as a graph of other libraries."""

from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lndp_agents.policies.capabilities import HasEdges

ROLES = ("input", "hidden", "output")
"""Names of the roles of nodes; `role` in torch_geometric is an index of these."""


def to_graph(policy: HasEdges, state: Any, kind: str) -> Any:
    """Return the network of the first lifetime as a graph of torch_geometric, "pyg", or "networkx".

    Raises:
        ValueError: the kind is unknown.
        ImportError: the library is not installed; the message has the command.
    """
    if kind not in ("pyg", "networkx"):
        raise ValueError(f"graph of kind {kind!r}: give 'pyg' or 'networkx'")
    return (to_pyg if kind == "pyg" else to_networkx)(policy, state)


def to_pyg(policy: HasEdges, state: Any) -> Any:
    """Return the network of the first lifetime as a `torch_geometric.data.Data`.

    Returns:
        x (N, Dh) node states, role (N,), edge_index (2, E), edge_attr (E, De) edge states, edge_weight (E,).

    Raises:
        ImportError: torch_geometric is not installed.
    """
    data = _module("torch_geometric.data")
    ends, edge_state = policy.edges(state)
    return data.Data(
        x=policy.node_states(state)[0, 0].clone(),
        edge_index=ends,
        edge_attr=edge_state,
        edge_weight=edge_state[:, 0].clone(),
        role=torch.tensor(_roles(policy), device=ends.device),
    )


def to_networkx(policy: HasEdges, state: Any) -> Any:
    """Return the network of the first lifetime as a `networkx.DiGraph`.

    Returns:
        Nodes with role and state, edges with weight and state; states are lists.

    Raises:
        ImportError: networkx is not installed.
    """
    graph = _module("networkx").DiGraph()
    node_state: NDArray[np.float32] = policy.node_states(state)[0, 0].cpu().numpy()
    graph.add_nodes_from(
        (node, {"role": ROLES[role], "state": node_state[node].tolist()})
        for node, role in enumerate(_roles(policy))
    )
    ends, edge_state = (numbers.cpu().numpy() for numbers in policy.edges(state))
    for (source, target), features in zip(ends.T.tolist(), edge_state.tolist(), strict=True):
        graph.add_edge(source, target, weight=features[0], state=features)
    return graph


def _roles(policy: HasEdges) -> list[int]:
    """Return the index in `ROLES` of each node."""
    return [role for role, count in enumerate(policy.node_counts) for _ in range(count)]


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'{name} is not installed: pip install "lndp-agents[graph]"') from error
