"""The pairs in a step of the paper's program: all of them, as matrices."""

import torch
from torch import Tensor

from lndp_agents.lndp.cells import linear_planes
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.pairs import MatrixPairs, PairView
from lndp_agents.lndp.state import LifeState, Uniforms, roles


class MatrixView(PairView[LifeState]):
    """All pairs of nodes."""

    def __init__(self, config: LNDPConfig, state: LifeState) -> None:
        self._config, self._state = config, state
        self._all = MatrixPairs.of(config.nodes, state.key.device)

    @property
    def candidates(self) -> MatrixPairs:
        """As `PairView.candidates`."""
        return self._all

    @property
    def can_grow(self) -> Tensor:
        """As `PairView.can_grow`: (N, N)."""
        return roles(self._config, self._state.key.device).allowed

    def edges(self, state: LifeState) -> MatrixPairs:
        """As `PairView.edges`."""
        return self._all

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """As `PairView.similarity`: (P, L, heads, N, N)."""
        return query.transpose(2, 3) @ key.transpose(2, 3).mT

    def relation(self, weight: Tensor, bias: Tensor) -> Tensor:
        """As `PairView.relation`."""
        edges, adjacency = self._config.edge_features, self._state.adjacency[:, :, None]
        per_edge = linear_planes(self._state.edge_state, weight[..., :edges], bias)
        forth, back, self_loop = (number[:, None, :, None, None] for number in weight[..., edges:].unbind(-1))
        relation = torch.addcmul(torch.addcmul(per_edge, forth, adjacency), back, adjacency.mT)
        relation.diagonal(dim1=-2, dim2=-1).add_(self_loop[..., 0])
        return relation

    def attend(self, score: Tensor, value: Tensor) -> Tensor:
        """As `PairView.attend`."""
        attention = torch.softmax(score, -1)
        return (attention.mT @ value.transpose(2, 3)).transpose(2, 3).flatten(-2)

    def noise(self, state: LifeState, uniforms: Uniforms | None, which: int) -> Tensor | None:
        """As `PairView.noise`."""
        return None if uniforms is None else uniforms[which]

    def grow(self, state: LifeState, grown: Tensor | None) -> LifeState:
        """As `PairView.grow`."""
        if grown is None:
            return state
        return state._replace(adjacency=torch.where(grown, 1.0, state.adjacency))

    def prune(self, state: LifeState, pruned: Tensor) -> LifeState:
        """As `PairView.prune`."""
        return state._replace(adjacency=torch.where(pruned & self.can_grow, 0.0, state.adjacency))
