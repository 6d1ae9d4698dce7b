"""Runs that are killed, that run out of disk, that two processes want: only what was unfinished is lost."""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import LNDPAgent, cli
from lndp_agents.evolution.evolution import Evolution
from lndp_agents.persistence import FileFormatError
from lndp_agents.run import folder as run_folder
from lndp_agents.run.checkpoint import list_checkpoints, read_checkpoint
from lndp_agents.run.metrics import read_rows
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify
from lndp_agents.run.view import RunView

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, locks and mounts of POSIX")

TINY = ["nodes=11", "node_features=2", "edge_features=1", "attention_heads=1", "query_features=1"]
TINY += ["value_features=1", "decision_features=2", "initial_density=0.5", "development_steps=0"]
TRAIN = ["train", "lndp/Foraging-v0", "--population", "4", "--lives", "1", "--held-out-lives", "2"]
TRAIN += ["--evaluate-every", "2", "--program", *TINY]
ENDLESS = "1000000"
FORK_SERVER = """
import json, os, signal, sys
import tensorboard.summary.writer.record_writer
import lndp_agents.commands, lndp_agents.run.progress, lndp_agents.run.run
from lndp_agents.cli import main

OPERATIONS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir")

def die_at(operation, folder):
    left = operation
    def count(event, arguments):
        nonlocal left
        if event in OPERATIONS and folder in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)

for line in sys.stdin:
    task = json.loads(line)
    child = os.fork()
    if child == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        if task["die_at"]:
            die_at(task["die_at"], task["folder"])
        os._exit(main(task["arguments"]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class ForkServer:
    """Runs commands of `lndp` in processes of their own, which need not import anything."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", FORK_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self, folder: Path, *arguments: object, die_at: int = 0) -> int:
        """Begin a command; its process id. If told, it dies at its n-th operation on files in the folder."""
        assert self._server.stdin
        task = {"arguments": [*map(str, arguments)], "die_at": die_at, "folder": str(folder)}
        self._server.stdin.write(json.dumps(task) + "\n")
        self._server.stdin.flush()
        return self._read()

    def end(self) -> int:
        """Wait for the command; its exit code, or the negative number of the signal that killed it."""
        return self._read()

    def close(self) -> None:
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait()
        assert self._server.stdout
        self._server.stdout.close()

    def _read(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 2 generations; copy it before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "begun"
    assert cli.main([*TRAIN, "--generations", "2", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def folder(begun: Path, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(begun, tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    """All that must not differ between two runs of one recipe."""
    names = ("metrics.csv", "hashes.csv", "last/model.safetensors", "best/model.safetensors")
    files = [folder / name for name in names] + sorted((folder / "checkpoints").rglob("generation_*/*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def newest(folder: Path) -> int:
    return int(list_checkpoints(folder / "checkpoints")[0].name.removeprefix("generation_"))


def assert_nothing_is_half(folder: Path) -> None:
    """Whoever reads now reads whole checkpoints and rows, and of agents whole ones or none."""
    description = RunView(folder).description
    evolution = Evolution(description)
    expected = evolution.tensors(evolution.init())
    for path in list_checkpoints(folder / "checkpoints"):
        assert read_checkpoint(path, description.identity, expected)
    rows = read_rows(folder / "hashes.csv")
    assert list(rows) == list(range(1, len(rows) + 1))
    assert (
        newest(folder) <= len(rows) <= newest(folder) + 1
    )  # what was recorded, but for the last one, is kept
    assert len(read_rows(folder / "metrics.csv")) in (len(rows), len(rows) + 1)
    for name in ("last", "best", "mean"):
        with suppress(FileFormatError):  # of two files one is new; resuming writes both again
            LNDPAgent.from_pretrained(folder / name)


def assert_finished_as_if_nothing_had_been(
    folder: Path, begun: Path, tmp_path: Path, generations: int
) -> None:
    """Resume both runs to so many generations: they are the same, and nothing else is left in the folder."""
    undisturbed = Path(shutil.copytree(begun, tmp_path / "undisturbed"))
    for path in (folder, undisturbed):
        assert cli.main(["resume", str(path), "--generations", str(generations)]) == 0
    assert contents(folder) == contents(undisturbed)
    left = {str(path.relative_to(folder)) for path in folder.rglob(".*")}
    assert left == {".lock"}
    assert verify(folder).differences == []


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_killed_at_random_moments_a_run_loses_its_unfinished_generation_only(
    server: ForkServer, folder: Path, begun: Path, tmp_path: Path, kills: int
) -> None:
    draw = random.Random(kills)
    done = 2
    for _ in range(kills):
        child = server.begin(folder, "resume", folder, "--generations", ENDLESS)
        while newest(folder) == done:  # so that every child gets somewhere
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.25))
        os.kill(child, signal.SIGKILL)
        assert server.end() == -signal.SIGKILL
        assert_nothing_is_half(folder)
        assert newest(folder) > done
        done = newest(folder)
    assert_finished_as_if_nothing_had_been(folder, begun, tmp_path, done + 1)


@pytest.mark.parametrize("operations", [(9, 33, 68, 78), pytest.param(range(1, 160), marks=pytest.mark.slow)])
def test_killed_at_any_operation_on_a_file_a_run_can_be_resumed(
    server: ForkServer, folder: Path, begun: Path, tmp_path: Path, operations: tuple[int, ...]
) -> None:
    done = 2
    for operation in operations:
        server.begin(folder, "resume", folder, "--generations", ENDLESS, die_at=operation)
        assert server.end() == -signal.SIGKILL
        assert_nothing_is_half(folder)
        assert newest(folder) >= done
        done = newest(folder)
    assert done > 2
    assert_finished_as_if_nothing_had_been(folder, begun, tmp_path, done + 1)


@pytest.mark.parametrize("operations", [(6, 25, 44, 70), pytest.param(range(1, 75), marks=pytest.mark.slow)])
def test_killed_at_any_operation_of_its_creation_a_run_never_blocks_its_folder(
    server: ForkServer,
    begun: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    operations: tuple[int, ...],
) -> None:
    """The same command begins it anew; or says that there is a run, and the command that it names goes on."""
    whole = set[bool]()
    for operation in operations:
        folder = tmp_path / f"run {operation}"
        train = [*TRAIN, "--generations", "2", "--out", str(folder)]
        server.begin(folder, *train, die_at=operation)
        assert server.end() == -signal.SIGKILL
        capsys.readouterr()
        code = cli.main(train)
        told = capsys.readouterr().err
        is_begun = "holds a run" in told
        whole.add(is_begun)
        assert code == (2 if is_begun else 0), (operation, told)
        if is_begun:
            assert cli.main(shlex.split(told.split("`")[1])[1:]) == 0
        assert contents(folder) == contents(begun), operation
        assert {str(path.relative_to(folder)) for path in folder.rglob(".*")} == {".lock"}
    assert whole == {True, False}


@pytest.mark.slow
@pytest.mark.parametrize(
    "file", [".system.json", ".metrics.csv", "checkpoints/.writing", "last/.config.json", ".config.json"]
)
def test_a_training_of_a_comparison_that_was_killed_at_its_beginning_begins_anew(
    server: ForkServer, tmp_path: Path, file: str
) -> None:
    """As `lndp compare --workers 2` leaves it, which ends its processes at Ctrl-C."""
    command = ["compare", "--env", "lndp/Foraging-v0", "--policies", "linear", "--lives", "2", "--seeds", "1"]
    command += ["--budget-steps", "800", "--set", "linear:population=4", "linear:lives=1"]
    command += ["--out", str(tmp_path / "run")]
    training = tmp_path / "run" / "trainings" / "linear_s1"
    server.begin(training / file, *command, die_at=3)  # after the file was opened, before it has its name
    assert server.end() == -signal.SIGKILL
    assert not (training / "config.json").exists()
    assert len([*training.rglob(".*")]) > 1
    assert cli.main(command) == 0
    assert newest(training) == 2
    assert [str(path.relative_to(training)) for path in training.rglob(".*")] == [".lock"]


def test_what_was_killed_at_its_beginning_is_no_run_and_says_what_to_do(
    server: ForkServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a run"
    server.begin(folder, *TRAIN, "--generations", "2", "--out", folder, die_at=44)
    assert server.end() == -signal.SIGKILL
    assert cli.main(["resume", str(folder)]) == 2
    assert capsys.readouterr().err == (
        f"lndp: error: {folder} holds no run yet, it was stopped while it was begun: "
        f"give the command again that began it, with --out '{folder}'\n"
    )


def test_a_file_of_a_person_is_never_taken_for_a_leftover(tmp_path: Path) -> None:
    for name in (".notes.tmp", ".writing-plans", "notes.17.tmp"):
        (tmp_path / name).write_text("precious")
        assert cli.main([*TRAIN, "--generations", "1", "--out", str(tmp_path)]) == 2
        assert (tmp_path / name).read_text() == "precious"
        (tmp_path / name).unlink()


def test_only_one_process_trains_in_a_folder_and_the_lock_dies_with_it(
    server: ForkServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = server.begin(folder, "resume", folder, "--generations", ENDLESS)
    while newest(folder) == 2:
        time.sleep(0.01)
    capsys.readouterr()
    assert cli.main(["resume", str(folder)]) == 2
    assert capsys.readouterr().err == (
        f"lndp: error: {folder} is in use: another process trains there, let it end\n"
    )
    assert cli.main(["evaluate", str(folder), "--lives", "2"]) == 0
    assert cli.main(["verify", str(folder)]) == 0
    os.kill(child, signal.SIGKILL)
    assert server.end() == -signal.SIGKILL
    with Run.open(folder) as run:
        assert run.generation > 2


def test_a_run_holds_its_lock_until_it_is_closed(folder: Path) -> None:
    with Run.open(folder) as run:
        with pytest.raises(BlockingIOError, match="in use"):
            Run.open(folder)
        assert run.notes == []
    run.close()
    with Run.open(folder):
        pass
    with pytest.raises(ValueError, match="has 2 already"):
        Run.open(folder, 1)
    assert Run.open(folder).generation == 2  # what failed, or is forgotten, holds nothing
    assert Run.open(folder).generation == 2


def test_where_there_are_no_locks_a_note_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with Run.open(folder) as run:
        assert run.notes == [f"{folder} cannot be locked here: let no other process train in it"]


def test_a_run_begun_twice_at_once_is_begun_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_folder.lock_folder(tmp_path):
        assert cli.main([*TRAIN, "--generations", "1", "--out", str(tmp_path)]) == 2
    assert "is in use" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert cli.main([*TRAIN, "--generations", "1", "--out", str(tmp_path)]) == 0


Remount = Callable[[str], Any]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Remount]]:
    """A disk of 1 MB, and a function that mounts it in another way."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*options: str) -> int:
        command = ["mount", "-t", "tmpfs", "-o", *options, "tmpfs", str(place)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    if mount("size=1m"):
        pytest.skip("needs the right to mount a tmpfs")
    yield place, lambda options: mount(f"remount,{options}")
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_full_is_told_and_costs_the_unfinished_generation_only(
    small_disk: tuple[Path, Remount], begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, _ = small_disk
    folder = Path(shutil.copytree(begun, disk / "run"))
    filler = disk / "filler"
    for free in (0, 16, 40):
        filler.unlink(missing_ok=True)
        disk_now = os.statvfs(disk)
        filler.write_bytes(bytes(disk_now.f_bavail * disk_now.f_frsize - 1024 * free))
        capsys.readouterr()
        assert cli.main(["resume", str(folder), "--generations", ENDLESS]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        last = captured.err.splitlines()[-1]
        assert last.startswith(f"lndp: error: {folder}")
        assert last.endswith("No space left on device; make room on the disk, then `lndp resume` the run")
        assert "Traceback" not in captured.err
        assert_nothing_is_half(folder)
    done = newest(folder)
    assert done > 2
    filler.unlink()
    assert_finished_as_if_nothing_had_been(folder, begun, tmp_path, done + 1)


def test_a_disk_that_is_read_only_is_told_and_can_be_read(
    small_disk: tuple[Path, Remount], begun: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, remount = small_disk
    folder = Path(shutil.copytree(begun, disk / "run"))
    (disk / "empty").mkdir()
    assert remount("ro") == 0
    refused = {
        "resume": (["resume", str(folder), "--generations", "3"], folder),
        "new folder": ([*TRAIN, "--out", str(disk / "new")], disk / "new"),
        "empty folder": ([*TRAIN, "--out", str(disk / "empty")], disk / "empty"),
    }
    for arguments, place in refused.values():
        capsys.readouterr()
        assert cli.main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"lndp: error: {place}")
        assert line.endswith("Read-only file system; name a place that can be written")
    assert cli.main(["evaluate", str(folder), "--lives", "2"]) == 0
    assert cli.main(["verify", str(folder)]) == 0
    assert remount("rw") == 0
    assert contents(folder) == contents(begun)
