"""The tables of a run, a row for each generation: metrics, hashes and, of several worlds, their scores."""

import csv
import io
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from lndp_agents.evolution.records import Generation, Hashes
from lndp_agents.persistence import read_regular, write_file

METRICS, HASHES, PARTS = "metrics.csv", "hashes.csv", "worlds.csv"
MAX_TABLE_BYTES = 2**28
"""Room for more than a million generations."""
_GENERATION = re.compile(r"[1-9]\d{0,9}")
_MAX_SPANS = 3


COLUMNS = tuple(column.name for column in fields(Generation))
_HELD_OUT = COLUMNS.index("held_out")
TABLES = {METRICS: COLUMNS, HASHES: tuple(column.name for column in fields(Hashes))}


def append_records(folder: Path, record: Generation, hashes: Hashes) -> None:
    """Add a row each to metrics.csv and hashes.csv, and wait until they are on disk.

    Raises:
        OSError: they cannot be written.
    """
    for name, row in ((METRICS, record), (HASHES, hashes)):
        with (folder / name).open("a", encoding="ascii", newline="") as file:
            file.write(table_row(row))
            file.flush()
            os.fsync(file.fileno())


def cut_records(folder: Path, generation: int) -> list[str]:
    """Keep the headers of metrics.csv and hashes.csv, made if need be, and the rows up to a generation.

    Returns:
        A line for each table that lacks some of these rows, or has lost later ones (more than the generation
        that was under way).

    Raises:
        ValueError: a table is no regular file, or too large.
        OSError: one cannot be read or written.
    """
    notes: list[str] = []
    for name in TABLES:
        rows = read_rows(folder / name)
        kept = {number: row for number, row in rows.items() if number <= generation}
        write_file(folder / name, table_of(name, kept.values()).encode())
        if gaps := missing(kept, generation):
            notes.append(f"{name} lacks {in_words(gaps)}: they cannot be verified any more")
        if (last := max(rows, default=0)) > generation + 1:
            notes.append(
                f"{name} went up to generation {last}, the newest sound checkpoint to {generation}: "
                "what came after it is computed again"
            )
    return notes


def write_held_out(folder: Path, generation: int, score: float | None) -> None:
    """Put the held-out score of a generation into its row of metrics.csv, or leave the cell empty if none.

    Raises:
        ValueError: the table is no regular file, or too large.
        OSError: it cannot be read or written.
    """
    rows = read_rows(folder / METRICS)
    if generation in rows:
        rows[generation] = with_held_out(rows[generation], score)
        write_file(folder / METRICS, table_of(METRICS, rows.values()).encode())


def append_parts(folder: Path, generation: int, parts: Mapping[str, float | None]) -> None:
    """Add a row to worlds.csv, the scores in each of several worlds; without any there is no such file.

    Raises:
        OSError: it cannot be written.
    """
    if not parts:
        return
    path = folder / PARTS
    header = "" if path.exists() else _line(["generation", *parts])
    row = _line([generation, *("" if value is None else value for value in parts.values())])
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(header + row)


def cut_parts(folder: Path, generation: int) -> None:
    """Keep the rows of worlds.csv up to a generation, if there is such a file.

    Raises:
        ValueError: it is no regular file, or too large.
        OSError: it cannot be read or written.
    """
    try:
        text = read_regular(folder / PARTS, MAX_TABLE_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return
    lines = text.splitlines(keepends=True)
    numbers = ((line.partition(",")[0], line) for line in lines[1:] if line.endswith("\n"))
    kept = [line for number, line in numbers if _GENERATION.fullmatch(number) and int(number) <= generation]
    write_file(folder / PARTS, "".join([*lines[:1], *kept]).encode())


def read_rows(path: Path) -> dict[int, str]:
    """Return the whole rows of a table by their generation; none if there is no such file.

    Raises:
        ValueError: it is no regular file, or too large.
        OSError: it cannot be read.
    """
    return rows_of(path.name, read_table(path))


def read_table(path: Path) -> str:
    """Return the text of a table; empty if there is no such file.

    Raises:
        ValueError: it is no regular file, or too large.
        OSError: it cannot be read.
    """
    try:
        return read_regular(path, MAX_TABLE_BYTES).decode("ascii", errors="replace")
    except FileNotFoundError:
        return ""


def rows_of(table: str, text: str) -> dict[int, str]:
    """Return the whole rows in the text of metrics.csv or hashes.csv, by their generation."""
    num_commas = len(TABLES[table]) - 1
    lines = (line for line in io.StringIO(text, newline="\n") if line.endswith("\n"))
    rows = ((line.partition(",")[0], line) for line in lines if line.count(",") == num_commas)
    return {int(number): line for number, line in rows if _GENERATION.fullmatch(number)}


def table_of(table: str, rows: Iterable[str]) -> str:
    """Return the text of metrics.csv or hashes.csv with these rows."""
    return "".join([_line(list(TABLES[table])), *rows])


def missing(rows: Collection[int], last: int) -> list[tuple[int, int]]:
    """Return the spans of the generations 1 to `last` that have no row: the first and the last of each."""
    edges = [0, *sorted(number for number in rows if number <= last), last + 1]
    return [(before + 1, after - 1) for before, after in pairwise(edges) if after - before > 1]


def in_words(spans: Sequence[tuple[int, int]]) -> str:
    """Return spans of generations in words; of many spans the first three."""
    shown = [f"{first}" if first == last else f"{first} to {last}" for first, last in spans[:_MAX_SPANS]]
    rest = f" and others up to {spans[-1][1]}" if len(spans) > _MAX_SPANS else ""
    is_one = len(spans) == 1 and spans[0][0] == spans[0][1]
    return f"generation{'' if is_one else 's'} {', '.join(shown)}{rest}"


def table_row(row: Generation | Hashes) -> str:
    """Return a row as it is in its table."""
    return _line(["" if value is None else value for value in astuple(row)])


def held_out_of(row: str) -> str:
    """Return the cell of the held-out score in a row of metrics.csv; empty where none was measured."""
    return row.split(",")[_HELD_OUT]


def with_held_out(row: str, score: float | None) -> str:
    """Return a row of metrics.csv with another held-out score, or without one."""
    cells = row.rstrip("\n").split(",")
    cells[_HELD_OUT] = "" if score is None else str(score)
    return _line(cells)


def _line(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
