"""Pairs of nodes, seen alike whether edges are kept as a matrix or as a list: what mechanisms compute with.

A linear map of a pair of nodes is the sum of one map of the sender and one of the receiver, so the tensor of
all concatenated pairs is never built.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic

import torch
from torch import Tensor

from lndp_agents.lndp.cells import linear, linear_planes
from lndp_agents.lndp.sparse_state import State
from lndp_agents.lndp.state import Uniforms


@dataclass(frozen=True)
class Pairs(ABC):
    """Some pairs of a sender i and a receiver j."""

    axis: ClassVar[int]
    """Along which the features of pairs lie."""

    sender: Tensor
    """int64 index of the sender, which broadcasts to the pairs."""
    receiver: Tensor
    """int64 index of the receiver, which broadcasts to the pairs."""

    @abstractmethod
    def of_nodes(self, sender: Tensor, receiver: Tensor) -> Tensor:
        """Return features of pairs: the sum of features (P, L, N, F) of sender and receiver."""

    @abstractmethod
    def at_ends(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Return numbers of nodes (P, L, N) by pair: those of senders, and those of receivers."""

    @abstractmethod
    def of_genomes(self, numbers: Tensor) -> Tensor:
        """Return features of pairs: numbers (P, F) of their genomes."""

    @abstractmethod
    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Apply each genome's linear map (P, out, in), with its bias (P, out), to features of pairs."""

    @abstractmethod
    def synaptic_input(self, weight: Tensor, activation: Tensor) -> Tensor:
        """Return the synaptic input (P, L, N) of activations (P, L, N) along the weights of pairs."""

    def as_feature(self, numbers: Tensor) -> Tensor:
        """Return one number per pair as one feature per pair."""
        return numbers.unsqueeze(self.axis)

    def from_feature(self, features: Tensor) -> Tensor:
        """Return the first feature of each pair."""
        return features.select(self.axis, 0)


class MatrixPairs(Pairs):
    """All pairs (P, L, N, N); features are planes (P, L, F, N, N)."""

    axis = 2

    @classmethod
    def of(cls, nodes: int, device: torch.device) -> "MatrixPairs":
        """Make all pairs of so many nodes."""
        node = torch.arange(nodes, device=device)
        return cls(node[:, None], node)

    def of_nodes(self, sender: Tensor, receiver: Tensor) -> Tensor:
        """As `Pairs.of_nodes`."""
        return sender.mT[..., :, None] + receiver.mT[..., None, :]

    def at_ends(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """As `Pairs.at_ends`; both broadcast to the pairs."""
        return numbers[..., :, None], numbers[..., None, :]

    def of_genomes(self, numbers: Tensor) -> Tensor:
        """As `Pairs.of_genomes`."""
        return numbers[:, None, :, None, None]

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """As `Pairs.linear`."""
        return linear_planes(x, weight, bias)

    def synaptic_input(self, weight: Tensor, activation: Tensor) -> Tensor:
        """As `Pairs.synaptic_input`."""
        return (activation[..., None, :] @ weight)[..., 0, :]


class ListedPairs(Pairs):
    """A list of M pairs (P, L, M); features are rows (P, L, M, F)."""

    axis = -1

    def of_nodes(self, sender: Tensor, receiver: Tensor) -> Tensor:
        """As `Pairs.of_nodes`."""
        return gather(sender, self.sender) + gather(receiver, self.receiver)

    def at_ends(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """As `Pairs.at_ends`."""
        return numbers.gather(-1, self.sender), numbers.gather(-1, self.receiver)

    def of_genomes(self, numbers: Tensor) -> Tensor:
        """As `Pairs.of_genomes`."""
        return numbers[:, None, None]

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """As `Pairs.linear`."""
        return linear(x, weight, bias)

    def synaptic_input(self, weight: Tensor, activation: Tensor) -> Tensor:
        """As `Pairs.synaptic_input`."""
        sent = activation.gather(-1, self.sender) * weight
        return torch.zeros_like(activation).scatter_add(-1, self.receiver, sent)


class PairView(ABC, Generic[State]):
    """The pairs that a step considers, as they are when it begins."""

    @property
    @abstractmethod
    def candidates(self) -> Pairs:
        """The pairs on whose growth the step decides."""

    @property
    @abstractmethod
    def can_grow(self) -> Tensor:
        """bool: which candidates may hold an edge; of a list, which of them are none yet."""

    @abstractmethod
    def edges(self, state: State) -> Pairs:
        """Return the pairs whose edges a state holds."""

    @abstractmethod
    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """Multiply senders' queries and receivers' keys (P, L, N, heads, width), by pair and head."""

    @abstractmethod
    def relation(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Apply the linear map of [e_ij, A_ij, A_ji, i == j], weight (P, heads, De + 3), by pair and head."""

    @abstractmethod
    def attend(self, score: Tensor, value: Tensor) -> Tensor:
        """Push messages: each sender divides a softmax of its scores among the receivers.

        Args:
            score: by pair and head.
            value: (P, L, N, heads, width) of the senders.

        Returns:
            (P, L, N, heads * width): what each node receives.
        """

    @abstractmethod
    def noise(self, state: State, uniforms: Uniforms | None, which: int) -> Tensor | None:
        """Return uniform noise for decisions on edges (0) or on candidates (1); None for thresholds."""

    @abstractmethod
    def grow(self, state: State, grown: Tensor | None) -> State:
        """Add edges at the candidates where `grown` is true; a new edge starts from e = 0."""

    @abstractmethod
    def prune(self, state: State, pruned: Tensor) -> State:
        """Remove the edges where `pruned` is true; they conduct until the next step."""


def gather(x: Tensor, index: Tensor) -> Tensor:
    """Return the rows (P, L, M, F) of x (P, L, N, F) at nodes (P, L, M)."""
    return x.gather(2, index[..., None].expand(-1, -1, -1, x.shape[-1]))


def scatter_sum(x: Tensor, index: Tensor, nodes: int) -> Tensor:
    """Sum the rows of x (P, L, M, F) by the node (P, L, M) that they go to: (P, L, N, F)."""
    index = index[..., None].expand_as(x)
    return x.new_zeros(*x.shape[:2], nodes, x.shape[-1]).scatter_add(2, index, x)


def scatter_max(x: Tensor, index: Tensor, nodes: int) -> Tensor:
    """Return the largest of the rows of x (P, L, M, F) by the node (P, L, M) that they go to."""
    index = index[..., None].expand_as(x)
    lowest = x.new_full((*x.shape[:2], nodes, x.shape[-1]), -torch.inf)
    return lowest.scatter_reduce(2, index, x, "amax")
