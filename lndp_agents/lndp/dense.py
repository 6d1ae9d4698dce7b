"""The program of the paper on matrices of all pairs, eagerly or by the native kernel."""

import warnings
from typing import Any

from lndp_envs.randomness import fold, uniform
from torch import Tensor

from lndp_agents.lndp.assembly import own_fields
from lndp_agents.lndp.birth import birth
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.matrix import MatrixView
from lndp_agents.lndp.native import NativeLife
from lndp_agents.lndp.program import Program
from lndp_agents.lndp.state import (
    DECISIONS,
    LifeState,
    Stimulus,
    Uniforms,
    needs_gradients,
    with_own_fields,
)
from lndp_agents.parameters import Parameters

BACKENDS = ("auto", "eager", "native")


class LNDP(Program[LifeState]):
    """The program of the paper, in which a step considers every pair of nodes."""

    def __init__(self, config: LNDPConfig, backend: str = "eager") -> None:
        """Choose how steps are computed.

        Args:
            config: sizes and switches.
            backend: "eager" is the reference, on any device; "native" a compiled kernel for float32 on CPUs,
                equal but for rounding, and the same bits in any batch and with any number of threads, while
                lifetimes on other devices, and any that need gradients, stay eager; "auto" is "native" if
                the kernel implements the configuration and can be built, else "eager", with a warning.

        Raises:
            ValueError: the backend is unknown, "native" does not implement this configuration, or it names
                candidates.
            OSError: "native" was asked for and cannot be built.
        """
        if config.candidates:
            raise ValueError(f"candidates={config.candidates}: LNDP considers every pair; use make_policy")
        if backend not in BACKENDS:
            raise ValueError(f"backend {backend!r}: give one of {', '.join(BACKENDS)}")
        super().__init__(config)
        self._native = None if backend == "eager" else native_life(config, required=backend == "native")

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to copy it: a kernel is looked up again where the copy is."""
        return type(self), (self.config, "auto" if self._native else "eager")

    @property
    def step_bytes(self) -> int:
        """As `Policy.step_bytes`; the native kernel keeps no features of pairs but those of one network."""
        return self.config.state_bytes * 2 if self._native else super().step_bytes

    @property
    def state_type(self) -> type[LifeState]:
        """As `Program.state_type`."""
        return with_own_fields(LifeState, *map(tuple, own_fields(self.config)))

    def view(self, state: LifeState) -> MatrixView:
        """As `Program.view`."""
        return MatrixView(self.config, state)

    def _birth(self, key: Tensor) -> LifeState:
        return birth(self.config, key)

    def _edge_shape(self, state: LifeState, width: int) -> tuple[int, ...]:
        return width, self.config.nodes, self.config.nodes

    def _live(
        self,
        parameters: Parameters,
        state: LifeState,
        stimulus: Stimulus,
        *,
        alive: Tensor | None,
        rewiring: bool,
        donate: bool,
    ) -> LifeState:
        if self.config.stochastic and rewiring and stimulus.uniforms is None:
            stimulus = stimulus._replace(uniforms=self._sample_uniforms(state))
        native, tensors = self._native, (*parameters.values(), *state, *stimulus[:2])
        if native and native.accepts(state) and not needs_gradients(*tensors):
            memory = state if donate else state.copy()
            return native.live(parameters, memory, stimulus, rewiring=rewiring, alive=alive)
        stimulus = stimulus.finite(state.trace.dtype)
        new = self._advance(parameters, state, stimulus, rewiring=rewiring)
        return new if alive is None else new.where(alive, state)

    def num_edges(self, state: LifeState) -> Tensor:
        """As `Program.num_edges`."""
        if self._native and self._native.accepts(state):
            return self._native.num_edges(state)
        return state.num_edges

    def _sample_uniforms(self, state: LifeState) -> Uniforms:
        nodes = self.config.nodes
        uniforms = uniform(fold(fold(state.key, DECISIONS), state.age), (2, nodes, nodes)).float()
        return uniforms[:, :, 0], uniforms[:, :, 1]


def native_life(config: LNDPConfig, *, required: bool) -> NativeLife | None:
    """Return the native kernel of a config; None, after a warning, if it is not required and cannot be had.

    Raises:
        ValueError: it is required but does not implement the configuration.
        OSError: it is required but cannot be built.
    """
    try:
        return NativeLife(config)
    except (ValueError, OSError) as error:
        if required:
            raise
        warnings.warn(f"running eagerly, slower by 10 times and more: {error}", RuntimeWarning, stacklevel=3)
    return None
