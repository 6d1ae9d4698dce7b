"""Agents as files: config.json and model.safetensors in one folder. Nothing in them can be executed.

Format 1 of config.json is an object with exactly the keys of `_KEYS`; a change of it gets another number. The
tensors are the named parameters of one genome, float32.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, float32

from lndp_agents import __version__
from lndp_agents.config import LNDPConfig
from lndp_agents.lndp import genome_size, genome_to_parameters, parameter_shapes, parameters_to_genome
from lndp_agents.spaces import ObservationEncoding, Space, check_fit, space_from_json, space_to_json
from lndp_agents.validation import is_integer, is_object, require_keys, shorten

FORMAT_VERSION = 1
CONFIG_FILE, MODEL_FILE = "config.json", "model.safetensors"
MAX_CONFIG_BYTES = 2**22
MAX_HEADER_BYTES = 2**16
_KEYS = {
    "format_version",
    "package_version",
    "policy",
    "observation_space",
    "action_space",
    "encoding",
    "config",
}
T = TypeVar("T")


class FileFormatError(ValueError):
    """A file of an agent is missing, damaged or foreign; one line names the file, the value, the remedy."""


@dataclass(frozen=True)
class SavedAgent:
    """What the files hold."""

    observation_space: Space
    action_space: Space
    encoding: ObservationEncoding
    config: LNDPConfig
    genome: Tensor
    """(D,) float32."""


def save_agent(folder: str | PathLike[str], agent: SavedAgent) -> None:
    """Write an agent; a file is either wholly the old one or wholly the new one at any moment.

    Raises:
        OSError: the folder cannot be written.
    """
    from safetensors.torch import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    description = {
        "format_version": FORMAT_VERSION,
        "package_version": __version__,
        "policy": "lndp",
        "observation_space": space_to_json(agent.observation_space),
        "action_space": space_to_json(agent.action_space),
        "encoding": agent.encoding.to_json(),
        "config": agent.config.to_json(),
    }
    parameters = genome_to_parameters(agent.config, agent.genome.cpu()[None])
    tensors = {name: tensor[0].contiguous() for name, tensor in parameters.items()}
    write_file(folder / MODEL_FILE, save(tensors))
    write_file(folder / CONFIG_FILE, (json.dumps(description, indent=1, allow_nan=False) + "\n").encode())


def load_agent(folder: str | PathLike[str]) -> SavedAgent:
    """Read an agent, believing nothing in the files.

    Raises:
        FileFormatError: a file is missing, damaged, foreign, or of another size than it says.
    """
    path = Path(folder) / CONFIG_FILE
    data = _read_description(path)
    observation_space, action_space, encoding, config = _checked(path, _description, data)
    genome = _read_genome(Path(folder) / MODEL_FILE, config)
    return SavedAgent(observation_space, action_space, encoding, config, genome)


def write_file(path: Path, content: bytes) -> None:
    """Write a file under another name, see it on disk, and rename it.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read_description(path: Path) -> dict[str, Any]:
    content = _read(path, 0, MAX_CONFIG_BYTES)
    data = _checked(path, _parse, content)
    version = data.get("format_version")
    if not is_integer(version, FORMAT_VERSION, FORMAT_VERSION):
        raise FileFormatError(
            f"{path}: format_version {shorten(version)}, lndp-agents {__version__} reads {FORMAT_VERSION}; "
            "update the package or save the agent again"
        )
    _checked(path, lambda keys: require_keys("agent", data, keys), _KEYS)
    if data["policy"] != "lndp":
        raise FileFormatError(
            f"{path}: policy {shorten(data['policy'])}, only 'lndp' is known; give an LNDP agent"
        )
    return data


def _parse(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply: give the file of an agent") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({error}): give the file of an agent") from None
    if not is_object(data):
        raise ValueError(f"{shorten(data)} is no JSON object: give the file of an agent")
    return data


def _description(data: dict[str, Any]) -> tuple[Space, Space, ObservationEncoding, LNDPConfig]:
    observation_space, action_space = (
        space_from_json(data[f"{name}_space"]) for name in ("observation", "action")
    )
    encoding = ObservationEncoding.from_json(data["encoding"])
    if not is_object(data["config"]):
        raise ValueError(f"config {shorten(data['config'])}: give a JSON object")
    require_keys("config", data["config"], {field.name for field in fields(LNDPConfig)})
    config = LNDPConfig.from_json(data["config"])
    check_fit(config, observation_space, action_space, encoding)
    return observation_space, action_space, encoding, config


def _read_genome(path: Path, config: LNDPConfig) -> Tensor:
    """The genome, once the size of the file has shown that they can be those of the configuration."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    num_bytes = 4 * genome_size(config)
    content = _read(path, num_bytes, num_bytes + MAX_HEADER_BYTES)
    try:
        parameters = load(content)
    except SafetensorError as error:
        raise FileFormatError(
            f"{path}: not a safetensors file ({shorten(str(error))}); fetch it again"
        ) from None
    _checked(path, lambda shapes: _check_parameters(parameters, shapes), parameter_shapes(config))
    return parameters_to_genome(config, {name: tensor[None] for name, tensor in parameters.items()})[0]


def _check_parameters(parameters: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> None:
    require_keys("model", parameters, set(shapes))
    for name, shape in shapes.items():
        tensor = parameters[name]
        if tensor.shape != shape or tensor.dtype != float32:
            raise ValueError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}, "
                f"but {CONFIG_FILE} asks for float32 of {shape}; give the two files of one agent"
            )
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity; save the agent again from a sound genome")


def _read(path: Path, min_bytes: int, max_bytes: int) -> bytes:
    if not path.is_file():
        raise FileFormatError(f"{path}: no such file; give a folder that save_pretrained wrote")
    size = path.stat().st_size
    if not min_bytes <= size <= max_bytes:
        raise FileFormatError(f"{path}: {size} bytes, expected {min_bytes} to {max_bytes}; fetch it again")
    return path.read_bytes()


def _checked(path: Path, read: Callable[[Any], T], data: Any) -> T:
    """What `read` makes of the data; its ValueError names the file."""
    try:
        return read(data)
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from None
