"""The same step of life as a native kernel for CPUs: compiled at first use, cached, equal to the eager path.

`live` in `program` is the reference. The kernel fuses all pairs of a brain into one pass, skips lives that have ended
and edges that do not exist, and knows the sizes of the configuration at compile time.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.parameters import Parameters, parameter_shapes
from lndp_agents.lndp.state import LifeState

SOURCE = Path(__file__).with_name("native.cpp")
FLAGS = ("-O3", "-march=native", "-ffast-math", "-std=c++17", "-shared", "-fPIC", "-pthread")
MAX_NATIVE_NODES = 128
"""Above this the constant sizes make the compiler slow, and a brain no longer fits in the cache."""

_SIZES = (
    "observation_size",
    "action_size",
    "nodes",
    "node_features",
    "edge_features",
    "network_steps",
    "graph_layers",
    "attention_heads",
    "query_features",
    "value_features",
    "decision_features",
)
_SWITCHES = ("bias", "recurrent", "pruning", "synaptogenesis", "graph_transformer")


def compiler() -> str | None:
    """Path of a C++ compiler ($CXX, g++ or clang++), if there is one."""
    candidates = (os.environ.get("CXX"), "g++", "clang++")
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def cache_folder() -> Path:
    """Where compiled kernels are kept: $LNDP_AGENTS_CACHE, else the user's cache folder."""
    if folder := os.environ.get("LNDP_AGENTS_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lndp_agents"


@lru_cache(maxsize=64)
def _kernel(signature: tuple[str, ...]) -> Any:
    """The compiled function for these -D definitions, from the cache or newly built.

    Raises:
        OSError: there is no compiler, or it failed, or the cache folder cannot be written.
    """
    path = compiler()
    if path is None:
        raise OSError("no C++ compiler found: install g++ or clang++, or set CXX")
    command = [path, *FLAGS, *signature]
    identity = "\0".join([SOURCE.read_text(), *command, _compiler_target(path)])
    library = cache_folder() / f"life-{hashlib.sha256(identity.encode()).hexdigest()[:20]}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            built = Path(folder) / library.name
            result = subprocess.run(
                [*command, str(SOURCE), "-o", str(built)], capture_output=True, text=True, check=False
            )
            if result.returncode:
                raise OSError(f"{path} could not build the native kernel: {result.stderr.strip()[:500]}")
            built.replace(library)
    function: Any = ctypes.CDLL(str(library)).lndp_live
    function.restype = None
    return function


@lru_cache(maxsize=4)
def _compiler_target(path: str) -> str:
    """What -march=native means to this compiler on this machine."""
    result = subprocess.run(
        [path, "-march=native", "-dM", "-E", "-x", "c++", os.devnull], capture_output=True, text=True, check=False
    )
    return result.stdout + platform.machine()


class NativeLife:
    """The kernel of one configuration.

    Raises:
        OSError: the kernel cannot be built; the message says why.
    """

    def __init__(self, config: LNDPConfig) -> None:
        self.config = config
        sizes = [f"-D{name.upper()}={getattr(config, name)}" for name in _SIZES]
        switches = [f"-D{name.upper()}={int(getattr(config, name))}" for name in _SWITCHES]
        self._function = _kernel((*sizes, *switches))
        self._names = [name for name in parameter_shapes(config) if not name.startswith("spontaneous")]

    @staticmethod
    def supports(config: LNDPConfig, device: torch.device) -> bool:
        """Whether the kernel can run lives of this configuration on this device."""
        return device.type == "cpu" and config.nodes <= MAX_NATIVE_NODES

    def live(
        self,
        parameters: Parameters,
        state: LifeState,
        observation: Tensor,
        reward: Tensor,
        uniforms: tuple[Tensor, Tensor] | None,
        rewiring: bool,
        alive: Tensor | None,
    ) -> LifeState:
        """Advance lives by one step in the memory of `state`, whose tensors must be contiguous."""
        genomes, lives = state.key.shape
        tensors = [parameters[name] for name in self._names]
        tensors = [tensor if tensor[0].is_contiguous() else tensor.contiguous() for tensor in tensors]
        pointers = (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
        strides = (ctypes.c_int64 * len(tensors))(*(tensor.stride(0) if genomes > 1 else 0 for tensor in tensors))
        inputs = [observation.float().contiguous(), reward.float().contiguous()]
        inputs.append(torch.ones(0) if alive is None else alive.contiguous())
        inputs += [torch.ones(0)] * 2 if uniforms is None else [numbers.contiguous() for numbers in uniforms]
        self._function(
            ctypes.c_int64(genomes * lives),
            ctypes.c_int64(lives),
            ctypes.c_int(torch.get_num_threads()),
            ctypes.c_int(rewiring),
            pointers,
            strides,
            *(ctypes.c_void_p(tensor.data_ptr() if tensor.numel() else None) for tensor in inputs),
            *(ctypes.c_void_p(tensor.data_ptr()) for tensor in state[:5]),
        )
        return state._replace(age=state.age + (1 if alive is None else alive.long()))
