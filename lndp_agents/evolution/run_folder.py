"""What lies in a run folder beside checkpoints and numbers: what the run is, and where it was made."""

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, Self

import torch

from lndp_agents import __version__
from lndp_agents.config import PolicyConfig
from lndp_agents.evolution.checkpoint import CHECKPOINTS
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.lives import World
from lndp_agents.evolution.metrics import HASHES, METRICS
from lndp_agents.evolution.worlds import make_world
from lndp_agents.persistence import write_file
from lndp_agents.policies import find_policy
from lndp_agents.spaces import ObservationEncoding
from lndp_agents.validation import is_object, parse_json, require_keys, shorten

FORMAT_VERSION = 1
DESCRIPTION, SYSTEM = "config.json", "system.json"
MAX_DESCRIPTION_BYTES = 2**22
LOCK = ".lock"
_BEGINNING = {LOCK, SYSTEM, "command.txt", METRICS, HASHES, CHECKPOINTS, "last", "best", "centre"}
"""What is in the folder of a run before its description is."""
RUNS = Path("runs")
"""Where runs go that are given no folder."""


@dataclass(frozen=True)
class Description:
    """What a run is; it follows from the recipe and the environment, and stays as it is."""

    recipe: EvolutionConfig
    program: PolicyConfig
    encoding: ObservationEncoding

    @property
    def identity(self) -> str:
        """A hash of all but the budget: what checkpoints say they are of."""
        endless = replace(self, recipe=replace(self.recipe, generations=1))
        return hashlib.sha256(json.dumps(endless.to_json(), sort_keys=True).encode()).hexdigest()

    def make_world(self) -> World:
        """Where lives are lived.

        Raises:
            ValueError: the environment is unknown here, or does not fit the encoding.
        """
        recipe = self.recipe
        return make_world(recipe.environment, recipe.environment_keywords, recipe.episodes, self.encoding)

    def to_json(self) -> dict[str, Any]:
        """The description as a JSON object."""
        return {
            "format_version": FORMAT_VERSION,
            "recipe": self.recipe.to_json(),
            "program": self.program.to_json(),
            "encoding": self.encoding.to_json(),
        }

    def write(self, folder: Path) -> None:
        """Put the description into a run folder.

        Raises:
            OSError: it cannot be written.
        """
        write_file(folder / DESCRIPTION, (json.dumps(self.to_json(), indent=1) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The description in a run folder.

        Raises:
            FileNotFoundError: there is no run.
            ValueError: its config.json is damaged, foreign or of another version.
        """
        path = folder / DESCRIPTION
        if not path.is_file():
            raise FileNotFoundError(
                f"{folder} holds no run, it has no {DESCRIPTION}: give the folder of a run"
            )
        if path.stat().st_size > MAX_DESCRIPTION_BYTES:
            raise ValueError(f"{path} has {path.stat().st_size} bytes: it does not describe a run")
        try:
            return cls._from_json(parse_json(path.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{path} does not describe a run: {error}") from error

    @classmethod
    def _from_json(cls, data: object) -> Self:
        if not is_object(data) or "recipe" not in data:
            raise ValueError("it is of something else, such as an agent; give the folder of a run")
        if data.get("format_version") != FORMAT_VERSION:
            found = shorten(data.get("format_version"))
            raise ValueError(f"format_version is {found}, lndp-agents {__version__} reads {FORMAT_VERSION}")
        require_keys("description", data, {"format_version", "recipe", "program", "encoding"})
        for name in ("recipe", "program"):
            if not is_object(data[name]):
                raise ValueError(f"{name}={shorten(data[name])} is no JSON object")
        encoding = ObservationEncoding.from_json(data["encoding"])
        recipe = EvolutionConfig.from_json(data["recipe"])
        return cls(recipe, find_policy(recipe.policy).from_json(data["program"]), encoding)


def next_folder(root: Path, environment: str) -> Path:
    """The first of ENVIRONMENT_1, ENVIRONMENT_2, ... that did not exist under `root`; now it does.

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


def require_free(folder: Path) -> None:
    """See that a folder is free for a new run: empty, or left by one that was killed at its beginning.

    Raises:
        FileExistsError: something else is in it.
        OSError: it cannot be read.
    """
    names = {path.name for path in folder.iterdir()}
    generations = {path.name for path in (folder / CHECKPOINTS).glob("generation_*")}
    if not names <= _BEGINNING or not generations <= {f"generation_{0:09d}"}:
        raise FileExistsError(f"{folder} is not empty: `lndp resume` the run that it holds, or name another")


@contextmanager
def lock_folder(folder: Path) -> Generator[bool]:
    """Keep other processes from training in a run folder; the lock goes with this process, however it ends.

    Yields:
        False where there are no such locks: on Windows, and on file systems that have none.

    Raises:
        BlockingIOError: another process, or another `Run` of this one, has the lock.
        OSError: the file of the lock cannot be opened.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _has_locked(descriptor, folder)
    finally:
        os.close(descriptor)


def _has_locked(descriptor: int, folder: Path) -> bool:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(f"{folder} is in use: another process trains there, let it end") from error
    except (ImportError, OSError):
        return False
    return True


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of processes that were killed; the folder must be locked.

    Raises:
        OSError: they cannot be removed.
    """
    for path in [*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")]:
        path.unlink()
    for path in [*folder.glob("*/.writing-*"), *folder.glob("*/.dropped-*")]:
        shutil.rmtree(path)


def write_origin(folder: Path) -> None:
    """Note by what command and on what system a run was begun.

    Raises:
        OSError: it cannot be written.
    """
    write_file(folder / SYSTEM, (json.dumps(system_info(), indent=1) + "\n").encode())
    write_file(folder / "command.txt", (" ".join(sys.argv) + "\n").encode())


def system_info() -> dict[str, Any]:
    """What a result depends on beside its recipe."""
    others = ("torch", "numpy", "gymnasium", "evotorch")
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpu_count": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "packages": {"lndp-agents": __version__, **{name: version(name) for name in others}},
    }
