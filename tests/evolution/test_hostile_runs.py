"""Run folders of strangers: whatever lies in them, nothing hangs, and nothing outside is touched."""

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import cli
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.persistence import write_file
from lndp_agents.run.run import Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices of POSIX")

MakeRecipe = Callable[..., EvolutionConfig]
Evolve = Callable[..., Any]
FILES = ("metrics.csv", "hashes.csv", "timings.csv", "config.json", "system.json", "command.txt", ".lock")
FOLDERS = ("checkpoints", "last", "best", "mean", "events", "checkpoints/generation_000000001")
INSIDE = ("best/config.json", "checkpoints/generation_000000002/counters.json")
KINDS = ("link to a file", "link to a folder", "link to nothing", "/dev/zero", "pipe", "socket", "other")


@pytest.fixture(scope="module")
def sound(make_recipe: MakeRecipe, evolve: Evolve, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 2 generations; copy it before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "sound"
    evolve(make_recipe(generations=2), folder)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of somebody else, with names as a run has them."""
    folder = tmp_path / "victim"
    (folder / ".writing-generation_000000001-7").mkdir(parents=True)
    for name in ("mine.txt", ".config.json.7.tmp", ".writing-generation_000000001-7/precious", *FILES):
        (folder / name).write_text("1,precious\n")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put(path: Path, kind: str, victim: Path) -> None:
    """Something of another kind in the place of a file or folder."""
    was_folder = path.is_dir()
    shutil.rmtree(path) if was_folder else path.unlink()
    match kind:
        case "link to a file":
            path.symlink_to(victim / "mine.txt")
        case "link to a folder":
            path.symlink_to(victim)
        case "link to nothing":
            path.symlink_to(victim / "new")
        case "/dev/zero":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "socket":
            before = Path.cwd()
            os.chdir(path.parent)  # the names of sockets are short
            with closing(socket.socket(socket.AF_UNIX)) as one:
                one.bind(path.name)
            os.chdir(before)
        case _:
            path.write_text("no folder") if was_folder else path.mkdir()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*FILES, *FOLDERS, *INSIDE])
def test_what_is_no_plain_file_or_folder_is_told_in_one_line(
    folder: Path, victim: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    before = contents(victim)
    put(folder / name, kind, victim)
    is_known = kind != "other" or "/" not in name  # a folder inside may be anything, until it is read
    for command in (["resume", str(folder), "--generations", "3"], ["verify", str(folder), "--all"]):
        capsys.readouterr()
        code = cli.main(command)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        if is_known:
            assert (code, captured.out) == (2, "")
            (line,) = captured.err.splitlines()
            told = f"{folder}" if name == "config.json" else f"{folder / name} is no "
            assert line.startswith(f"lndp: error: {told}")
    assert contents(victim) == before


@pytest.mark.parametrize("name", ["metrics.csv", "hashes.csv", "system.json", "config.json"])
def test_a_file_of_a_terabyte_is_not_read(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    os.truncate(folder / name, 2**40)
    for command in (["resume", str(folder)], ["verify", str(folder)]):
        capsys.readouterr()
        code = cli.main(command)
        if name != "system.json":
            assert code == 2
            assert f"{folder / name}: {2**40} bytes, expected 0 to " in capsys.readouterr().err


@pytest.mark.parametrize("place", ["", "best", "checkpoints", "events"])
def test_what_a_leftover_points_to_is_not_removed(folder: Path, victim: Path, place: str) -> None:
    before = contents(victim)
    links = [folder / place / ".x.7.tmp", folder / place / ".writing-generation_000000001-7"]
    links[0].symlink_to(victim / "mine.txt")
    links[1].symlink_to(victim)
    if place:
        with pytest.raises(ValueError, match="but a link or of another kind"):
            Run.open(folder)
    else:
        Run.open(folder).close()
        assert not any(link.is_symlink() for link in links)
    assert contents(victim) == before


def test_leftovers_of_any_kind_are_removed(folder: Path) -> None:
    (folder / ".metrics.csv.7.tmp").mkdir()
    os.mkfifo(folder / ".config.json.7.tmp")
    (folder / "checkpoints" / ".dropped-generation_000000001-7").write_text("")
    (folder / "best" / ".config.json.7.tmp").mkdir()
    Run.open(folder).close()
    assert [str(path.relative_to(folder)) for path in folder.rglob(".*")] == [".lock"]


def test_a_file_is_never_written_through_a_link(victim: Path, tmp_path: Path) -> None:
    before = contents(victim)
    link = tmp_path / f".file.{os.getpid()}.tmp"
    link.symlink_to(victim / "mine.txt")
    write_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not link.is_symlink()
    assert contents(victim) == before


@pytest.mark.parametrize("name", [".lock", "metrics.csv", "checkpoints", "best"])
def test_a_run_is_not_begun_over_a_link(
    make_recipe: MakeRecipe, victim: Path, tmp_path: Path, name: str
) -> None:
    before = contents(victim)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(victim if "." not in name else victim / "new")
    with pytest.raises(ValueError, match=f"{name} is no .*: put a copy in its place"):
        Run.create(make_recipe(), tmp_path / "run")
    assert contents(victim) == before


def test_numbers_of_generations_are_believed_up_to_ten_digits(folder: Path) -> None:
    with (folder / "metrics.csv").open("a") as file:
        file.writelines(f"{number},{',' * 9}\n" for number in ("9" * 5000, "-3", "0", "3", "x", "\u0663"))
    with Run.open(folder) as run:
        assert run.notes == []
    assert (folder / "metrics.csv").read_text().count("\n") == 3
