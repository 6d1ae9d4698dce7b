"""Checkpoints that are whole or absent: tensors and JSON, a manifest of their hashes written last, then one rename."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from lndp_agents.persistence import write_file

TENSORS, NUMBERS, MANIFEST = "search.safetensors", "progress.json", "manifest.json"
KEPT = 2
"""How many checkpoints stay; the older one is for the day when the newer does not verify."""


def write_checkpoint(folder: Path, generation: int, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
    """Add a checkpoint to a folder and drop the oldest.

    Args:
        folder: of all checkpoints of a run.
        generation: which the checkpoint was taken after.
        tensors: of the search.
        numbers: what else a run must know, as JSON.

    Raises:
        OSError: the disk is full or the folder read-only; earlier checkpoints stay as they were.
    """
    target = folder / f"generation_{generation:06d}"
    temporary = folder / f".writing-{target.name}-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        files = {TENSORS: save(dict(tensors)), NUMBERS: json.dumps(dict(numbers)).encode()}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        for name, content in [*files.items(), (MANIFEST, json.dumps(hashes).encode())]:
            write_file(temporary / name, content)
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder)
    for old in sorted(folder.glob("generation_*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def read_newest(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any], list[str]]:
    """The newest checkpoint that verifies.

    Returns:
        Its tensors, its numbers, and a line for each newer checkpoint that was skipped.

    Raises:
        FileNotFoundError: there is none.
    """
    skipped: list[str] = []
    for path in sorted(folder.glob("generation_*"), reverse=True):
        try:
            tensors, numbers = _read(path)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            skipped.append(f"skipped {path.name}: {error}")
        else:
            return tensors, numbers, skipped
    raise FileNotFoundError("; ".join([f"no checkpoint in {folder} can be resumed", *skipped]))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    hashes: Any = json.loads((path / MANIFEST).read_text())
    contents = {name: (path / name).read_bytes() for name in (TENSORS, NUMBERS)}
    for name, content in contents.items():
        if not isinstance(hashes, dict) or hashlib.sha256(content).hexdigest() != hashes.get(name):
            raise ValueError(f"{name} does not match its hash")
    return load(contents[TENSORS]), json.loads(contents[NUMBERS])


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder (a no-op where folders cannot be opened)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
