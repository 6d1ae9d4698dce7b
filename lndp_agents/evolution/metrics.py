"""The numbers of a run, one row a generation: metrics.csv, and TensorBoard where it is installed."""

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

METRICS = "metrics.csv"


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


COLUMNS = tuple(column.name for column in fields(Generation))


def append_metrics(folder: Path, record: Generation) -> None:
    """Add a row to metrics.csv and see it on disk.

    Raises:
        OSError: it cannot be written.
    """
    with (folder / METRICS).open("a", encoding="ascii", newline="") as file:
        file.write(_line(["" if value is None else value for value in astuple(record)]))
        file.flush()
        os.fsync(file.fileno())


def cut_metrics(folder: Path, generation: int) -> None:
    """Keep the header of metrics.csv, made if need be, and the rows up to a generation.

    Raises:
        OSError: it cannot be written.
    """
    path = folder / METRICS
    rows = path.read_text("ascii", errors="replace").splitlines(keepends=True) if path.exists() else []
    kept = [row for row in rows[1:] if row.endswith("\n") and _generation(row) <= generation]
    write_file(path, "".join([_line(list(COLUMNS)), *kept]).encode())


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


def _generation(row: str) -> float:
    """Which generation a row of metrics.csv is of; endless if it is damaged."""
    first = row.partition(",")[0]
    return int(first) if first.isdecimal() else float("inf")


def _line(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
