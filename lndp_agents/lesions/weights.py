"""Weights that become 0: of a life where they are its own, else in the parameters that it goes on with."""

from dataclasses import replace
from typing import Any

import torch
from lndp_envs.randomness import uniform
from torch import Tensor

from lndp_agents.genome import Parameters
from lndp_agents.lesions.injured import InjuredProgram
from lndp_agents.lndp import LifeState, SparseLifeState
from lndp_agents.policies.hebbian import Hebbian


def zero_weights(
    injured: InjuredProgram, parameters: Parameters, state: Any, key: Tensor, share: float
) -> tuple[InjuredProgram, Any]:
    """Let a share of the weights become 0, which `ring_share` draws.

    Args:
        injured: the program of the lives.
        parameters: named parameters (1, ...).
        state: the lives (1, L, ...).
        key: (1, L) int64, of what is drawn.
        share: 0 to 1.

    Returns:
        The program with which the lives go on, and their state.
    """
    if isinstance(state, LifeState):
        hit = ring_share(key, state.adjacency.flatten(-2) > 0, share).view_as(state.adjacency)
        return injured, state._replace(edge_state=state.edge_state.masked_fill(hit[:, :, None], 0))
    if isinstance(state, SparseLifeState):
        hit = ring_share(key, state.present > 0, share)
        return injured, state._replace(edge_state=state.edge_state.masked_fill(hit[..., None], 0))
    if isinstance(injured.program, Hebbian):
        synapse = torch.arange(state.memory.shape[-1], device=key.device)
        is_weight = (synapse < injured.program.config.num_synapses).expand_as(state.memory)
        hit = ring_share(key, is_weight, share)
        return injured, state._replace(memory=state.memory.masked_fill(hit, 0))
    own = injured.own_parameters(parameters, key.shape[1])
    weights = {name: tensor for name, tensor in own.items() if tensor.dim() > 2}
    flat = torch.cat([tensor.flatten(1) for tensor in weights.values()], 1)
    hit = ring_share(key[0], torch.ones_like(flat, dtype=torch.bool), share)
    if not hit.any():
        return injured, state
    parts = flat.masked_fill(hit, 0).split_with_sizes([tensor[0].numel() for tensor in weights.values()], 1)
    for (name, tensor), part in zip(weights.items(), parts, strict=True):
        own[name] = part.reshape(tensor.shape)
    return replace(injured, parameters=own), state


def ring_share(key: Tensor, exists: Tensor, share: float) -> Tensor:
    """A share of what exists: neighbours in its order, from a drawn one on, round like a ring.

    Args:
        key: (...) int64.
        exists: (..., S) bool.
        share: 0 to 1, rounded to a whole number of what exists.

    Returns:
        (..., S) bool.
    """
    count = exists.sum(-1, keepdim=True)
    start = (uniform(key)[..., None] * count).long()
    rank = exists.cumsum(-1) - 1
    return exists & ((rank - start) % count.clamp(min=1) < (share * count).round())
