"""Whether a run holds what its recipe gives: recorded generations are computed again and compared."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from lndp_agents.evolution.checkpoint import CHECKPOINTS, list_checkpoints, read_checkpoint
from lndp_agents.evolution.evolution import Evolution, hash_checkpoint
from lndp_agents.evolution.metrics import HASHES, METRICS, TABLES, read_rows, table_row
from lndp_agents.evolution.run_folder import SYSTEM, Description, system_info
from lndp_agents.evolution.workers import Workers

_ALONE = Workers()


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison; as a string, one line for a person."""

    folder: Path
    generations: range
    """Those that were to be computed again; none if the checkpoints alone show a difference."""
    num_checkpoints: int
    """How many hold what was recorded."""
    differences: list[str]

    def __str__(self) -> str:
        if self.differences:
            return f"{self.folder} differs: {'; '.join(self.differences)}{_other_system(self.folder)}"
        first, last = self.generations[0], self.generations[-1]
        which = f"generation {last}" if first == last else f"generations {first} to {last}"
        return (
            f"{self.folder}: {which} computed again with the same metrics and hashes; "
            f"{self.num_checkpoints} checkpoints hold what was recorded"
        )


def verify(
    folder: Path,
    generation: int | None = None,
    *,
    everything: bool = False,
    seed: int | None = None,
    workers: Workers = _ALONE,
) -> Verdict:
    """Compare the checkpoints with the record, then compute again from the nearest one before a generation.

    Nothing in the folder is changed, and a training that goes on there is not disturbed.

    Args:
        folder: of the run.
        generation: which to verify; if none, one at random that follows a checkpoint.
        everything: whether to verify all that is recorded instead.
        seed: of the choice at random; another at every call if none.
        workers: who lives the lives again.

    Raises:
        FileNotFoundError: the folder holds no run.
        ValueError: its description is damaged, or the generation is not recorded.
        OSError: a file cannot be read, or there are no actors to be had.
    """
    description = Description.read(folder)
    evolution = Evolution(description, workers)
    kept, record = list_checkpoints(folder / CHECKPOINTS), _Record(folder)
    checkpoints, differences = _compare_checkpoints(kept, description.identity, evolution, record)
    if differences:
        return Verdict(folder, range(0), len(checkpoints), differences)
    recorded = sorted(record.hashes)
    first = last = record.check(generation)
    if everything:
        first, last = recorded[0], recorded[-1]
    elif generation is None:
        near = [number for number in recorded if number - 1 in checkpoints]
        first = last = random.Random(seed).choice(near or recorded)
    if start := max((number for number in checkpoints if number < first), default=0):
        evolution.restore(*read_checkpoint(checkpoints[start], description.identity, evolution.tensors()))
    with evolution.problem.at_work():
        while evolution.generation < last and not differences:
            row = table_row(evolution.advance())
            if evolution.generation >= first:
                differences = record.differences(evolution.generation, row, table_row(evolution.hashes()))
    return Verdict(folder, range(first, last + 1), len(checkpoints), differences)


class _Record:
    """What metrics.csv and hashes.csv say, by generation.

    Raises:
        ValueError: there are no hashes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.metrics, self.hashes = read_rows(folder / METRICS), read_rows(folder / HASHES)
        if not self.hashes:
            raise ValueError(
                f"{folder} has no {HASHES} to compare with: resume it, and what comes can be verified"
            )

    def check(self, generation: int | None) -> int:
        """The generation, if it is recorded; 0 if none is asked for."""
        if generation is not None and generation not in self.hashes:
            first, last = min(self.hashes), max(self.hashes)
            raise ValueError(f"generation={generation}: {self._folder} has hashes of {first} to {last}")
        return generation or 0

    def differences(self, generation: int, metrics: str, hashes: str) -> list[str]:
        """How the rows of a generation, computed again, differ from those that were recorded."""
        found: list[str] = []
        for table, rows, computed in ((METRICS, self.metrics, metrics), (HASHES, self.hashes, hashes)):
            recorded = rows.get(generation, "")
            pairs = zip(
                TABLES[table], recorded.rstrip().split(","), computed.rstrip().split(","), strict=False
            )
            columns = [f"{name} {now} was recorded as {then}" for name, then, now in pairs if then != now]
            if recorded != computed:
                found.append(f"{table}, generation {generation}: {', '.join(columns) or 'no such row'}")
        return found


def _compare_checkpoints(
    kept: list[Path], run: str, evolution: Evolution, record: _Record
) -> tuple[dict[int, Path], list[str]]:
    """Which checkpoints, by generation, hold what was recorded, and how the others differ."""
    same: dict[int, Path] = {}
    differences: list[str] = []
    begin = hash_checkpoint(evolution.counters(), evolution.tensors())
    for path in kept:
        try:
            counters, tensors = read_checkpoint(path, run, evolution.tensors())
        except (OSError, ValueError) as error:
            if path.exists():  # else a training that goes on has just dropped it
                differences.append(f"{path.name}: {error}")
            continue
        row = record.hashes.get(counters.generation, "").rstrip()
        recorded = begin if counters.generation == 0 else row.rpartition(",")[2]
        if recorded and recorded != hash_checkpoint(counters, tensors):
            differences.append(f"{path.name} does not hold the search that was recorded")
        else:
            same[counters.generation] = path
    return same, differences


def _other_system(folder: Path) -> str:
    """A hint, where the run was begun with other versions, on another machine or with other threads."""
    try:
        is_same = json.loads((folder / SYSTEM).read_bytes()) == system_info()
    except (OSError, ValueError):
        is_same = False
    return "" if is_same else f" (not the system that it was begun on, see {SYSTEM})"
