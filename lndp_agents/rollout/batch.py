"""Rollouts under way, and their results."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from lndp_envs.dynamics import select
from torch import Tensor

from lndp_agents.rollout.learners import Network


class Rollout(NamedTuple):
    """The results of P x L lifetimes."""

    returns: Tensor
    """(P, L, E) float64: the return of each episode."""
    density: Tensor
    """(P, L) float64: mean over the steps of the share of allowed edges that exist; 0 for fixed wirings."""
    steps: Tensor
    """(P, L) int64: number of steps of each lifetime."""
    records: Mapping[str, Tensor] = {}
    """The records asked for, (P, L, T, ...) each; 0 after the end of a lifetime."""

    @property
    def scores(self) -> Tensor:
        """(P, L): mean episode return."""
        return self.returns.mean(-1)

    def cpu(self) -> "Rollout":
        """Return the same in the memory of the host."""
        records = {name: record.cpu() for name, record in self.records.items()}
        return Rollout(self.returns.cpu(), self.density.cpu(), self.steps.cpu(), records)

    @staticmethod
    def cat(parts: Sequence["Rollout"], dim: int) -> "Rollout":
        """Join rollouts along the genomes (dim 0) or the lifetimes (dim 1)."""

        def joined(pick: Callable[[Rollout], Tensor]) -> Tensor:
            return torch.cat([pick(part) for part in parts], dim)

        records = {name: joined(lambda part, name=name: part.records[name]) for name in parts[0].records}
        return Rollout(
            joined(lambda part: part.returns),
            joined(lambda part: part.density),
            joined(lambda part: part.steps),
            records,
        )


class Batch(NamedTuple):
    """Rollouts under way, P genomes x L lifetimes, with their results so far."""

    network: Network
    state: Any
    """State of the dynamics, P * L rows."""
    step: int
    """Number of steps since the beginning."""
    alive: Tensor
    """(P, L) bool: which lifetimes have not ended."""
    reward: Tensor
    """(P, L) float64: the last one."""
    episode: Tensor
    """(P, L) int64: the index of the current episode."""
    returns: Tensor
    """(P, L, E) float64: the return of each episode."""
    edges: Tensor
    """(P, L) float64: the number of edges, summed over the steps."""
    steps: Tensor
    """(P, L) int64: number of steps of each lifetime so far."""

    @property
    def outcome(self) -> tuple[Tensor, Tensor, Tensor]:
        """Returns, edges and steps, from which a `Rollout` is made."""
        return self.returns, self.edges, self.steps

    def select(self, genomes: Tensor, lifetimes: Tensor) -> "Batch | None":
        """Return some of the genomes and some of their lifetimes, by index; None if the network cannot."""
        network = self.network.select(genomes, lifetimes)
        if network is None:
            return None
        rows = (genomes[:, None] * self.alive.shape[1] + lifetimes).flatten()
        others = (tensor[genomes][:, lifetimes] for tensor in self[3:])
        return Batch(network, select(self.state, rows), self.step, *others)
