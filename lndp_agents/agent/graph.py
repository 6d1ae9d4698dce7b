"""The brain of a life as a graph of other libraries."""

from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lndp_agents.lndp import AnyLifeState
from lndp_agents.lndp.config import LNDPConfig

ROLES = ("input", "hidden", "output")
"""Names of the roles; a node's `role` in torch_geometric is the index here."""


def life_to_graph(config: LNDPConfig, state: AnyLifeState, kind: str) -> Any:
    """The first life as a graph of torch_geometric, "pyg", or "networkx".

    Raises:
        ValueError: the kind is unknown.
        ImportError: the library is not installed; the message has the command.
    """
    if kind not in ("pyg", "networkx"):
        raise ValueError(f"graph of kind {kind!r}: give 'pyg' or 'networkx'")
    return (life_to_pyg if kind == "pyg" else life_to_networkx)(config, state)


def life_to_pyg(config: LNDPConfig, state: AnyLifeState) -> Any:
    """The first life as a `torch_geometric.data.Data`.

    Returns:
        x (N, Dh) node states, role (N,), edge_index (2, E), edge_attr (E, De) edge states, edge_weight (E,).

    Raises:
        ImportError: torch_geometric is not installed.
    """
    data = _module("torch_geometric.data")
    ends, edge_state = state.edges
    return data.Data(
        x=state.node_state[0, 0].clone(),
        edge_index=ends,
        edge_attr=edge_state,
        edge_weight=edge_state[:, 0].clone(),
        role=torch.tensor([_role(config, node) for node in range(config.nodes)], device=ends.device),
    )


def life_to_networkx(config: LNDPConfig, state: AnyLifeState) -> Any:
    """The first life as a `networkx.DiGraph`: nodes with role and state, edges with weight and state (lists).

    Raises:
        ImportError: networkx is not installed.
    """
    graph = _module("networkx").DiGraph()
    node_state: NDArray[np.float32] = state.node_state[0, 0].cpu().numpy()
    graph.add_nodes_from(
        (node, {"role": ROLES[_role(config, node)], "state": node_state[node].tolist()})
        for node in range(config.nodes)
    )
    ends, edge_state = (numbers.cpu().numpy() for numbers in state.edges)
    for (source, target), features in zip(ends.T.tolist(), edge_state.tolist(), strict=True):
        graph.add_edge(source, target, weight=features[0], state=features)
    return graph


def _role(config: LNDPConfig, node: int) -> int:
    return int(node >= config.observation_size) + int(node >= config.nodes - config.action_size)


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'{name} is not installed: pip install "lndp-agents[graph]"') from error
