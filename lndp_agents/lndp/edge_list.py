"""The pairs in a step of a large network: the edges that exist, and a sample of the others.

This extends the paper, whose program considers all pairs. Each sender considers itself, as attention always
does, and C - 1 other nodes, evenly spaced from a place sampled for lifetime, step and sender, so that all
others are equally likely. With C = N these are all pairs.

In the softmax of a sender its edges and itself count once, sampled nodes count for all without an edge:
an estimate whose bias falls as 1 / C, and exact with C = N. Where all sampled nodes have edges already, the
sender attends to its edges and itself alone.
"""

from functools import cached_property

import torch
from lndp_envs.randomness import fold, uniform, uniform_at
from torch import Tensor

from lndp_agents.lndp.cells import linear, per_head
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.pairs import ListedPairs, PairView, gather, scatter_max, scatter_sum
from lndp_agents.lndp.sparse_state import SparseLifeState, pack
from lndp_agents.lndp.state import DECISIONS, Uniforms, is_allowed

CANDIDATES = 8
"""Folded into the key of a lifetime; birth and program use 0 to 5, the agent 6 and 7."""


class ListView(PairView[SparseLifeState]):
    """The S pairs in the slots of a state, then the N * C candidates; all of them are attended to."""

    def __init__(self, config: LNDPConfig, state: SparseLifeState) -> None:
        self._config, self._state = config, state

    @property
    def candidates(self) -> ListedPairs:
        """As `PairView.candidates`: (P, L, N * C)."""
        return self._candidates

    @cached_property
    def _candidates(self) -> ListedPairs:
        receivers = candidates(self._config, self._state.key, self._state.age)
        senders = torch.arange(self._config.nodes, device=receivers.device)[:, None].expand_as(receivers)
        return ListedPairs(senders.flatten(-2), receivers.flatten(-2))

    @cached_property
    def attended(self) -> ListedPairs:
        """Those in the slots, some nodes in free ones, then the candidates: (P, L, S + N * C)."""
        sender, receiver = self._state.ends
        candidates = self.candidates
        return ListedPairs(
            torch.cat([sender, candidates.sender], -1), torch.cat([receiver, candidates.receiver], -1)
        )

    @property
    def can_grow(self) -> Tensor:
        """As `PairView.can_grow`."""
        slot, has_slot = self._slots
        is_edge = has_slot & (self._state.present.gather(-1, slot) > 0)
        return is_allowed(self._config, self.candidates.sender, self.candidates.receiver) & ~is_edge

    @cached_property
    def log_count(self) -> Tensor:
        """(P, L, S + N * C): the logarithm of the number of pairs that each attended one stands for.

        Minus infinity in free slots and for candidates that have a slot.
        """
        return torch.cat([self._state.is_used.log(), self._log_count().flatten(-2)], -1)

    @cached_property
    def _slots(self) -> tuple[Tensor, Tensor]:
        """The slot of each candidate, and whether it has one."""
        return self._state.find(self._index(self.candidates))

    def _index(self, pairs: ListedPairs) -> Tensor:
        """(P, L, M) int64: i * N + j."""
        return pairs.sender * self._config.nodes + pairs.receiver

    def _log_count(self) -> Tensor:
        """Of candidates (P, L, N, C).

        Sampled ones without a slot stand for all pairs of their sender that have none, and the
        sender itself, the first candidate, only for itself.
        """
        state = self._state
        has_slot = self._slots[1].reshape(*state.key.shape, self._config.nodes, -1)
        in_slots = torch.zeros_like(state.activation).scatter_add(-1, state.ends[0], state.is_used)
        num_sampled = (~has_slot[..., 1:]).sum(-1)
        per_sampled = (state.nodes - 1 - in_slots) / num_sampled.clamp(min=1)
        log_count = per_sampled.log()[..., None].where(~has_slot, -torch.inf)
        return torch.cat([torch.zeros_like(log_count[..., :1]), log_count[..., 1:]], -1)

    @cached_property
    def _features(self) -> Tensor:
        """(P, L, S + N * C, De + 3): e_ij, A_ij, A_ji, and whether i == j."""
        state, (sender, receiver) = self._state, (self.attended.sender, self.attended.receiver)
        num_candidates = sender.shape[-1] - state.pair.shape[-1]
        edge_state = torch.nn.functional.pad(state.edge_state, (0, 0, 0, num_candidates))
        forth = torch.nn.functional.pad(state.present, (0, num_candidates))
        slot, has_slot = state.find(receiver * state.nodes + sender)
        back = state.present.gather(-1, slot) * has_slot
        return torch.cat([edge_state, torch.stack([forth, back, (sender == receiver).to(back)], -1)], -1)

    def edges(self, state: SparseLifeState) -> ListedPairs:
        """As `PairView.edges`: (P, L, S)."""
        return ListedPairs(*state.ends)

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """As `PairView.similarity`: (P, L, S + N * C, heads)."""
        sent, received = (rows.flatten(-2) for rows in (query, key))
        products = gather(sent, self.attended.sender) * gather(received, self.attended.receiver)
        return per_head(products, query.shape[-2]).sum(-1)

    def relation(self, weight: Tensor, bias: Tensor) -> Tensor:
        """As `PairView.relation`."""
        return linear(self._features, weight, bias)

    def attend(self, score: Tensor, value: Tensor) -> Tensor:
        """As `PairView.attend`; a pair enters the softmax as often as there are pairs that it stands for."""
        sender, receiver, nodes = self.attended.sender, self.attended.receiver, self._config.nodes
        score = score + self.log_count[..., None]
        score = score.masked_fill((self.log_count == -torch.inf)[..., None], -torch.inf)
        share = torch.exp(score - gather(scatter_max(score, sender, nodes), sender))
        sent = (value / scatter_sum(share, sender, nodes)[..., None]).flatten(-2)
        pushed = per_head(gather(sent, sender), value.shape[-2]) * share[..., None]
        return scatter_sum(pushed.flatten(-2), receiver, nodes)

    def noise(self, state: SparseLifeState, uniforms: Uniforms | None, which: int) -> Tensor | None:
        """As `PairView.noise`; the same numbers as a matrix of all pairs has."""
        if not self._config.stochastic:
            return None
        pair, num_pairs = self._index(self.candidates) if which else state.pair, self._config.nodes**2
        if uniforms is not None:
            return uniforms[which].flatten(2).gather(-1, pair.clamp(max=num_pairs - 1))
        return uniform_at(fold(fold(state.key, DECISIONS), state.age), which * num_pairs + pair).float()

    def grow(self, state: SparseLifeState, grown: Tensor | None) -> SparseLifeState:
        """As `PairView.grow`; slots of edges that no longer exist are given up."""
        grown = torch.zeros_like(self.can_grow) if grown is None else grown
        is_edge = torch.cat([state.present > 0, grown], -1)
        candidates = self._index(self.candidates)
        pair, origin = pack(torch.cat([state.pair, candidates], -1), is_edge, self._config.nodes**2)
        return state.moved(pair, origin)

    def prune(self, state: SparseLifeState, pruned: Tensor) -> SparseLifeState:
        """As `PairView.prune`."""
        return state._replace(present=state.present * ~pruned)


def candidates(config: LNDPConfig, key: Tensor, age: Tensor) -> Tensor:
    """Return the receivers (P, L, N, C) int64 of each sender, itself first, in a step of lifetimes (P, L)."""
    num_others, num_sampled = config.nodes - 1, config.candidates - 1
    start = (uniform(fold(fold(key, CANDIDATES), age), (config.nodes,)) * num_others).long()
    spaced = torch.arange(num_sampled, device=key.device) * num_others // num_sampled
    sender = torch.arange(config.nodes, device=key.device)[:, None]
    others = (sender + 1 + (start[..., None] + spaced) % num_others) % config.nodes
    return torch.cat([sender.expand(*others.shape[:-1], 1), others], -1)
