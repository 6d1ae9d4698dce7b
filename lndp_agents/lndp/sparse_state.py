"""The state of lifetimes of large networks: lists of edges instead of matrices of all pairs."""

from collections.abc import Sequence
from typing import NamedTuple, Self, TypeVar

import torch
from torch import Tensor

from lndp_agents.lndp.state import LifeState, OwnFields, kept_nodes, select, with_own_fields


class SparseLifeState(NamedTuple):
    """All that changes during a lifetime: a value, never modified in place by the program.

    The leading axes are P genomes and L lifetimes of each. Edges lie in S slots, in the order of their pairs;
    free slots come last. S is what the lifetime with most edges needs, so it differs from step to step.
    """

    pair: Tensor
    """(P, L, S) int64, strictly ascending: i * N + j for an edge i -> j, N * N in free slots."""
    present: Tensor
    """(P, L, S) float32: 0 in free slots and for edges that the last step pruned. Such an edge has its state
    for one more step, as it has in a table of all pairs."""
    edge_state: Tensor
    """(P, L, S, De) float32: e, 0 in free slots."""
    node_state: Tensor
    """(P, L, N, Dh) float32: h."""
    trace: Tensor
    """(P, L, N, K + 1) float32: v, activations of the last propagation."""
    activation: Tensor
    """(P, L, N) float32: a, where the next propagation starts; zero unless the network is recurrent."""
    age: Tensor
    """(P, L) int64: steps since birth, development included."""
    key: Tensor
    """(P, L) int64: the random key of the lifetime."""

    integer_fields = ("pair", "age", "key")
    pair_fields = ("edge_state",)
    """Features of edges (P, L, S, F), which are 0 where no edge exists."""

    @property
    def own_fields(self) -> OwnFields:
        """As `LifeState.own_fields`."""
        return (), ()

    @property
    def nodes(self) -> int:
        """N."""
        return self.node_state.shape[2]

    @property
    def is_used(self) -> Tensor:
        """(P, L, S), as `present`: 1 in slots that hold an edge, present or just pruned."""
        return (self.pair < self.nodes**2).to(self.present)

    @property
    def ends(self) -> tuple[Tensor, Tensor]:
        """(P, L, S) int64 each: the sender and the receiver in each slot; some nodes in free slots."""
        return (self.pair // self.nodes).clamp(max=self.nodes - 1), self.pair % self.nodes

    @property
    def is_consistent(self) -> bool:
        """Whether pairs ascend strictly, and only free slots follow them (see `HasConsistency`)."""
        if not self.pair.shape[-1]:
            return False
        free = self.node_state.shape[-2] ** 2  # the axis of genomes may be missing
        ascends = (self.pair.diff(dim=-1) > 0) | (self.pair[..., 1:] == free)
        return bool(ascends.all() & (self.pair[..., 0] >= 0).all() & (self.pair[..., -1] <= free).all())

    @property
    def adjacency(self) -> Tensor:
        """(P, L, N, N): 1 where the edge i -> j exists; a table made for this call."""
        return self._table(self.present[..., None])[:, :, 0]

    @property
    def weights(self) -> Tensor:
        """(P, L, N, N): the synaptic weights, the first edge feature; a table made for this call."""
        return self._table(self.edge_state[..., :1])[:, :, 0]

    @property
    def num_edges(self) -> Tensor:
        """(P, L): number of edges."""
        return self.present.sum(-1)

    @property
    def degrees(self) -> tuple[Tensor, Tensor]:
        """(P, L, N) each: how many edges leave a node, and how many reach it."""
        none = torch.zeros_like(self.activation)
        sender, receiver = self.ends
        return none.scatter_add(-1, sender, self.present), none.scatter_add(-1, receiver, self.present)

    @property
    def edges(self) -> tuple[Tensor, Tensor]:
        """Senders and receivers (2, E) of the first lifetime's edges, in order, and their states (E, De)."""
        exists = self.present[0, 0] > 0
        return torch.stack(self.ends)[:, 0, 0, exists], self.edge_state[0, 0, exists]

    def find(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Find the slots (P, L, M) of pairs (P, L, M) int64, and whether they have one."""
        slot = torch.searchsorted(self.pair.contiguous(), pair.contiguous())
        slot = slot.clamp(max=self.pair.shape[-1] - 1)
        return slot, self.pair.gather(-1, slot) == pair

    def without_pruned(self) -> Self:
        """Clear the states of edges that the last step pruned."""
        exists = self.present[..., None]
        return self._replace(**{name: getattr(self, name) * exists for name in self.pair_fields})

    def without_nodes(self, silent: Tensor) -> Self:
        """As `LifeState.without_nodes`."""
        kept = ~silent
        sender, receiver = self.ends
        exists = kept.gather(-1, sender) & kept.gather(-1, receiver)
        return self._replace(
            present=self.present * exists,
            **{name: getattr(self, name) * exists[..., None] for name in self.pair_fields},
            **kept_nodes(self, kept),
        )

    def without_weights(self, lost: Tensor) -> Self:
        """Set all features in some slots (P, L, S) bool to 0."""
        hit = lost[..., None]
        return self._replace(**{name: getattr(self, name).masked_fill(hit, 0) for name in self.pair_fields})

    def shared_edges(self, other: Self) -> Tensor:
        """Return how many edges (P, L) exist in both."""
        slot, has_slot = self.find(other.pair)
        return (other.present * self.present.gather(-1, slot) * has_slot).sum(-1)

    def moved(self, pair: Tensor, origin: Tensor) -> Self:
        """Hold the edges of pairs (P, L, S') instead, from the slots `origin`; others start at 0."""
        slots = self.pair.shape[-1]
        index = origin.clamp(max=slots)[..., None]
        rows: dict[str, Tensor] = {}
        for name in self.pair_fields:
            features = torch.nn.functional.pad(getattr(self, name), (0, 0, 0, 1))
            rows[name] = features.gather(2, index.expand(-1, -1, -1, features.shape[-1]))
        state = self._replace(pair=pair, **rows)
        return state._replace(present=state.is_used)

    def where(self, mask: Tensor, other: Self) -> Self:
        """Return these lifetimes where mask (P, L) is true, the other ones elsewhere."""
        return type(self)(
            *(select(mask, mine, theirs) for mine, theirs in zip(*self._aligned(other), strict=True))
        )

    def with_lives(self, index: Tensor, lives: Self) -> Self:
        """Replace the lifetimes at an index (I,) of the second axis."""
        return type(self)(
            *(old.index_copy(1, index, new) for old, new in zip(*self._aligned(lives), strict=True))
        )

    def to(self, device: torch.device | str) -> Self:
        """Return the same state on another device."""
        return type(self)(*(tensor.to(device) for tensor in self))

    def lives(self, index: Tensor | slice) -> Self:
        """Select lifetimes of every genome along the second axis."""
        return type(self)(*(tensor[:, index] for tensor in self))

    def life(self, genome: int, life: int) -> Self:
        """Copy one lifetime (P = L = 1) to memory of its own, with no more slots than it needs.

        The host waits for that number.
        """
        one = type(self)(*(tensor[genome : genome + 1, life : life + 1] for tensor in self))
        slots = max(1, int(one.is_used.sum()))
        names = ("pair", "present", *self.pair_fields)
        one = one._replace(**{name: getattr(one, name)[:, :, :slots] for name in names})
        return type(self)(*(tensor.clone(memory_format=torch.contiguous_format) for tensor in one))

    @classmethod
    def join(cls, lives: Sequence[Self], shape: Sequence[int]) -> Self:
        """Join P * L single lifetimes, in order, as a batch of shape (P, L)."""
        slots = max(life.pair.shape[-1] for life in lives)
        widened = (life._widened(slots) for life in lives)
        batch = (torch.cat(tensors) for tensors in zip(*widened, strict=True))
        return cls(*(tensor.reshape(*shape, *tensor.shape[2:]) for tensor in batch))

    def expand_genomes(self, num_genomes: int) -> Self:
        """Expand the lifetimes of one genome (P = 1) to `num_genomes` genomes.

        They share memory, as a step copies each lifetime before it changes it.
        """
        return type(self)(*(tensor.expand(num_genomes, *tensor.shape[1:]) for tensor in self))

    def to_dense(self) -> LifeState:
        """Return the same lifetimes as matrices of all pairs."""
        kind = with_own_fields(LifeState, *self.own_fields)
        fields = self._asdict() | {name: self._table(getattr(self, name)) for name in self.pair_fields}
        fields["adjacency"] = self.adjacency
        return kind(**{name: fields[name] for name in kind._fields})

    @classmethod
    def from_dense(cls, state: LifeState) -> "SparseLifeState":
        """Convert matrices of all pairs to lists of edges; the host waits for the number of edges."""
        present, num_pairs = state.adjacency.flatten(2), state.adjacency[0, 0].numel()
        features = {name: getattr(state, name).flatten(3).mT for name in state.pair_fields}
        is_used = (present > 0) | torch.stack([(rows != 0).any(-1) for rows in features.values()]).any(0)
        pair, _ = pack(torch.arange(num_pairs, device=present.device), is_used, num_pairs)
        inside, is_edge = pair.clamp(max=num_pairs - 1), pair < num_pairs
        fields = state._asdict() | {"pair": pair, "present": present.gather(-1, inside) * is_edge}
        for name, rows in features.items():
            index = inside[..., None].expand(*inside.shape, rows.shape[-1])
            fields[name] = rows.gather(2, index) * is_edge[..., None]
        kind = with_own_fields(SparseLifeState, *state.own_fields)
        return kind(**{name: fields[name] for name in kind._fields})

    def _table(self, values: Tensor) -> Tensor:
        """Return the matrices (P, L, F, N, N) with values of slots (P, L, S, F), 0 elsewhere."""
        features = values.shape[-1]  # free slots write behind the last pair
        table = values.new_zeros(*values.shape[:2], features, self.nodes**2 + 1)
        table.scatter_(-1, self.pair[:, :, None].expand(-1, -1, features, -1), values.mT)
        return table[..., :-1].reshape(*table.shape[:3], self.nodes, self.nodes)

    def _aligned(self, other: Self) -> tuple[Self, Self]:
        """Return both with as many slots as the one that has more."""
        slots = max(self.pair.shape[-1], other.pair.shape[-1])
        return self._widened(slots), other._widened(slots)

    def _widened(self, slots: int) -> Self:
        missing = (0, slots - self.pair.shape[-1])
        rows = {
            name: torch.nn.functional.pad(getattr(self, name), (0, 0, *missing)) for name in self.pair_fields
        }
        return self._replace(
            pair=torch.nn.functional.pad(self.pair, missing, value=self.nodes**2),
            present=torch.nn.functional.pad(self.present, missing),
            **rows,
        )


def pack(pair: Tensor, is_edge: Tensor, free: int) -> tuple[Tensor, Tensor]:
    """Put the pairs that are edges in order; the host waits for the largest number of edges.

    Args:
        pair: int64 pairs (P, L, M) or (M,).
        is_edge: (P, L, M) bool.
        free: what stands in free slots, larger than any pair.

    Returns:
        Pairs (P, L, S), and where along M each came from; S is at least 1.
    """
    num_slots = max(1, int(is_edge.sum(-1).max()))
    pairs, order = torch.where(is_edge, pair, free).sort(-1)
    return pairs[..., :num_slots], order[..., :num_slots]


AnyLifeState = LifeState | SparseLifeState
"""The state of lifetimes in either form."""
State = TypeVar("State", LifeState, SparseLifeState)
