"""Capabilities of a policy beyond `Policy`, with which it can be lesioned, watched and diagnosed.

A policy has a capability if it has the methods; `isinstance` with these protocols tells. A state is of the
form that the policy gave it.
"""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from lndp_agents.parameters import Parameters
from lndp_agents.policies.policy import AnyState, Policy


@runtime_checkable
class HasEdges(Protocol):
    """A policy whose network is a graph: N nodes with states, and weighted edges that come and go.

    Nodes are in the order inputs, hidden nodes, outputs.
    """

    @property
    def node_counts(self) -> tuple[int, int, int]:
        """Numbers of input, hidden and output nodes."""
        ...

    def node_states(self, state: AnyState) -> Tensor:
        """Return the states (P, L, N, F) of nodes."""
        ...

    def activations(self, state: AnyState) -> Tensor:
        """Return the activations (P, L, N) of nodes in the last step: of inputs, what they were given."""
        ...

    def edges(self, state: AnyState) -> tuple[Tensor, Tensor]:
        """Return the edges of the first lifetime of the first genome.

        Returns:
            Senders and receivers (2, E) int64, in ascending order, and features (E, F), whose first is the
            synaptic weight.
        """
        ...

    def shared_edges(self, before: AnyState, after: AnyState) -> Tensor:
        """Return how many edges (P, L) exist in both of two states."""
        ...

    def without_nodes(self, state: AnyState, silent: Tensor) -> AnyState:
        """Return the state without the edges, activity and states of silent nodes (P, L, N) bool.

        Raises:
            ValueError: the policy would bring them back within a step.
        """
        ...


def edges_of(policy: Policy[Any]) -> HasEdges:
    """Return a policy as one that has edges.

    Raises:
        ValueError: the policy has none.
    """
    if not isinstance(policy, HasEdges):
        raise ValueError(f"a {policy.config.policy} policy has no edges that come and go: name an LNDP")
    return policy


@runtime_checkable
class HasConsistency(Protocol):
    """A state whose fields depend on each other, so that not all numbers of the right shapes are possible."""

    @property
    def is_consistent(self) -> bool:
        """Whether the fields fit each other."""
        ...


@runtime_checkable
class HasHiddenUnits(Protocol):
    """A policy with layers of hidden units, whose connections follow from its parameters."""

    @property
    def num_hidden_units(self) -> int:
        """H: hidden units of all layers."""
        ...

    def without_units(
        self, parameters: Parameters, state: AnyState, silent: Tensor
    ) -> tuple[Parameters, AnyState]:
        """Return parameters and state with which silent units influence nothing any more.

        Args:
            parameters: named parameters (P, ...).
            state: of one lifetime of each genome (L = 1).
            silent: (P, H) bool.
        """
        ...


@runtime_checkable
class Plastic(Protocol):
    """A policy whose weights are part of its state, and change within a lifetime."""

    def frozen(self, state: AnyState) -> tuple[Policy[AnyState], AnyState]:
        """Return the same policy without plasticity, and the state with which it goes on."""
        ...

    def has_weight(self, state: AnyState) -> Tensor:
        """Return which of S places in the state hold a weight, (P, L, S) bool, neighbors side by side."""
        ...

    def without_weights(self, state: AnyState, lost: Tensor) -> AnyState:
        """Return the state in which the weights at some places (P, L, S) bool are 0."""
        ...
