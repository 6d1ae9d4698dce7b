"""Checkpoints: whatever happens to a file, an older sound one is read and the reason is told."""

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from lndp_agents.run.checkpoint import (
    COUNTERS,
    KEPT,
    MANIFEST,
    MILESTONES,
    TENSORS,
    Counters,
    kept_generations,
    read_checkpoint,
    read_newest,
    write_checkpoint,
)

RUN = "a hash"
SHAPES = {"mean": torch.zeros(5), "sigma": torch.zeros(())}


def tensors_of(generation: int) -> dict[str, Tensor]:
    return {"mean": torch.arange(5.0) + generation, "sigma": torch.tensor(float(generation))}


def counters_of(generation: int) -> Counters:
    return Counters(RUN, generation, 100 * generation, None if generation < 2 else 1.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints of the generations 1 to 3."""
    for generation in (1, 2, 3):
        write_checkpoint(tmp_path / "checkpoints", counters_of(generation), tensors_of(generation))
    return tmp_path / "checkpoints"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
    _, one, other = sorted(folder.iterdir())
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
        "131072 bytes, expected 0 to",
    ),
    "NaN": (lambda path: change_tensors(path, sigma=torch.tensor(torch.nan)), "sigma holds NaN"),
    "another type": (lambda path: change_tensors(path, sigma=torch.tensor(1)), "sigma is torch.int64"),
    "another shape": (
        lambda path: change_tensors(path, mean=torch.zeros(4)),
        r"mean is torch.float32 \(4,\)",
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
    assert names(folder) == ["generation_000000001", "generation_000000002", "generation_000000003"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_passed_over_and_told(folder: Path, damage: str) -> None:
    do, reason = DAMAGES[damage]
    do(newest(folder))
    counters, tensors, skipped = read_newest(folder, RUN, SHAPES)
    assert counters == counters_of(2)
    assert torch.equal(tensors["mean"], tensors_of(2)["mean"])
    assert len(skipped) == 1
    assert re.search(f"^skipped checkpoint generation_000000003: .*({reason})", skipped[0])
    assert "\n" not in skipped[0]


def test_swapped_checkpoints_are_both_refused(folder: Path) -> None:
    swap(folder)
    counters, _, skipped = read_newest(folder, RUN, SHAPES)
    assert counters == counters_of(1)
    assert re.search(r"000000003: it is generation 2.*000000002: it is generation 3", " ".join(skipped))


def test_where_none_verifies_all_reasons_are_told(folder: Path) -> None:
    swap(folder)
    change_counters(folder / "generation_000000001", run="other")
    with pytest.raises(FileNotFoundError, match=r"can be resumed; .*003: .*002: .*001: .*of run 'other'"):
        read_newest(folder, RUN, SHAPES)


@given(newest=st.integers(0, 10**9), later=st.integers(1, 10**9))
def test_the_newest_and_milestones_evenly_apart_are_kept(newest: int, later: int) -> None:
    kept = kept_generations(newest)
    milestones = sorted(kept - {newest, newest - 1})
    assert {0, newest, max(newest - 1, 0)} <= kept
    assert max(kept) == newest
    assert len(kept) <= MILESTONES + KEPT
    kept_later = {generation for generation in kept_generations(newest + later) if generation <= newest}
    assert kept_later <= kept  # nothing is kept that was dropped before
    assert len({after - before for before, after in itertools.pairwise(milestones)}) <= 1
    assert len(milestones) >= min(newest - 1, MILESTONES // 2 - 1)


def test_as_many_as_promised_are_in_the_folder(tmp_path: Path) -> None:
    for generation in range(21):
        write_checkpoint(tmp_path, counters_of(generation), tensors_of(generation))
    assert names(tmp_path) == [f"generation_{number:09d}" for number in (0, 4, 8, 12, 16, 19, 20)]


def test_what_is_newer_than_the_newest_was_skipped_and_goes(folder: Path) -> None:
    (folder / "generation_000000999").mkdir()
    write_checkpoint(folder, counters_of(4), tensors_of(4))
    assert names(folder)[-1] == "generation_000000004"


def test_a_checkpoint_that_is_dropped_is_never_there_in_part(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(path: Path, **kwargs: Any) -> None:
        assert not path.name.startswith("generation_")
        (path / MANIFEST).unlink()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", die)
        for generation in range(4, 9):
            with suppress(Killed):
                write_checkpoint(folder, counters_of(generation), tensors_of(generation))
    for path in folder.glob("generation_*"):
        assert read_checkpoint(path, RUN, SHAPES)


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
    assert names(folder) == ["generation_000000001", "generation_000000002", "generation_000000003"]


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
