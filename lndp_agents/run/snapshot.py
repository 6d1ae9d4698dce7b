"""The files of a run at one moment, and whether its tables are whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lndp_agents.persistence import SavedAgent
from lndp_agents.run.checkpoint import generation_of
from lndp_agents.run.folder import AGENTS
from lndp_agents.run.metrics import HASHES, METRICS, TABLES, in_words, missing, rows_of, table_of
from lndp_agents.run.view import RunView

_MAX_READS = 20
"""Number of attempts to read the files while a training that goes on there writes some."""


@dataclass(frozen=True)
class Snapshot:
    """The content of a run folder at one moment."""

    checkpoints: Sequence[Path]
    """The newest first."""
    texts: Mapping[str, str]
    """Texts of metrics.csv and hashes.csv."""
    agents: Mapping[str, SavedAgent | str]
    """Agents by name; or why there is none."""

    @property
    def newest(self) -> int:
        """The generation of the newest checkpoint, by its name."""
        return generation_of(self.checkpoints[0]) if self.checkpoints else 0

    @property
    def rows(self) -> dict[str, dict[int, str]]:
        """Rows of the tables, by generation."""
        return {table: rows_of(table, text) for table, text in self.texts.items()}


def take_snapshot(view: RunView) -> Snapshot:
    """Read the files of a run as they are at one moment, though a training may go on there.

    Raises:
        ValueError: a table is no regular file, or too large.
        OSError: a file cannot be read, or they change too fast.
    """
    is_still, files = False, Snapshot([], {}, {})
    for _ in range(_MAX_READS):
        before = view.checkpoints[:1]
        texts = {table: view.read_table(table) for table in TABLES}
        files = Snapshot(texts=texts, agents=_read_agents(view), checkpoints=view.checkpoints)
        is_still = before == files.checkpoints[:1]
        if is_still and not any(isinstance(agent, str) for agent in files.agents.values()):
            break  # else one is damaged, or is being written just now: read again
    if not is_still:
        raise BlockingIOError(
            f"{view.folder} changes faster than it can be read: verify it when its training rests"
        )
    return files


def table_differences(files: Snapshot) -> list[str]:
    """Return what is wrong with the tables.

    Rows are written before the checkpoint of their generation, in metrics.csv first: all up to the newest
    checkpoint are there, and at most one more.
    """
    found: list[str] = []
    for table, rows in files.rows.items():
        if gaps := missing(rows, files.newest):
            found.append(f"{table} lacks {in_words(gaps)}")
        if (last := max(rows, default=0)) > files.newest + 1:
            found.append(
                f"{table} goes on to generation {last}, but the newest checkpoint is of {files.newest}"
            )
        in_order = [rows[number] for number in sorted(rows)]
        if not gaps and files.texts[table] not in (table_of(table, in_order), ""):
            found.append(f"{table} holds other lines than one row of each generation, in their order")
    surplus = files.rows[HASHES].keys() - files.rows[METRICS].keys()
    return found or [f"{METRICS} lacks generation {number}, which {HASHES} has" for number in surplus]


def _read_agents(view: RunView) -> dict[str, SavedAgent | str]:
    found: dict[str, SavedAgent | str] = {}
    for name in AGENTS:
        try:
            found[name] = view.saved_agent(name)
        except (OSError, ValueError) as error:
            found[name] = str(error)
    return found
