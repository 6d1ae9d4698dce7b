"""The random network that a life starts from."""

import math

import torch
from lndp_envs.randomness import fold, uniform
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.state import LifeState, roles


def birth(config: LNDPConfig, key: Tensor) -> LifeState:
    """Draw newborn brains: random edges, node and edge states; no activity yet.

    Args:
        config: gives sizes and the distribution of the connection probability.
        key: (P, L) int64, the randomness of each life.

    Returns:
        The state of each life, on the device of the keys.
    """
    nodes = config.nodes
    allowed = roles(config, key.device).allowed
    probability = _connection_probability(config, key)[..., None, None]
    adjacency = (allowed & (uniform(fold(key, 1), (nodes, nodes)) < probability)).float()
    node_state = (uniform(fold(key, 2), (nodes, config.node_features)) * 2 - 1).float()
    edge_state = (uniform(fold(key, 3), (config.edge_features, nodes, nodes)) * 2 - 1).float()
    return LifeState(
        adjacency=adjacency,
        node_state=node_state,
        edge_state=edge_state * adjacency[:, :, None],
        trace=torch.zeros(*key.shape, nodes, config.trace_size, device=key.device),
        activation=torch.zeros(*key.shape, nodes, device=key.device),
        age=torch.zeros_like(key),
        key=key,
    )


def _connection_probability(config: LNDPConfig, key: Tensor) -> Tensor:
    """(P, L): Normal(mean, std) truncated to [0, 1], by inversion of its distribution function."""
    mean = torch.full(key.shape, config.initial_density, dtype=torch.float64, device=key.device)
    if config.initial_density_std == 0:
        return mean
    scale = math.sqrt(2) * config.initial_density_std
    low, high = torch.erf((0 - mean) / scale), torch.erf((1 - mean) / scale)
    return (mean + scale * torch.erfinv(low + (high - low) * uniform(fold(key, 0)))).clamp(0, 1)
