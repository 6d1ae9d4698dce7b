"""The state of lifetimes, and the roles of nodes in a network."""

from collections import namedtuple
from functools import cache, lru_cache
from typing import Any, NamedTuple, Self, TypeVar

import torch
from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig

OwnFields = tuple[tuple[str, ...], tuple[str, ...]]


class LifeState(NamedTuple):
    """All that changes during a lifetime: a value, never modified in place by the program.

    The leading axes are P genomes and L lifetimes of each; i is the pre- and j the post-synaptic node.
    """

    adjacency: Tensor
    """(P, L, N, N) float32, 1 where the edge i -> j exists."""
    node_state: Tensor
    """(P, L, N, Dh) float32: h."""
    edge_state: Tensor
    """(P, L, De, N, N) float32: e, one plane per feature."""
    trace: Tensor
    """(P, L, N, K + 1) float32: v, activations of the last propagation."""
    activation: Tensor
    """(P, L, N) float32: a, where the next propagation starts; zero unless the network is recurrent."""
    age: Tensor
    """(P, L) int64: steps since birth, development included."""
    key: Tensor
    """(P, L) int64: the random key of the lifetime."""

    integer_fields = ("age", "key")
    pair_fields = ("edge_state",)
    """Features of edges (P, L, F, N, N), which are 0 where no edge exists."""

    @property
    def own_fields(self) -> OwnFields:
        """Names of the fields of nodes and of edges that mechanisms have added."""
        return (), ()

    @property
    def present(self) -> Tensor:
        """As `SparseLifeState.present`, for every pair: the adjacency."""
        return self.adjacency

    @property
    def weights(self) -> Tensor:
        """(P, L, N, N): the synaptic weights, the first edge feature."""
        return self.edge_state[:, :, 0]

    @property
    def num_edges(self) -> Tensor:
        """(P, L): number of edges."""
        return self.adjacency.sum((-2, -1))

    @property
    def degrees(self) -> tuple[Tensor, Tensor]:
        """(P, L, N) each: how many edges leave a node, and how many reach it."""
        return self.adjacency.sum(-1), self.adjacency.sum(-2)

    @property
    def edges(self) -> tuple[Tensor, Tensor]:
        """Senders and receivers (2, E) of the first lifetime's edges, in order, and their states (E, De)."""
        ends = self.adjacency[0, 0].nonzero().T
        return ends, self.edge_state[0, 0][:, ends[0], ends[1]].T.contiguous()

    def without_pruned(self) -> Self:
        """Clear the states of edges that the last step pruned."""
        exists = self.adjacency[:, :, None]
        return self._replace(**{name: getattr(self, name) * exists for name in self.pair_fields})

    def without_nodes(self, silent: Tensor) -> Self:
        """Leave silent nodes (P, L, N) bool without edges, activity and states."""
        kept = ~silent
        exists = kept[..., :, None] & kept[..., None, :]
        return self._replace(
            adjacency=self.adjacency * exists,
            **{name: getattr(self, name) * exists[:, :, None] for name in self.pair_fields},
            **kept_nodes(self, kept),
        )

    def without_weights(self, lost: Tensor) -> Self:
        """Set all features of some pairs (P, L, N * N) bool to 0."""
        hit = lost.view_as(self.adjacency)[:, :, None]
        return self._replace(**{name: getattr(self, name).masked_fill(hit, 0) for name in self.pair_fields})

    def shared_edges(self, other: Self) -> Tensor:
        """Return how many edges (P, L) exist in both."""
        return (self.adjacency * other.adjacency).sum((-2, -1))

    def where(self, mask: Tensor, other: Self) -> Self:
        """Return these lifetimes where mask (P, L) is true, the other ones elsewhere."""
        return type(self)(*(select(mask, mine, theirs) for mine, theirs in zip(self, other, strict=True)))

    def with_lives(self, index: Tensor, lives: Self) -> Self:
        """Replace the lifetimes at an index (I,) of the second axis."""
        return type(self)(*(old.index_copy(1, index, new) for old, new in zip(self, lives, strict=True)))

    def to(self, device: torch.device | str) -> Self:
        """Return the same state on another device."""
        return type(self)(*(tensor.to(device) for tensor in self))

    def copy(self) -> Self:
        """Copy the state to memory of its own."""
        return type(self)(*(tensor.clone(memory_format=torch.contiguous_format) for tensor in self))

    def lives(self, index: Tensor | slice) -> Self:
        """Select lifetimes of every genome along the second axis."""
        return type(self)(*(tensor[:, index] for tensor in self))

    def expand_genomes(self, num_genomes: int) -> Self:
        """Repeat the lifetimes of one genome (P = 1) for `num_genomes` genomes, in memory of their own."""
        return type(self)(*(tensor.expand(num_genomes, *tensor.shape[1:]) for tensor in self)).copy()


Kind = TypeVar("Kind", bound=Any)
SPONTANEOUS, DECISIONS = 4, 5
"""Folded into the key of a lifetime for the noise of development and of decisions; birth uses 0 to 3."""
Uniforms = tuple[Tensor, Tensor]
"""Numbers in [0, 1), (P, L, N, N) each, that decide on pruning and on growth where decisions are sampled."""


@cache
def with_own_fields(kind: type[Kind], nodes: tuple[str, ...], edges: tuple[str, ...]) -> type[Kind]:
    """Make a class of states with more fields at its end: features (P, L, N, F) of nodes, and of edges."""
    if not nodes and not edges:
        return kind
    fields: tuple[str, ...] = (*kind._fields, *nodes, *edges)
    wide = namedtuple(kind.__name__, fields)  # pyright: ignore[reportUntypedNamedTuple]  # no types to give
    of_tuple = (
        "__new__",
        "__repr__",
        "_make",
        "_replace",
        "_asdict",
        "_fields",
        "__match_args__",
        *nodes,
        *edges,
    )
    own = {
        "own_fields": property(lambda _: (nodes, edges)),
        "pair_fields": (*kind.pair_fields, *edges),
        "__slots__": (),
    }
    return type(kind.__name__, (kind,), own | {name: vars(wide)[name] for name in of_tuple})


class Stimulus(NamedTuple):
    """Inputs of one step."""

    inputs: Tensor
    """(P, L, O) float32: x, clamped on the input nodes."""
    reward: Tensor
    """(P, L) float32: r, the last reward; 0 at the first step of an episode."""
    uniforms: Uniforms | None = None
    """None where decisions are thresholded."""

    def life(self, genome: int, life: int) -> Self:
        """Return the inputs of one lifetime (P = L = 1)."""
        mine = slice(genome, genome + 1), slice(life, life + 1)
        uniforms = self.uniforms and (self.uniforms[0][mine], self.uniforms[1][mine])
        return type(self)(self.inputs[mine], self.reward[mine], uniforms)

    def finite(self, dtype: torch.dtype) -> Self:
        """Convert to the type of the state, with 0 for NaN and the largest numbers for infinite ones."""
        return self._replace(
            inputs=torch.nan_to_num(self.inputs.to(dtype)),
            reward=torch.nan_to_num(self.reward.to(dtype)),
        )


def select(mask: Tensor, chosen: Tensor, otherwise: Tensor) -> Tensor:
    """Return `chosen` (P, L, ...) where mask (P, L) is true, `otherwise` elsewhere."""
    return torch.where(mask.reshape(mask.shape + (1,) * (chosen.dim() - 2)), chosen, otherwise)


def kept_nodes(state: Any, kept: Tensor) -> dict[str, Tensor]:
    """Return the fields of nodes of a state, 0 where they are not kept (P, L, N) bool."""
    features = ("node_state", "trace", *state.own_fields[0])
    return {name: getattr(state, name) * kept[..., None] for name in features} | {
        "activation": state.activation * kept
    }


def needs_gradients(*tensors: Tensor) -> bool:
    """Return whether gradients are to flow through these."""
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


def brain_shapes(config: LNDPConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape in one lifetime of each field that a step changes (all but age and key)."""
    nodes = config.nodes
    return {
        "adjacency": (nodes, nodes),
        "node_state": (nodes, config.node_features),
        "edge_state": (config.edge_features, nodes, nodes),
        "trace": (nodes, config.trace_size),
        "activation": (nodes,),
    }


class Roles(NamedTuple):
    """Which nodes are inputs and outputs, and which edges may exist."""

    is_input: Tensor
    """(N,) float32: nodes 0 .. O-1."""
    is_output: Tensor
    """(N,) float32: the last M nodes."""
    allowed: Tensor
    """(N, N) bool: input -> hidden, hidden -> hidden without self loops, hidden -> output."""


@lru_cache(maxsize=64)
def roles(config: LNDPConfig, device: torch.device) -> Roles:
    """Return the roles of the N nodes of a config."""
    node = torch.arange(config.nodes, device=device)
    is_input = node < config.input_nodes
    is_output = node >= config.nodes - config.action_size
    return Roles(is_input.float(), is_output.float(), is_allowed(config, node[:, None], node))


def is_allowed(config: LNDPConfig, sender: Tensor, receiver: Tensor) -> Tensor:
    """Return whether edges between nodes of these int64 indices, broadcast, may exist (see `Roles`)."""
    first_output = config.nodes - config.action_size
    is_skipping = (sender < config.input_nodes) & (receiver >= first_output)
    runs_forth = (sender < first_output) & (receiver >= config.input_nodes)
    return runs_forth & ~is_skipping & (sender != receiver)
