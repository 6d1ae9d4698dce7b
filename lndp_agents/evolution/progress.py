"""What a person sees of an evolution: a live display on a terminal, plain lines elsewhere; always on stderr."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lndp_agents.evolution.run import Generation

BARS = "▁▂▃▄▅▆▇█"
CURVE_WIDTH = 48


class Progress:
    """Shows generations as they come; use it as a context manager.

    Args:
        generations: the budget.
        done: generations that were done before.
    """

    def __init__(self, generations: int, done: int = 0) -> None:
        self._budget, self._first = generations, done
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=4, transient=False)
        self._started = time.monotonic()
        self._first_steps: int | None = None
        self._held_out: list[float] = []

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, record: Generation) -> None:
        """Show one more generation."""
        if record.held_out is not None:
            self._held_out.append(record.held_out)
        if self._console.is_terminal:
            self._live.update(self._table(record))
        elif record.held_out is not None:
            print(self._line(record), file=sys.stderr, flush=True)

    def _remaining(self, record: Generation) -> str:
        done = record.generation - self._first
        seconds = (time.monotonic() - self._started) / max(done, 1) * (self._budget - record.generation)
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"

    def _line(self, record: Generation) -> str:
        return (
            f"generation {record.generation}/{self._budget}: held-out {record.held_out:.1f}, "
            f"population mean {record.score_mean:.1f}, best {record.score_best:.1f}, "
            f"sigma {record.sigma:.3f}, {record.steps:,} steps, {self._remaining(record)} left"
        )

    def _table(self, record: Generation) -> Table:
        table = Table.grid(padding=(0, 2))
        filled = round(CURVE_WIDTH * record.generation / self._budget)
        bar = Text("━" * filled, "green") + Text("━" * (CURVE_WIDTH - filled), "bright_black")
        table.add_row("generation", bar, f"{record.generation}/{self._budget}, {self._remaining(record)} left")
        last = f"{self._held_out[-1]:.1f}" if self._held_out else "not yet measured"
        table.add_row("held-out score", Text(sparkline(self._held_out), "cyan"), f"{last} (centre of the search)")
        table.add_row("population", f"mean {record.score_mean:.1f}, best {record.score_best:.1f}", "")
        details = f"sigma {record.sigma:.3f}, edge density {record.density:.2f}, {record.steps:,} steps lived"
        table.add_row("search", details, f"{record.nan_count} not a number" if record.nan_count else "")
        return table


def sparkline(values: list[float]) -> str:
    """The last values as a line of bars, from the smallest to the largest of all."""
    if not values:
        return ""
    low, high = min(values), max(values)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * scale)] for value in values[-CURVE_WIDTH:])
