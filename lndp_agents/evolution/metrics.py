"""The records of a run, a row for each generation: metrics.csv, hashes.csv, and TensorBoard's where it is."""

import csv
import io
import math
import os
from dataclasses import astuple, dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lndp_agents.persistence import write_file

METRICS, HASHES = "metrics.csv", "hashes.csv"


@dataclass(frozen=True)
class Generation:
    """What is known after a generation; the columns of metrics.csv."""

    generation: int
    """Generations done."""
    steps: int
    """Steps of life lived by all populations so far."""
    fitness_best: float
    fitness_mean: float
    """Over the genomes whose fitness was a number, as is the deviation."""
    fitness_std: float
    score_best: float
    score_mean: float
    """Mean episode return over the population's lives."""
    held_out: float | None
    """Mean episode return of the centre on held-out lives, where it was measured."""
    sigma: float
    """Step size of CMA-ES, or the mean deviation of another searcher."""
    density: float
    """Mean share of allowed edges that existed."""
    nan_count: int
    """Genomes whose fitness was not a number."""


@dataclass(frozen=True)
class Hashes:
    """What `lndp verify` compares beside the numbers; the columns of hashes.csv."""

    generation: int
    """Generations done."""
    population: str
    """Of the genomes."""
    fitness: str
    """Of their evaluations."""
    search: str
    """Of the checkpoint, tensors and counters."""


COLUMNS = tuple(column.name for column in fields(Generation))
TABLES = {METRICS: COLUMNS, HASHES: tuple(column.name for column in fields(Hashes))}


def append_records(folder: Path, record: Generation, hashes: Hashes) -> None:
    """Add a row each to metrics.csv and hashes.csv, and see them on disk.

    Raises:
        OSError: they cannot be written.
    """
    for name, row in ((METRICS, record), (HASHES, hashes)):
        with (folder / name).open("a", encoding="ascii", newline="") as file:
            file.write(table_row(row))
            file.flush()
            os.fsync(file.fileno())


def cut_records(folder: Path, generation: int) -> None:
    """Keep the headers of metrics.csv and hashes.csv, made if need be, and the rows up to a generation.

    Raises:
        OSError: they cannot be written.
    """
    for name, columns in TABLES.items():
        rows = read_rows(folder / name)
        kept = [row for number, row in rows.items() if number <= generation]
        write_file(folder / name, "".join([_line(list(columns)), *kept]).encode())


def read_rows(path: Path) -> dict[int, str]:
    """The whole rows of a table by their generation; none if there is no such file.

    Raises:
        OSError: it cannot be read.
    """
    lines = path.read_text("ascii", errors="replace").splitlines(keepends=True) if path.exists() else []
    rows = ((line.partition(",")[0], line) for line in lines[1:] if line.endswith("\n"))
    return {int(number): line for number, line in rows if number.isdecimal()}


def table_row(row: Generation | Hashes) -> str:
    """A row as it is in its table."""
    return _line(["" if value is None else value for value in astuple(row)])


class EventLog:
    """Writes TensorBoard events into a folder; does nothing where tensorboard is not installed.

    Args:
        folder: of the events.
        generation: the last one that counts; what was written of later ones is purged.
    """

    def __init__(self, folder: Path, generation: int) -> None:
        self._writer: Any = None
        if self.is_available():
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=generation + 1)

    @staticmethod
    def is_available() -> bool:
        """Whether tensorboard is installed."""
        return find_spec("tensorboard") is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, record: Generation) -> None:
        """Write the numbers of a generation."""
        if self._writer is not None:
            for name in COLUMNS[1:]:
                value: float | None = getattr(record, name)
                if value is not None and math.isfinite(value):
                    self._writer.add_scalar(name, value, record.generation)


def _line(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
