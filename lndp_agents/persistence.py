"""Agents as files: config.json and model.safetensors in one folder. Nothing in them can be executed.

config.json is an object with exactly the keys of `_KEYS`; a change of them gets another format_version.
Format 1, which had no model_sha256, is still read. The tensors are the named parameters of one genome in
float32.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeVar

from torch import Tensor, float32

from lndp_agents.config import PolicyConfig
from lndp_agents.genome import genome_size, genome_to_parameters, parameters_to_genome
from lndp_agents.plugins import require_trusted
from lndp_agents.policies import find_policy, parameter_shapes
from lndp_agents.spaces import ObservationEncoding, Space, check_fit, space_from_json, space_to_json
from lndp_agents.validation import is_integer, is_object, parse_json, require_keys, shorten
from lndp_agents.version import __version__

FORMAT_VERSION = 2
CONFIG_FILE, MODEL_FILE = "config.json", "model.safetensors"
MAX_CONFIG_BYTES = 2**20
"""Twice what 4,095 inputs with their bounds and statistics take."""
MAX_HEADER_BYTES = 2**16
_KEYS = {
    "format_version",
    "package_version",
    "policy",
    "observation_space",
    "action_space",
    "encoding",
    "config",
    "model_sha256",
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
    config: PolicyConfig
    genome: Tensor
    """(D,) float32."""


def save_agent(folder: str | PathLike[str], agent: SavedAgent) -> None:
    """Write an agent; a file is either wholly the old one or wholly the new one at any moment.

    config.json, which has the hash of the model, is the first to be replaced: where a crash leaves the new
    one beside an old model, of whatever format, the two do not pass for an agent.

    Raises:
        OSError: the folder cannot be written.
    """
    from safetensors.torch import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parameters = genome_to_parameters(agent.config, agent.genome.cpu()[None])
    model = save({name: tensor[0].contiguous() for name, tensor in parameters.items()})
    description = {
        "format_version": FORMAT_VERSION,
        "package_version": __version__,
        "policy": agent.config.policy,
        "observation_space": space_to_json(agent.observation_space),
        "action_space": space_to_json(agent.action_space),
        "encoding": agent.encoding.to_json(),
        "config": agent.config.to_json(),
        "model_sha256": hashlib.sha256(model).hexdigest(),
    }
    config = (json.dumps(description, indent=1, allow_nan=False) + "\n").encode()
    write_files({folder / CONFIG_FILE: config, folder / MODEL_FILE: model})


def load_agent(folder: str | PathLike[str], *, trust: bool = False) -> SavedAgent:
    """Read an agent, believing nothing in the files.

    Args:
        folder: of the files.
        trust: whether modules that the files name may be imported (see `plugins.require_trusted`).

    Raises:
        FileFormatError: a file is missing, damaged, foreign, or of another size than it says, or names a
            module that is not trusted.
    """
    path = Path(folder) / CONFIG_FILE
    data = _read_description(path, trust)
    observation_space, action_space, encoding, config = _checked(path, _description, data)
    genome = _read_genome(Path(folder) / MODEL_FILE, config, data)
    return SavedAgent(observation_space, action_space, encoding, config, genome)


def read_regular(path: Path, max_bytes: int, min_bytes: int = 0) -> bytes:
    """The content of a regular file, or of a link to one: of anything else nothing is read, so nothing hangs.

    Raises:
        ValueError: it is something else, or has another size.
        OSError: it cannot be read.
    """
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no regular file")
    if not min_bytes <= status.st_size <= max_bytes:
        raise ValueError(f"{path}: {status.st_size} bytes, expected {min_bytes} to {max_bytes}")
    with path.open("rb") as file:
        return file.read(max_bytes)


def write_file(path: Path, content: bytes) -> None:
    """Write a file under another name, see it on disk, and rename it.

    Raises:
        OSError: it cannot be written.
    """
    write_files({path: content})


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files under other names, see all of them on disk, and only then rename them, one after another.

    Raises:
        OSError: one cannot be written; then none is replaced.
    """
    temporaries = {path: _temporary(path) for path in contents}
    try:
        for path, temporary in temporaries.items():
            temporary.unlink(missing_ok=True)
            with temporary.open("xb") as file:  # never through a link that lies there
                file.write(contents[path])
                file.flush()
                os.fsync(file.fileno())
        for path, temporary in temporaries.items():
            temporary.replace(path)
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def read_file(path: Path, max_bytes: int, min_bytes: int = 0, writer: str = "save_pretrained") -> bytes:
    """The content of a file of a size that can be, never of a pipe or a device.

    Args:
        path: of the file, or a link to one.
        max_bytes: most bytes.
        min_bytes: fewest bytes.
        writer: what writes such files, for the message.

    Raises:
        FileFormatError: there is no such file, it has another size, or cannot be read.
    """
    try:
        if path.is_file():
            return read_regular(path, max_bytes, min_bytes)
    except OSError as error:
        raise FileFormatError(f"{path}: {error.strerror}; give files that can be read") from None
    except ValueError as error:
        raise FileFormatError(f"{error}; fetch it again") from None
    raise FileFormatError(f"{path}: no such file; give a folder that {writer} wrote")


def write_link(path: Path, target: Path) -> None:
    """Make a link under another name, and rename it.

    Raises:
        OSError: it cannot be made, or the file system has no links.
    """
    temporary = _temporary(path)
    try:
        temporary.symlink_to(target)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def parse_tensors(content: bytes) -> dict[str, Tensor]:
    """The tensors in the content of a safetensors file.

    Raises:
        ValueError: it is no such file; the message is one line.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content)
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        # The others come from a type, a size or a number of axes that torch does not know.
        raise ValueError(f"not a safetensors file ({shorten(str(error))}); fetch it again") from None


def check_tensors(tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """See that tensors are finite float32 of the names and shapes that a configuration asks for.

    Raises:
        ValueError: they are not; the message names the first.
    """
    require_keys("model", tensors, set(shapes))
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.shape != shape or tensor.dtype != float32:
            raise ValueError(
                f"{name} is {tensor.dtype} of shape {shorten(tuple(tensor.shape))}, but its configuration "
                f"asks for float32 of {shape}; give files that belong together"
            )
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity; save it again from sound numbers")


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _read_description(path: Path, trust: bool) -> dict[str, Any]:
    content = read_file(path, MAX_CONFIG_BYTES)
    data = _checked(path, _parse, content)
    version = data.get("format_version")
    if not is_integer(version, 1, FORMAT_VERSION):
        raise FileFormatError(
            f"{path}: format_version {shorten(version)}, lndp-agents {__version__} reads 1 to "
            f"{FORMAT_VERSION}; update the package or save the agent again"
        )
    keys = _KEYS - {"model_sha256"} if version == 1 else _KEYS
    _checked(path, lambda keys: require_keys("agent", data, keys), keys)
    try:
        require_trusted({"policy": data["policy"], "config": data["config"]}, path, trust=trust)
    except ValueError as error:
        raise FileFormatError(str(error)) from error
    _checked(path, find_policy, data["policy"])
    return data


def _parse(content: bytes) -> dict[str, Any]:
    try:
        data = parse_json(content)
    except ValueError as error:
        raise ValueError(f"not JSON ({error}): give the file of an agent") from None
    if not is_object(data):
        raise ValueError(f"{shorten(data)} is no JSON object: give the file of an agent")
    return data


def _description(data: dict[str, Any]) -> tuple[Space, Space, ObservationEncoding, PolicyConfig]:
    observation_space, action_space = (
        space_from_json(data[f"{name}_space"]) for name in ("observation", "action")
    )
    encoding = ObservationEncoding.from_json(data["encoding"])
    if not is_object(data["config"]):
        raise ValueError(f"config {shorten(data['config'])}: give a JSON object")
    kind = find_policy(data["policy"])
    given = {name: value for name, value in data["config"].items() if name not in kind.retired}
    require_keys("config", {**kind.extensions, **given}, kind.field_names())
    config = kind.from_json(given)
    check_fit(config, observation_space, action_space, encoding)
    return observation_space, action_space, encoding, config


def _read_genome(path: Path, config: PolicyConfig, data: Mapping[str, Any]) -> Tensor:
    """The genome, once the size of the file has shown that it can be that of the configuration."""
    num_bytes = 4 * genome_size(config)
    content = read_file(path, num_bytes + MAX_HEADER_BYTES, num_bytes)
    parameters = _checked(path, parse_tensors, content)
    _checked(path, lambda shapes: check_tensors(parameters, shapes), parameter_shapes(config))
    if "model_sha256" in data and data["model_sha256"] != hashlib.sha256(content).hexdigest():
        raise FileFormatError(
            f"{path}: not the model that {CONFIG_FILE} was saved with; give the two files of one agent"
        )
    return parameters_to_genome(config, {name: tensor[None] for name, tensor in parameters.items()})[0]


def _checked(path: Path, read: Callable[[Any], T], data: Any) -> T:
    """What `read` makes of the data; its ValueError names the file."""
    try:
        return read(data)
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from None
