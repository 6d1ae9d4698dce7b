"""The step as a native kernel for CPUs: compiled at first use, cached, equal to the eager path.

The eager program is the reference. The kernel fuses all pairs of a network into one pass, skips lifetimes
that have ended and edges that do not exist, and knows the sizes of the configuration at compile time.
"""

import ctypes
import operator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_build import load_kernel
from lndp_agents.lndp.kernel_layout import (
    implemented_parameters,
    implemented_state,
    kernel_header,
    require_implemented,
)
from lndp_agents.lndp.state import LifeState, Stimulus
from lndp_agents.parameters import Parameters


class _Genomes(NamedTuple):
    """Parameters as the kernel reads them."""

    tensors: tuple[Tensor, ...]
    addresses: list[int]
    pointers: Any
    strides: Any


class NativeLife:
    """The kernel of one configuration.

    Raises:
        ValueError: the kernel does not implement the configuration; the message names what.
        OSError: the kernel cannot be built; the message says why.
    """

    def __init__(self, config: LNDPConfig) -> None:
        require_implemented(config)
        self.config = config
        self._kernel = load_kernel(kernel_header(config))
        self._kernel.lndp_live.restype = self._kernel.lndp_count_edges.restype = None
        self._parameter_shapes = implemented_parameters(config)
        self._bound: _Genomes | None = None
        self._parameter_strides = [
            torch.empty(shape, device="meta").stride() for shape in self._parameter_shapes.values()
        ]

    @staticmethod
    def accepts(state: LifeState) -> bool:
        """Return whether the kernel can advance these states: float32 on a CPU."""
        return state.trace.device.type == "cpu" and state.trace.dtype == torch.float32

    def live(
        self,
        parameters: Parameters,
        state: LifeState,
        stimulus: Stimulus,
        *,
        rewiring: bool,
        alive: Tensor | None,
    ) -> LifeState:
        """Advance lifetimes by one step.

        Args:
            parameters: named parameters (P, ...).
            state: of the lifetimes; its memory holds the result.
            stimulus: inputs, reward and, where decisions are sampled, uniform numbers.
            rewiring: false where the network is frozen.
            alive: (P, L) bool, which lifetimes go on; all if None.

        Raises:
            ValueError: a shape does not fit the configuration; the message names the tensor.
        """
        num_genomes, num_lifetimes = rows = tuple(state.key.shape)
        genomes = self._bind(parameters, num_genomes)
        pairs = (*rows, self.config.nodes, self.config.nodes)
        inputs = [
            _checked("observation", stimulus.inputs, (*rows, self.config.input_nodes)).contiguous(),
            _checked("reward", stimulus.reward, rows).contiguous(),
            None if alive is None else _checked("alive", alive, rows, torch.bool).contiguous(),
            *(
                None if numbers is None else _checked("uniforms", numbers, pairs).contiguous()
                for numbers in stimulus.uniforms or (None, None)
            ),
        ]
        tensors = {
            name: _checked(name, getattr(state, name), (*rows, *shape)).contiguous()
            for name, shape in implemented_state(self.config).items()
        }
        self._kernel.lndp_live(
            ctypes.c_int64(num_genomes * num_lifetimes),
            ctypes.c_int64(num_lifetimes),
            ctypes.c_int(torch.get_num_threads()),
            ctypes.c_int(rewiring),
            genomes.pointers,
            genomes.strides,
            *(ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in inputs),
            *(ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors.values()),
        )
        return state._replace(**tensors, age=state.age + (1 if alive is None else alive.long()))

    def num_edges(self, state: LifeState) -> Tensor:
        """Return how many edges exist, (P, L) float32."""
        nodes = self.config.nodes
        adjacency = _checked("adjacency", state.adjacency, (*state.key.shape, nodes, nodes)).contiguous()
        count = torch.empty(state.key.shape)
        self._kernel.lndp_count_edges(
            ctypes.c_int64(count.numel()),
            ctypes.c_int(torch.get_num_threads()),
            ctypes.c_void_p(adjacency.data_ptr()),
            ctypes.c_void_p(count.data_ptr()),
        )
        return count

    def _bind(self, parameters: Parameters, num_genomes: int) -> _Genomes:
        """Check parameters, once for all steps that use the same tensors."""
        given = tuple(parameters[name] for name in self._parameter_shapes)
        bound = self._bound
        if (
            bound
            and all(map(operator.is_, given, bound.tensors))
            and [tensor.data_ptr() for tensor in given] == bound.addresses
            and len(given[0]) == num_genomes
        ):
            return bound
        read = tuple(
            _checked(name, tensor, (num_genomes, *shape))
            for tensor, (name, shape) in zip(given, self._parameter_shapes.items(), strict=True)
        )
        # Genomes may lie apart from each other in memory, but the numbers of each must lie side by side.
        read = tuple(
            tensor if tensor.stride()[1:] == strides else tensor.contiguous()
            for tensor, strides in zip(read, self._parameter_strides, strict=True)
        )
        addresses = [tensor.data_ptr() for tensor in read]
        strides = (ctypes.c_int64 * len(read))(*(tensor.stride(0) for tensor in read))
        genomes = _Genomes(read, addresses, (ctypes.c_void_p * len(read))(*addresses), strides)
        if all(map(operator.is_, read, given)):  # not copies, which would not follow a change
            self._bound = genomes
        return genomes


def _checked(name: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the tensor in the type that the kernel reads, if it has the right shape and place."""
    if tensor.device.type != "cpu":
        raise ValueError(f"{name} on {tensor.device}: the networks are on the CPU, move it there")
    if tensor.shape != shape:
        raise ValueError(f"{name} of shape {tuple(tensor.shape)}: give {shape}")
    return tensor if tensor.dtype == dtype else tensor.to(dtype)
