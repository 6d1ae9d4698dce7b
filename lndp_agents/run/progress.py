"""Progress of an evolution on stderr: a live display on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from lndp_agents.evolution.records import Generation
from lndp_agents.numbers import score_text

try:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text
except ModuleNotFoundError as error:
    raise ImportError(f'the display needs {error.name}: pip install "lndp-agents[train]"') from error

BARS = "▁▂▃▄▅▆▇█"
CURVE_WIDTH = 48
LINE_SECONDS, FIRST_SECONDS = 30, 5
"""Most seconds between two plain lines, and about when the first one comes."""


class Progress:
    """Shows generations as they come; use it as a context manager.

    Args:
        generations: the number of generations in all.
        done: number of generations that were done before.
    """

    def __init__(self, generations: int, done: int = 0) -> None:
        self._budget, self._first, self._done = generations, done, done
        console = Console(stderr=True)
        self._live = Live(console=console, redirect_stdout=False) if console.is_terminal else None
        self._started = self._last_line = self._last_generation = time.monotonic()
        self._held_out: list[float] = []

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def advance(self, share: float) -> None:
        """Show the share, from 0 to 1, of the current generation that is done, if it takes long.

        Until a whole generation is known, the time left is estimated from the longest possible lifetimes.
        """
        now = time.monotonic()
        spent, silent = now - self._last_generation, now - self._last_line
        is_first = self._last_line == self._started
        if spent < FIRST_SECONDS or (silent < LINE_SECONDS and not is_first) or not 0 < share < 1:
            return
        self._last_line = now
        text = f"generation {self._done + 1}/{self._budget}: {share:.0%} after {spent:.0f} s"
        if self._done == self._first:
            whole = spent / share
            left = whole * (self._budget - self._done) - spent
            text += f", at most {_clock(whole - spent)} to go, and {_clock(left)} for all generations"
        self.say(text)

    def show(self, record: Generation) -> None:
        """Show one more generation."""
        self._done, self._last_generation = record.generation, time.monotonic()
        if record.held_out is not None:
            self._held_out.append(record.held_out)
        if self._live is not None:
            self._live.update(self._table(record))
        elif record.held_out is not None or time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self.say(self._line(record))

    def say(self, text: str) -> None:
        """Print a line, above the display if there is one."""
        if self._live is not None:
            self._live.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def _remaining(self, record: Generation) -> str:
        done = record.generation - self._first
        seconds = (time.monotonic() - self._started) / max(done, 1) * (self._budget - record.generation)
        return f"{_clock(seconds)} left"

    def _line(self, record: Generation) -> str:
        held_out = "" if record.held_out is None else f"held-out {score_text(record.held_out)} per episode, "
        return (
            f"generation {record.generation}/{self._budget}: {held_out}"
            f"population mean {score_text(record.score_mean)}, best {score_text(record.score_best)}, "
            f"sigma {record.sigma:.3f}, {record.steps:,} steps, {self._remaining(record)}"
        )

    def _table(self, record: Generation) -> Table:
        table = Table.grid(padding=(0, 2))
        filled = round(CURVE_WIDTH * record.generation / self._budget)
        bar = Text("━" * filled, "green") + Text("━" * (CURVE_WIDTH - filled), "bright_black")
        table.add_row("generation", bar, f"{record.generation}/{self._budget}, {self._remaining(record)}")
        last = f"{score_text(self._held_out[-1])} per episode" if self._held_out else "not yet measured"
        table.add_row("held-out score", Text(sparkline(self._held_out), "cyan"), last)
        table.add_row(
            "population", f"mean {score_text(record.score_mean)}, best {score_text(record.score_best)}", ""
        )
        details = f"sigma {record.sigma:.3f}, edge density {record.density:.2f}, {record.steps:,} steps"
        table.add_row("search", details, f"{record.nan_count} not a number" if record.nan_count else "")
        return table


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def sparkline(values: list[float]) -> str:
    """Return the last values as a line of bars, from the smallest to the largest of all."""
    if not values:
        return ""
    low, high = min(values), max(values)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * scale)] for value in values[-CURVE_WIDTH:])
