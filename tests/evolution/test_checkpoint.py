"""Checkpoints: whatever happens to a file, an older sound one is read and the reason is told."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lndp_agents.evolution.checkpoint import (
    COUNTERS,
    MANIFEST,
    TENSORS,
    Counters,
    read_newest,
    write_checkpoint,
)

RUN = "a hash"
SHAPES = {"centre": torch.zeros(5), "sigma": torch.zeros(())}


def tensors_of(generation: int) -> dict[str, Tensor]:
    return {"centre": torch.arange(5.0) + generation, "sigma": torch.tensor(float(generation))}


def counters_of(generation: int) -> Counters:
    return Counters(RUN, generation, 100 * generation, None if generation < 2 else 1.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints of the generations 1 to 3, of which the last two are kept."""
    for generation in (1, 2, 3):
        write_checkpoint(tmp_path / "checkpoints", counters_of(generation), tensors_of(generation))
    return tmp_path / "checkpoints"


def newest(folder: Path) -> Path:
    return sorted(folder.iterdir())[-1]


def seal(path: Path) -> None:
    """Give a checkpoint hashes that fit its files."""
    hashes = {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in (TENSORS, COUNTERS)}
    (path / MANIFEST).write_text(json.dumps(hashes))


def change_tensors(path: Path, **changes: Tensor) -> None:
    save_file(load_file(path / TENSORS) | changes, path / TENSORS)
    seal(path)


def change_counters(path: Path, **changes: Any) -> None:
    (path / COUNTERS).write_text(json.dumps(json.loads((path / COUNTERS).read_text()) | changes))
    seal(path)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def swap(folder: Path) -> None:
    one, other = sorted(folder.iterdir())
    one.rename(folder / "aside")
    other.rename(one)
    (folder / "aside").rename(other)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated tensors": (lambda path: truncate(path / TENSORS), "does not match its hash"),
    "truncated counters": (lambda path: truncate(path / COUNTERS), "does not match its hash"),
    "truncated manifest": (lambda path: truncate(path / MANIFEST), "Expecting|Unterminated"),
    "empty manifest": (lambda path: (path / MANIFEST).write_text(""), "Expecting value"),
    "manifest of another kind": (lambda path: (path / MANIFEST).write_text("[]"), "no JSON object"),
    "deep manifest": (lambda path: (path / MANIFEST).write_text("[" * 50_000), "nested too deeply"),
    "flipped bit in a tensor": (lambda path: flip(path / TENSORS, -1), "does not match its hash"),
    "flipped bit in the header": (lambda path: flip(path / TENSORS, 12), "does not match its hash"),
    "flipped bit in the counters": (lambda path: flip(path / COUNTERS, 3), "does not match its hash"),
    "no tensors": (lambda path: (path / TENSORS).unlink(), "No such file"),
    "no counters": (lambda path: (path / COUNTERS).unlink(), "No such file"),
    "no manifest": (lambda path: (path / MANIFEST).unlink(), "No such file"),
    "not safetensors": (lambda path: ((path / TENSORS).write_bytes(b"\x80\x04PK"), seal(path)), "header"),
    "enormous": (
        lambda path: ((path / TENSORS).write_bytes(bytes(2**17)), seal(path)),
        "131072 bytes, more than",
    ),
    "NaN": (lambda path: change_tensors(path, sigma=torch.tensor(torch.nan)), "sigma holds NaN"),
    "another type": (lambda path: change_tensors(path, sigma=torch.tensor(1)), "sigma is torch.int64"),
    "another shape": (
        lambda path: change_tensors(path, centre=torch.zeros(4)),
        r"centre is torch.float32 \(4,\)",
    ),
    "another name": (lambda path: change_tensors(path, more=torch.zeros(1)), "unknown key 'more'"),
    "another run": (lambda path: change_counters(path, run="other"), "of run 'other'"),
    "another generation": (lambda path: change_counters(path, generation=9), "it is generation 9"),
    "negative steps": (lambda path: change_counters(path, steps=-1), "steps=-1"),
    "score of another kind": (lambda path: change_counters(path, best_score="high"), "best_score='high'"),
    "another counter": (lambda path: change_counters(path, more=1), "unknown key 'more'"),
}


def test_the_newest_is_read_back_whole(folder: Path) -> None:
    counters, tensors, skipped = read_newest(folder, RUN, SHAPES)
    assert counters == counters_of(3)
    assert {name: value.tolist() for name, value in tensors.items()} == {
        name: value.tolist() for name, value in tensors_of(3).items()
    }
    assert skipped == []
    assert sorted(path.name for path in folder.iterdir()) == ["generation_000000002", "generation_000000003"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_passed_over_and_told(folder: Path, damage: str) -> None:
    do, reason = DAMAGES[damage]
    do(newest(folder))
    counters, tensors, skipped = read_newest(folder, RUN, SHAPES)
    assert counters == counters_of(2)
    assert torch.equal(tensors["centre"], tensors_of(2)["centre"])
    assert len(skipped) == 1
    assert re.search(f"^skipped checkpoint generation_000000003: .*({reason})", skipped[0])
    assert "\n" not in skipped[0]


def test_swapped_checkpoints_are_both_refused(folder: Path) -> None:
    swap(folder)
    with pytest.raises(
        FileNotFoundError, match=r"000000003: it is generation 2.*000000002: it is generation 3"
    ):
        read_newest(folder, RUN, SHAPES)


def test_a_folder_without_checkpoints_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="can be resumed"):
        read_newest(tmp_path, RUN, SHAPES)


def test_a_damaged_one_is_replaced_when_its_generation_is_done_again(folder: Path) -> None:
    truncate(newest(folder) / TENSORS)
    write_checkpoint(folder, counters_of(3), tensors_of(3))
    assert read_newest(folder, RUN, SHAPES)[0] == counters_of(3)


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if call == "fsync":
            patch.setattr(os, "fsync", refuse)
        else:
            patch.setattr(Path, call, refuse)
        with pytest.raises(OSError, match=os.strerror(number)):
            write_checkpoint(folder, counters_of(4), tensors_of(4))
    assert read_newest(folder, RUN, SHAPES)[0] == counters_of(3)
    assert sorted(path.name for path in folder.iterdir()) == ["generation_000000002", "generation_000000003"]


def test_an_interrupted_write_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_checkpoint(folder, counters_of(4), tensors_of(4))
    assert read_newest(folder, RUN, SHAPES)[2] == []


@pytest.mark.parametrize("change", [{"generation": -1}, {"steps": 1.0}, {"best_score": float("nan")}])
def test_counters_are_counts(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(counters_of(1), **change)
