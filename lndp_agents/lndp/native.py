"""The same step of life as a native kernel for CPUs: compiled at first use, cached, equal to the eager path.

`live` in `program` is the reference. The kernel fuses all pairs of a brain into one pass, skips lives that
have ended and edges that do not exist, and knows the sizes of the configuration at compile time.
"""

import ctypes
import hashlib
import operator
import os
import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.parameters import Parameters, parameter_shapes
from lndp_agents.lndp.state import LifeState, Stimulus, brain_shapes

SOURCE = Path(__file__).with_name("native.cpp")
# Not -ffast-math: linked into a library, it makes the whole process flush denormal numbers to zero.
FLAGS = ("-O3", "-march=native", "-ffp-contract=fast", "-std=c++17", "-shared", "-fPIC", "-pthread")
MAX_NODES = 512
"""Above this the work space of a brain no longer fits in the processor's cache."""
MAX_WIDTH = 64
"""Above this the constant sizes make the compiler slow."""

_WIDTHS = (
    "node_features",
    "edge_features",
    "network_steps",
    "graph_layers",
    "attention_heads",
    "query_features",
    "value_features",
    "decision_features",
)
_SIZES = ("observation_size", "action_size", "nodes", *_WIDTHS)
_SWITCHES = ("bias", "recurrent", "pruning", "synaptogenesis", "graph_transformer")


def compiler() -> str | None:
    """Path of a C++ compiler ($CXX, g++ or clang++), if there is one."""
    candidates = (os.environ.get("CXX"), "g++", "clang++")
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def cache_folder() -> Path:
    """Where compiled kernels are kept: $LNDP_AGENTS_CACHE, else the user's cache folder.

    Raises:
        OSError: the user has no home.
    """
    if folder := os.environ.get("LNDP_AGENTS_CACHE"):
        return Path(folder)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lndp_agents"
    except RuntimeError as error:
        raise OSError(f"no folder for compiled kernels ({error}): set LNDP_AGENTS_CACHE") from error


@lru_cache(maxsize=64)
def _kernel(definitions: tuple[str, ...]) -> Any:
    """The compiled functions for these -D definitions, from the cache or newly built.

    Raises:
        OSError: there is no compiler, or it failed, or the cache folder cannot be used.
    """
    path = compiler()
    if path is None:
        raise OSError("no C++ compiler found: install g++ or clang++, or set CXX")
    command = (path, *FLAGS, *definitions)
    identity = "\0".join((SOURCE.read_text(), *command, _compiler_target(path)))
    library = cache_folder() / f"life-{hashlib.sha256(identity.encode()).hexdigest()[:20]}.so"
    if not library.exists():
        _build(command, library)
    try:
        kernel = ctypes.CDLL(str(library))
    except OSError as error:
        raise OSError(
            f"{_one_line(error)}: delete that file, or set LNDP_AGENTS_CACHE to another folder"
        ) from error
    kernel.lndp_live.restype = kernel.lndp_count_edges.restype = None
    return kernel


def _build(command: tuple[str, ...], library: Path) -> None:
    """Compile in a folder of our own first, so that no process ever sees half a library."""
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=library.parent)
    except OSError as error:
        raise OSError(
            f"no compiled kernel can be kept in {library.parent} ({error.strerror}): "
            "set LNDP_AGENTS_CACHE to a folder that can be written"
        ) from error
    with scratch as folder:
        built = Path(folder) / library.name
        result = subprocess.run(
            [*command, str(SOURCE), "-o", str(built)], capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise OSError(f"{command[0]} could not build the native kernel: {_one_line(result.stderr)}")
        built.replace(library)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:500]


@lru_cache(maxsize=4)
def _compiler_target(path: str) -> str:
    """What -march=native means to this compiler on this machine."""
    command = [path, "-march=native", "-dM", "-E", "-x", "c++", os.devnull]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout + platform.machine()


class _Genomes(NamedTuple):
    """Parameters as the kernel reads them."""

    tensors: tuple[Tensor, ...]
    addresses: list[int]
    pointers: Any
    strides: Any


class NativeLife:
    """The kernel of one configuration.

    Raises:
        ValueError: the configuration is too large for it; the message names the field.
        OSError: the kernel cannot be built; the message says why.
    """

    def __init__(self, config: LNDPConfig) -> None:
        for name, maximum in ({"nodes": MAX_NODES} | dict.fromkeys(_WIDTHS, MAX_WIDTH)).items():
            if getattr(config, name) > maximum:
                raise ValueError(
                    f"{name}={getattr(config, name)}: the native backend takes at most {maximum}; use 'eager'"
                )
        self.config = config
        sizes = [f"-D{name.upper()}={getattr(config, name)}" for name in _SIZES]
        switches = [f"-D{name.upper()}={int(getattr(config, name))}" for name in _SWITCHES]
        self._kernel = _kernel((*sizes, *switches))
        self._parameter_shapes = {
            name: shape
            for name, shape in parameter_shapes(config).items()
            if not name.startswith("spontaneous")
        }
        self._bound: _Genomes | None = None
        self._parameter_strides = [
            torch.empty(shape, device="meta").stride() for shape in self._parameter_shapes.values()
        ]

    @staticmethod
    def accepts(state: LifeState) -> bool:
        """Whether the kernel can advance these lives: float32 on a CPU."""
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
        """Advance lives by one step.

        Args:
            parameters: named parameters (P, ...).
            state: the lives; their memory holds the result.
            stimulus: observation, reward and, where decisions are sampled, uniform numbers.
            rewiring: false where the brain is frozen and only acts.
            alive: (P, L) bool, which lives go on; all if none.

        Raises:
            ValueError: a shape does not fit the configuration; the message names the tensor.
        """
        num_genomes, num_lives = rows = tuple(state.key.shape)
        genomes = self._bind(parameters, num_genomes)
        pairs = (*rows, self.config.nodes, self.config.nodes)
        inputs = [
            _checked("observation", stimulus.observation, (*rows, self.config.observation_size)).contiguous(),
            _checked("reward", stimulus.reward, rows).contiguous(),
            None if alive is None else _checked("alive", alive, rows, torch.bool).contiguous(),
            *(
                None if numbers is None else _checked("uniforms", numbers, pairs).contiguous()
                for numbers in stimulus.uniforms or (None, None)
            ),
        ]
        brains = {
            name: _checked(name, getattr(state, name), (*rows, *shape)).contiguous()
            for name, shape in brain_shapes(self.config).items()
        }
        self._kernel.lndp_live(
            ctypes.c_int64(num_genomes * num_lives),
            ctypes.c_int64(num_lives),
            ctypes.c_int(torch.get_num_threads()),
            ctypes.c_int(rewiring),
            genomes.pointers,
            genomes.strides,
            *(ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in inputs),
            *(ctypes.c_void_p(tensor.data_ptr()) for tensor in brains.values()),
        )
        return state._replace(**brains, age=state.age + (1 if alive is None else alive.long()))

    def num_edges(self, state: LifeState) -> Tensor:
        """(P, L) float32: how many edges there are."""
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
    """The tensor in the type that the kernel reads, if it has the right shape and place."""
    if tensor.device.type != "cpu":
        raise ValueError(f"{name} on {tensor.device}: the brains are on the CPU, move it there")
    if tensor.shape != shape:
        raise ValueError(f"{name} of shape {tuple(tensor.shape)}: give {shape}")
    return tensor if tensor.dtype == dtype else tensor.to(dtype)
