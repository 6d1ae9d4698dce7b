"""The writer of a run folder: locked, in place, and each file whole before the next one."""

import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from lndp_agents.evolution.description import Description
from lndp_agents.evolution.evolution import Rows
from lndp_agents.persistence import SavedAgent, save_agent, write_file
from lndp_agents.run.checkpoint import CHECKPOINTS, Counters, sync_folder, write_checkpoint
from lndp_agents.run.folder import (
    BEGUN,
    DESCRIPTION,
    TIMINGS,
    FolderLock,
    agent_folder,
    is_beginning,
    lock_folder,
    remove_leftovers,
    require_free,
    require_plain,
)
from lndp_agents.run.metrics import (
    append_parts,
    append_records,
    cut_parts,
    cut_records,
    write_held_out,
)
from lndp_agents.run.origin import write_origin

Checkpoint = tuple[Counters, Mapping[str, Tensor]]


class RunWriter:
    """Writes into the folder of a run while it has the lock; `locked` takes it.

    Args:
        folder: of the run.
        is_made: whether it was just made for this run.
    """

    def __init__(self, folder: Path, *, is_made: bool = False) -> None:
        self.folder, self._is_made = folder, is_made
        self._lock: FolderLock | None = None
        self._genomes: dict[str, Tensor] = {}

    @contextmanager
    def locked(self, *, is_new: bool) -> Generator[bool]:
        """Take the lock, make the folder of a new run, and remove leftovers.

        Yields:
            Whether the lock is effective, see `FolderLock`.

        Raises:
            FileExistsError: the folder is to be new and is not.
            ValueError: a file is a link or the like.
            OSError: the folder cannot be written or is in use.
        """
        check = require_free if is_new else require_plain
        if is_new:
            self._is_made |= not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
        check(self.folder)
        with lock_folder(self.folder) as lock:
            self._lock = lock
            check(self.folder)  # no other process has begun a run there meanwhile
            remove_leftovers(self.folder)
            try:
                yield lock.is_effective
            finally:
                self._lock = None

    def begin(
        self, description: Description, checkpoint: Checkpoint, agents: Mapping[str, SavedAgent]
    ) -> None:
        """Write all files of a run that has done nothing yet; the description last: it makes it one."""
        write_origin(self.folder)
        cut_records(self.folder, 0)
        self.write_checkpoint(checkpoint)
        self.write_agents(agents)
        self.write_description(description)
        sync_folder(self.folder)
        sync_folder(self.folder.parent)

    def write_description(self, description: Description) -> None:
        """Write the description of the run.

        Raises:
            OSError: it cannot be written.
        """
        content = json.dumps(description.to_json(), indent=1) + "\n"
        write_file(self.folder / DESCRIPTION, content.encode())

    def cut(self, generation: int) -> list[str]:
        """Drop later generations from the tables; return a line for each that lacks something."""
        cut_parts(self.folder, generation)
        return cut_records(self.folder, generation)

    def write_rows(self, rows: Rows) -> None:
        """Add the rows of a generation to the tables."""
        self.require_in_place()
        append_records(self.folder, rows.record, rows.hashes)
        append_parts(self.folder, rows.record.generation, rows.parts)

    def write_final_score(self, generation: int, score: float | None) -> None:
        """Write the held-out score of the end of a run into its last row, or remove it."""
        self.require_in_place()
        with self.naming_folder():
            write_held_out(self.folder, generation, score)

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint."""
        write_checkpoint(self.folder / CHECKPOINTS, *checkpoint)

    def write_agents(self, agents: Mapping[str, SavedAgent]) -> None:
        """Write the agents that have changed."""
        self.require_in_place()
        with self.naming_folder():
            for name, agent in agents.items():
                if name not in self._genomes or not torch.equal(self._genomes[name], agent.genome):
                    save_agent(agent_folder(self.folder, name), agent)
                    self._genomes[name] = agent.genome

    def write_seconds(self, generation: int, seconds: float) -> None:
        """Append the seconds of a generation."""
        with (self.folder / TIMINGS).open("a", encoding="ascii") as file:
            file.write(f"{generation},{seconds:.3f}\n")

    def discard_beginning(self) -> None:
        """Remove the folder if it was made here and all in it is of a run that has done nothing yet.

        Raises:
            OSError: it cannot be removed.
        """
        if self._is_made and is_beginning(self.folder, BEGUN):
            shutil.rmtree(self.folder)

    def require_in_place(self) -> None:
        """Raise unless the folder is where it was when it was locked.

        Raises:
            FileNotFoundError: it was moved or removed.
        """
        if self._lock is not None:
            self._lock.require_in_place()

    @contextmanager
    def naming_folder(self) -> Generator[None]:
        """Add the folder to errors of the operating system that name no file."""
        try:
            yield
        except OSError as error:
            if error.errno is not None and error.filename is None:
                error.filename = str(self.folder)
            raise
