"""Checkpoints, whole or absent: tensors and JSON, a manifest of their hashes last, then one rename."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from lndp_agents.evolution.records import Counters
from lndp_agents.persistence import parse_tensors, read_regular, write_file
from lndp_agents.validation import is_object, parse_json, require_keys, shorten

CHECKPOINTS = "checkpoints"
"""The folder of all checkpoints of a run."""
TENSORS, COUNTERS, MANIFEST = "search.safetensors", "counters.json", "manifest.json"
KEPT = 2
"""Number of newest checkpoints to keep; the older one serves if the newer does not verify."""
MILESTONES = 8
"""Largest number of further checkpoints to keep, evenly apart, from which generations are computed again."""
_MAX_JSON_BYTES = 2**16
_NAME = re.compile(r"generation_\d{9,10}")


def write_checkpoint(folder: Path, counters: Counters, tensors: Mapping[str, Tensor]) -> None:
    """Add a checkpoint to a folder, and drop those that are no longer needed.

    Args:
        folder: of all checkpoints of a run.
        counters: of the run.
        tensors: of the search.

    Raises:
        OSError: the disk is full or the folder read-only; earlier checkpoints stay as they were.
    """
    target = folder / _name(counters.generation)
    temporary = folder / f".writing-{target.name}-{os.getpid()}"
    try:
        temporary.mkdir(parents=True)
        files = {TENSORS: save(dict(tensors)), COUNTERS: json.dumps(asdict(counters)).encode()}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        for name, content in [*files.items(), (MANIFEST, json.dumps(hashes).encode())]:
            write_file(temporary / name, content)
        sync_folder(temporary)
        _drop(target)  # it is there only if it did not verify
        temporary.replace(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder)
    kept = kept_generations(counters.generation)
    for old in list_checkpoints(folder):
        if old.name not in {_name(generation) for generation in kept}:
            _drop(old)


def kept_generations(newest: int) -> set[int]:
    """Return the generations whose checkpoints stay when there is a new one: the newest, and milestones.

    Milestones are the multiples of a power of two, which grows with the run: no later one is missing.
    """
    stride = 1
    while newest // stride >= MILESTONES:
        stride *= 2
    return {*range(0, newest + 1, stride), *range(max(newest + 1 - KEPT, 0), newest + 1)}


def list_checkpoints(folder: Path) -> list[Path]:
    """Return all that are named like checkpoints, the newest first."""
    return sorted(
        (path for path in folder.glob("generation_*") if _NAME.fullmatch(path.name)),
        key=generation_of,
        reverse=True,
    )


def generation_of(path: Path) -> int:
    """Return the generation that a checkpoint is named after."""
    return int(path.name.rpartition("_")[2])


def read_newest(
    folder: Path, run: str, expected: Mapping[str, Tensor]
) -> tuple[Counters, dict[str, Tensor], list[str]]:
    """Read the newest checkpoint that verifies.

    Args:
        folder: of all checkpoints of a run.
        run: the hash that its checkpoints carry.
        expected: tensors with the names, shapes and types that it must have.

    Returns:
        Its counters, its tensors, and a line for each newer checkpoint that was skipped.

    Raises:
        FileNotFoundError: there is none.
    """
    skipped: list[str] = []
    for path in list_checkpoints(folder):
        try:
            return *read_checkpoint(path, run, expected), skipped
        except (OSError, ValueError) as error:
            skipped.append(f"skipped checkpoint {path.name}: {error}")
    raise FileNotFoundError("; ".join([f"no checkpoint in {folder} can be resumed", *skipped]))


def read_checkpoint(
    path: Path, run: str, expected: Mapping[str, Tensor]
) -> tuple[Counters, dict[str, Tensor]]:
    """Read one checkpoint.

    Args:
        path: its folder.
        run: as in `read_newest`.
        expected: as in `read_newest`.

    Raises:
        ValueError: a file is damaged, or it is of another run or generation.
        OSError: it cannot be read.
    """
    counters, tensors = _read(path, expected)
    if path.name != _name(counters.generation) or counters.run != run:
        raise ValueError(f"it is generation {counters.generation} of run {shorten(counters.run)}")
    return counters, tensors


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder (a no-op where folders cannot be opened)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(generation: int) -> str:
    return f"generation_{generation:09d}"


def _drop(path: Path) -> None:
    """Remove a checkpoint, if there is one, without leaving a part of it at any moment."""
    aside = path.with_name(f".dropped-{path.name}-{os.getpid()}")
    with suppress(FileNotFoundError):
        path.replace(aside)
    shutil.rmtree(aside, ignore_errors=True)


def _read(path: Path, expected: Mapping[str, Tensor]) -> tuple[Counters, dict[str, Tensor]]:
    hashes = _parse(read_regular(path / MANIFEST, _MAX_JSON_BYTES))
    num_bytes = sum(tensor.nbytes for tensor in expected.values()) + _MAX_JSON_BYTES
    contents = {TENSORS: read_regular(path / TENSORS, num_bytes)}
    contents[COUNTERS] = read_regular(path / COUNTERS, _MAX_JSON_BYTES)
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != hashes.get(name):
            raise ValueError(f"{name} does not match its hash")
    data = _parse(contents[COUNTERS])
    require_keys(COUNTERS, data, set(Counters.__annotations__))
    tensors = parse_tensors(contents[TENSORS])
    _check_tensors(tensors, expected)
    return Counters(**data), tensors


def _parse(content: bytes) -> dict[str, Any]:
    data: object = parse_json(content)
    if not is_object(data):
        raise ValueError(f"{shorten(data)} is no JSON object")
    return data


def _check_tensors(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    require_keys(TENSORS, tensors, set(expected))
    for name, tensor in tensors.items():
        wanted = expected[name]
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise ValueError(
                f"{name} is {tensor.dtype} {shorten(tuple(tensor.shape))}, "
                f"not {wanted.dtype} {tuple(wanted.shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinity")
