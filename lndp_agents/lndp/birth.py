"""Initial states: random networks."""

import math

import torch
from lndp_envs.randomness import fold, key_of, uniform, uniform_at
from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.sparse_state import SparseLifeState, pack
from lndp_agents.lndp.state import LifeState, is_allowed, roles

INPUTS, OUTPUTS, HIDDEN, REWARD = key_of(0), key_of(1), key_of(2), key_of(3)
"""Keys of innate initial states of nodes."""
NUMBERS_AT_ONCE = 2**20
"""How many pairs of nodes a sparse birth samples at a time."""


def birth(config: LNDPConfig, key: Tensor) -> LifeState:
    """Sample initial networks: edges, node and edge states; activations are 0.

    Args:
        config: gives sizes and the distribution of the connection probability.
        key: (P, L) int64, the random key of each lifetime.

    Returns:
        The states, on the device of the keys.
    """
    nodes = config.nodes
    allowed = roles(config, key.device).allowed
    probability = _connection_probability(config, key)[..., None, None]
    adjacency = (allowed & (uniform(fold(key, 1), (nodes, nodes)) < probability)).float()
    edge_state = (uniform(fold(key, 3), (config.edge_features, nodes, nodes)) * 2 - 1).float()
    node_state, *others = _newborn_nodes(config, key)
    return LifeState(adjacency, node_state, edge_state * adjacency[:, :, None], *others)


def sparse_birth(config: LNDPConfig, key: Tensor) -> SparseLifeState:
    """Sample the same initial networks, bit for bit, as lists of edges, some pairs at a time.

    Args:
        config: as in `birth`.
        key: as in `birth`.

    Returns:
        The states; the host waits for the number of edges.
    """
    num_pairs = config.nodes**2
    at_once = max(1, NUMBERS_AT_ONCE // key.numel())
    pair = torch.cat(
        [
            _newborn_pairs(
                config, key, torch.arange(start, min(start + at_once, num_pairs), device=key.device)
            )
            for start in range(0, num_pairs, at_once)
        ],
        -1,
    )
    pair, _ = pack(pair, pair < num_pairs, num_pairs)
    feature = torch.arange(config.edge_features, device=key.device) * num_pairs
    index = (pair[..., None] + feature).flatten(2)
    numbers = uniform_at(fold(key, 3), index).reshape(*pair.shape, -1)
    present = (pair < num_pairs).float()
    edge_state = (numbers * 2 - 1).float() * present[..., None]
    return SparseLifeState(pair, present, edge_state, *_newborn_nodes(config, key))


def _newborn_pairs(config: LNDPConfig, key: Tensor, pair: Tensor) -> Tensor:
    """Return the initial edges (P, L, S) among the pairs (M,)."""
    is_sampled = uniform_at(fold(key, 1), pair) < _connection_probability(config, key)[..., None]
    exists = is_sampled & is_allowed(config, pair // config.nodes, pair % config.nodes)
    return pack(pair, exists, config.nodes**2)[0]


def _newborn_nodes(config: LNDPConfig, key: Tensor) -> tuple[Tensor, ...]:
    """Return initial node states, traces and activations, ages and keys."""
    shape = (*key.shape, config.nodes)
    return (
        _newborn_states(config, key),
        torch.zeros(*shape, config.trace_size, device=key.device),
        torch.zeros(shape, device=key.device),
        torch.zeros_like(key),
        key,
    )


def _newborn_states(config: LNDPConfig, key: Tensor) -> Tensor:
    """(P, L, N, Dh), uniform in [-1, 1); those of nodes with innate states the same in all lives."""
    states = uniform(fold(key, 2), (config.nodes, config.node_features)) * 2 - 1
    observed, inputs, outputs = config.observation_size, config.input_nodes, config.nodes - config.action_size
    innate: dict[int, slice] = {}
    if config.innate_roles or config.innate_wiring:
        innate |= {INPUTS: slice(observed), OUTPUTS: slice(outputs, None), REWARD: slice(observed, inputs)}
    if config.innate_wiring:
        innate[HIDDEN] = slice(inputs, outputs)
    for number, nodes in innate.items():
        role_key = torch.tensor(number, device=key.device)[None]
        if config.innate_wiring and number != REWARD:  # a reward means the same to all bodies
            role_key = fold(fold(role_key, config.observation_size), config.action_size)
        states[:, :, nodes] = uniform(role_key, states[0, 0, nodes].shape)[0] * 2 - 1
    return states.float()


def _connection_probability(config: LNDPConfig, key: Tensor) -> Tensor:
    """Sample (P, L) from Normal(mean, std) truncated to [0, 1], by inversion of its distribution function."""
    mean = torch.full(key.shape, config.initial_density, dtype=torch.float64, device=key.device)
    if config.initial_density_std == 0:
        return mean
    scale = math.sqrt(2) * config.initial_density_std
    low, high = torch.erf((0 - mean) / scale), torch.erf((1 - mean) / scale)
    return (mean + scale * torch.erfinv(low + (high - low) * uniform(fold(key, 0)))).clamp(0, 1)
