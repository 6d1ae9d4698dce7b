"""The program for large networks: the cost of a step follows the edges that exist and the candidate pairs.

An extension of the paper, equal to it but for rounding where every pair is a candidate (see `edge_list`).
"""

from typing import Any

import torch
from torch import Tensor

from lndp_agents.lndp.assembly import own_fields
from lndp_agents.lndp.birth import sparse_birth
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.dense import BACKENDS, LNDP
from lndp_agents.lndp.edge_list import ListView
from lndp_agents.lndp.program import Program
from lndp_agents.lndp.sparse_state import SparseLifeState
from lndp_agents.lndp.state import Stimulus, with_own_fields
from lndp_agents.parameters import Parameters


def make_lndp(config: LNDPConfig, backend: str = "eager") -> Program[Any]:
    """Make the program of a config: `SparseLNDP` where it sets `candidates`, else `LNDP`.

    Args:
        config: sizes and switches.
        backend: as for `LNDP`; a sparse program is always eager.

    Raises:
        ValueError: the backend is unknown, or does not implement this configuration.
        OSError: "native" was asked for and cannot be built.
    """
    if not config.candidates:
        return LNDP(config, backend)
    if backend not in BACKENDS or backend == "native":
        raise ValueError(
            f"backend {backend!r} with candidates={config.candidates}: give 'eager', or 'auto', now the same"
        )
    return SparseLNDP(config)


class SparseLNDP(Program[SparseLifeState]):
    """The program in which a step considers `config.candidates` receivers and the edges of each sender.

    Lifetimes are computed one after another, each in memory of its own: a large network keeps a processor
    busy by itself, is not padded to the size of the largest, and computes the same in any batch, bit for bit
    where the number of threads is the same. In every step the host waits for the number of edges of each.

    Raises:
        ValueError: the config sets no candidates.
    """

    def __init__(self, config: LNDPConfig) -> None:
        if not config.candidates:
            raise ValueError(
                f"candidates=0: give 2 to {config.nodes}, or use LNDP, which considers every pair"
            )
        super().__init__(config)

    @property
    def state_type(self) -> type[SparseLifeState]:
        """As `Program.state_type`."""
        return with_own_fields(SparseLifeState, *map(tuple, own_fields(self.config)))

    def state_shapes(self, state: SparseLifeState) -> dict[str, tuple[int, ...]]:
        """As `Program.state_shapes`, with as many slots as the state has."""
        slots = state.pair.shape[-1]
        lists = {"pair": (slots,), "present": (slots,), "edge_state": (slots, self.config.edge_features)}
        return super().state_shapes(state) | lists

    def view(self, state: SparseLifeState) -> ListView:
        """As `Program.view`."""
        return ListView(self.config, state)

    def _birth(self, key: Tensor) -> SparseLifeState:
        return sparse_birth(self.config, key)

    def _edge_shape(self, state: SparseLifeState, width: int) -> tuple[int, ...]:
        return state.pair.shape[-1], width

    def _live(
        self,
        parameters: Parameters,
        state: SparseLifeState,
        stimulus: Stimulus,
        *,
        alive: Tensor | None,
        rewiring: bool,
        donate: bool,
    ) -> SparseLifeState:
        stimulus = stimulus.finite(state.trace.dtype)
        goes_on = torch.ones_like(state.key) if alive is None else alive
        after: list[SparseLifeState] = []
        for row, is_alive in enumerate(goes_on.flatten()):
            genome, life = divmod(row, state.key.shape[1])
            mine = state.life(genome, life)
            if is_alive:
                own = {name: tensor[genome : genome + 1].clone() for name, tensor in parameters.items()}
                mine = self._advance(own, mine, stimulus.life(genome, life), rewiring=rewiring)
            after.append(mine)
        return type(state).join(after, state.key.shape)
