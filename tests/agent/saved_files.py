"""The two files of saved agents as bytes, sound or changed, and what comes of loading them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lndp_agents import LNDPAgent
from lndp_agents.persistence import FileFormatError

CONFIG, MODEL = "config.json", "model.safetensors"
FORMAT_1 = Path(__file__).parent / "format_1"
Files = dict[str, bytes]


def saved(agent: LNDPAgent, folder: Path) -> Files:
    agent.save_pretrained(folder)
    return {name: (folder / name).read_bytes() for name in (CONFIG, MODEL)}


def put(folder: Path, files: Files) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def edited(files: Files, change: Callable[[dict[str, Any]], Any]) -> Files:
    data = json.loads(files[CONFIG])
    change(data)
    return files | {CONFIG: json.dumps(data).encode()}


def without_hash(files: Files) -> Files:
    """The same agent in format 1, where damage of the model reaches the parsers behind the hash."""
    files = edited(files, lambda data: data.pop("model_sha256"))
    return edited(files, lambda data: data.update(format_version=1))


def load(folder: Path) -> LNDPAgent | str:
    """The agent in the files, or the one line that refuses them."""
    try:
        return LNDPAgent.from_pretrained(folder)
    except FileFormatError as error:
        line = str(error)
        assert line.startswith(f"{folder}")
        assert line.isprintable()  # so there is no line break in it
        assert len(line) < 500
        return line
