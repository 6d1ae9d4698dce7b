"""The folder of a run: free, locked, without links and leftovers."""

import os
import re
import shlex
import shutil
import stat
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from lndp_agents.run.checkpoint import CHECKPOINTS
from lndp_agents.run.metrics import HASHES, METRICS, PARTS
from lndp_agents.run.origin import COMMAND, SYSTEM

DESCRIPTION = "config.json"
AGENTS = ("last", "best", "mean")
"""The folders of the agents of a run."""
_OLD_MEAN = "centre"
"""The folder of the mean in older runs, which keep it."""
EVENTS, TIMINGS, LOCK = "events", "timings.csv", ".lock"
_FOLDERS = (CHECKPOINTS, EVENTS, *AGENTS, _OLD_MEAN)
_FILES = (DESCRIPTION, SYSTEM, COMMAND, METRICS, HASHES, PARTS, TIMINGS, LOCK)
_BEGINNING = {LOCK, SYSTEM, COMMAND, METRICS, HASHES, CHECKPOINTS, *AGENTS, _OLD_MEAN}
"""Names in the folder of a run before it has its description."""
BEGUN = _BEGINNING | {DESCRIPTION, EVENTS}
"""Names in the folder of a run whose first generation is not done."""
_LEFTOVER = re.compile(r"\..+\.\d+\.tmp|\.(writing|dropped)-generation_\d+-\d+")
"""Names of unfinished files, with the number of the process that was killed."""
RUNS = Path("runs")
"""The parent of runs that are given no folder."""


def next_folder(root: Path, environment: str) -> Path:
    """Make the first of ENVIRONMENT_1, ENVIRONMENT_2, ... that does not exist under `root`.

    Raises:
        OSError: it cannot be made.
    """
    name = environment.rpartition(":")[2].replace("/", "-")
    for number in count(1):
        try:
            (folder := root / f"{name}_{number}").mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError


def agent_folder(run: Path, name: str) -> Path:
    """Return the folder of an agent of a run, which may be an old one; "centre" is the old name of "mean"."""
    names = ("mean", _OLD_MEAN)
    existing = [run / each for each in names if name in names and (run / each).is_dir()]
    return existing[0] if existing else run / name


def require_free(folder: Path) -> None:
    """Raise unless a folder is free for a new run: empty, or left by one that was killed at its beginning.

    Raises:
        FileExistsError: something else is in it.
        ValueError: a link or the like is in it, see `require_plain`.
        OSError: it cannot be read.
    """
    if (folder / DESCRIPTION).exists() and (folder / CHECKPOINTS).is_dir():
        command = shlex.join(["lndp", "resume", str(folder)])
        raise FileExistsError(f"{folder} holds a run: go on with `{command}`, or name another folder")
    if not is_beginning(folder):
        raise FileExistsError(f"{folder} is not empty: name another folder")
    require_plain(folder)


def require_plain(folder: Path) -> None:
    """Raise unless all that a run reads, writes and removes are folders and regular files, and no links.

    Raises:
        ValueError: something is of another kind, such as a link, a pipe or a device.
        OSError: the folder cannot be read.
    """
    for name in _FILES:
        _require_kind(folder / name, stat.S_ISREG)
    for name in _FOLDERS:
        _require_kind(folder / name, stat.S_ISDIR)
        for parent, folders, files in os.walk(folder / name):
            for child in folders:
                _require_kind(Path(parent, child), stat.S_ISDIR)
            for child in files:
                _require_kind(Path(parent, child), stat.S_ISREG)


@dataclass(frozen=True)
class FolderLock:
    """A lock that this process has on a folder, or would have if there were locks."""

    folder: Path
    descriptor: int
    is_effective: bool
    """False where there are no such locks: on Windows, and on file systems that have none."""

    def require_in_place(self) -> None:
        """Raise unless the folder is where it was when it was locked.

        Raises:
            FileNotFoundError: it was moved or removed, or its lock was.
        """
        try:
            is_same = os.path.samestat((self.folder / LOCK).stat(), os.fstat(self.descriptor))
        except (FileNotFoundError, NotADirectoryError):
            is_same = False
        if not is_same:
            raise FileNotFoundError(
                f"{self.folder} was moved or removed while it was in use: "
                "`lndp resume` the run where it lies now, whole generations are kept"
            )


@contextmanager
def lock_folder(folder: Path) -> Generator[FolderLock]:
    """Keep other processes from training in a run folder; the lock goes with this process, however it ends.

    Raises:
        BlockingIOError: another process, or another `Run` of this one, has the lock.
        OSError: the file of the lock cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(folder / LOCK, flags, 0o644)
    try:
        yield FolderLock(folder, descriptor, _has_locked(descriptor, folder))
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of processes that were killed; the folder must be locked, and plain.

    Raises:
        OSError: they cannot be removed.
    """
    for place in (folder, *(folder / name for name in _FOLDERS)):
        for path in place.glob(".*"):
            if not _LEFTOVER.fullmatch(path.name):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _has_locked(descriptor: int, folder: Path) -> bool:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(f"{folder} is in use: another process trains there, let it end") from error
    except (ImportError, OSError):
        return False
    return True


def no_run(folder: Path) -> str:
    """Return the message that a folder holds no run, and the remedy."""
    if folder.is_dir() and any(folder.iterdir()) and is_beginning(folder):
        return (
            f"{folder} holds no run yet, it was stopped while it was begun: give the command again that "
            f"began it, with --out {shlex.quote(str(folder))}"
        )
    return f"{folder} holds no run, it has no {DESCRIPTION}: give the folder of a run"


def is_beginning(folder: Path, known: Collection[str] = _BEGINNING) -> bool:
    """Return whether a folder holds nothing but what a run leaves that was killed before it had begun.

    Args:
        folder: to examine.
        known: names that such a run may leave.
    """
    names = {path.name for path in folder.iterdir() if not _LEFTOVER.fullmatch(path.name)}
    generations = {path.name for path in (folder / CHECKPOINTS).glob("generation_*")}
    return names <= set(known) and generations <= {f"generation_{0:09d}"}


def _require_kind(path: Path, is_kind: Callable[[int], bool]) -> None:
    """Raise unless a path is free or of a kind; a link is of none."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not is_kind(mode):
        wanted = "regular file" if is_kind is stat.S_ISREG else "folder"
        raise ValueError(f"{path} is no {wanted}, but a link or of another kind: put a copy in its place")
