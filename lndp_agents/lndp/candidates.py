"""Which pairs of nodes a step of a large brain looks at: the edges that exist, and a sample of the others.

This extends the paper, whose program looks at all pairs. Each sender looks at itself, as attention always
does, and at C - 1 other nodes, evenly spaced from a place drawn for this life, step and sender, so that all
others are equally likely. With C = N these are all pairs.

In the softmax of a sender its edges and itself count once, what was drawn counts for all that has no edge:
an estimate whose bias falls as 1 / C, and exact with C = N. Where all that was drawn has edges already, the
sender attends to its edges and itself alone.
"""

from typing import NamedTuple, Self

import torch
from lndp_envs.randomness import fold, uniform
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.sparse_state import SparseLifeState
from lndp_agents.lndp.state import is_allowed

CANDIDATES = 8
"""Folded into a life's key, as 0 to 5 are by birth and program, 6 and 7 by the agent."""


class Pairs(NamedTuple):
    """The M = S + N * C pairs that a step looks at: those in the S slots, then the candidates."""

    sender: Tensor
    """(P, L, M) int64; some node in free slots."""
    receiver: Tensor
    """(P, L, M) int64; some node in free slots."""
    features: Tensor
    """(P, L, M, De + 3): what attention knows of a pair: e_ij, A_ij, A_ji, and whether i == j."""
    log_count: Tensor
    """(P, L, M): the logarithm of the number of pairs that this one stands for; minus infinity in free slots
    and for candidates that have a slot."""
    can_grow: Tensor
    """(P, L, N * C) bool: which candidates may become edges and are none."""

    @classmethod
    def of(cls, config: LNDPConfig, state: SparseLifeState) -> Self:
        """The pairs for the next step of these lives."""
        receivers = candidates(config, state.key, state.age)
        senders = torch.arange(config.nodes, device=receivers.device)[:, None].expand_as(receivers)
        sender, receiver = (
            torch.cat([of_slots, of_candidates.flatten(-2)], -1)
            for of_slots, of_candidates in zip(state.ends, (senders, receivers), strict=True)
        )
        slot, has_slot = state.find((senders * config.nodes + receivers).flatten(-2))
        is_edge = has_slot & (state.present.gather(-1, slot) > 0)
        can_grow = is_allowed(config, senders, receivers).flatten(-2) & ~is_edge
        log_counts = (state.is_used.log(), _log_count(state, has_slot.reshape(receivers.shape)).flatten(-2))
        return cls(sender, receiver, _features(state, sender, receiver), torch.cat(log_counts, -1), can_grow)


def candidates(config: LNDPConfig, key: Tensor, age: Tensor) -> Tensor:
    """The receivers (P, L, N, C) int64 that each sender looks at, itself first, in a step of lives (P, L)."""
    num_others, num_drawn = config.nodes - 1, config.candidates - 1
    start = (uniform(fold(fold(key, CANDIDATES), age), (config.nodes,)) * num_others).long()
    spaced = torch.arange(num_drawn, device=key.device) * num_others // num_drawn
    sender = torch.arange(config.nodes, device=key.device)[:, None]
    others = (sender + 1 + (start[..., None] + spaced) % num_others) % config.nodes
    return torch.cat([sender.expand(*others.shape[:-1], 1), others], -1)


def _log_count(state: SparseLifeState, has_slot: Tensor) -> Tensor:
    """Of candidates (P, L, N, C), given which have a slot.

    Those that were drawn and have none stand for all pairs of their sender that have none, and the sender
    itself, the first candidate, only for itself.
    """
    in_slots = torch.zeros_like(state.activation).scatter_add(-1, state.ends[0], state.is_used)
    num_drawn = (~has_slot[..., 1:]).sum(-1)
    per_drawn = (state.nodes - 1 - in_slots) / num_drawn.clamp(min=1)
    log_count = per_drawn.log()[..., None].where(~has_slot, -torch.inf)
    return torch.cat([torch.zeros_like(log_count[..., :1]), log_count[..., 1:]], -1)


def _features(state: SparseLifeState, sender: Tensor, receiver: Tensor) -> Tensor:
    num_candidates = sender.shape[-1] - state.pair.shape[-1]
    edge_state = torch.nn.functional.pad(state.edge_state, (0, 0, 0, num_candidates))
    forth = torch.nn.functional.pad(state.present, (0, num_candidates))
    slot, has_slot = state.find(receiver * state.nodes + sender)
    back = state.present.gather(-1, slot) * has_slot
    return torch.cat([edge_state, torch.stack([forth, back, (sender == receiver).to(back)], -1)], -1)
