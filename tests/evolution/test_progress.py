"""The display: lines where nobody watches, a live table on a terminal, nothing on stdout."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from lndp_agents.evolution.records import Generation
from lndp_agents.run import progress
from lndp_agents.run.progress import Progress, sparkline

RECORD = Generation(
    generation=3,
    steps=12345,
    fitness_best=4.0,
    fitness_mean=3.0,
    fitness_std=1.0,
    score_best=40.0,
    score_mean=30.25,
    held_out=21.5,
    sigma=0.5,
    density=0.125,
    nan_count=2,
)


class Clock:
    """A time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_a_line_for_each_held_out_score(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(8, done=1) as display:
        display.show(replace(RECORD, generation=2, held_out=None))
        clock.now += 30
        display.show(RECORD)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "generation 3/8: held-out 21.5 per episode, population mean 30.2, best 40.0, sigma 0.500, "
        "12,345 steps, 1:15 left"
    ]


def test_a_line_at_least_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    silent = replace(RECORD, held_out=None)
    with Progress(8) as display:
        for _ in range(7):
            clock.now += 10
            display.show(silent)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "held-out" not in lines[0]


def test_a_long_generation_is_told_of_within_ten_seconds(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(11, done=1) as display:
        for second in range(1, 61):
            clock.now += 1
            display.advance(second / 80)
        display.show(replace(RECORD, generation=2, held_out=None))
        clock.now += 31
        display.advance(0.5)
    assert capsys.readouterr().err.splitlines() == [
        "generation 2/11: 6% after 5 s, at most 1:15 to go, and 13:15 for all generations",
        "generation 2/11: 44% after 35 s, at most 0:45 to go, and 12:45 for all generations",
        "generation 3/11: 50% after 31 s",
    ]


def test_a_terminal_gets_a_table(clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        progress,
        "Console",
        lambda stderr: Console(file=screen, force_terminal=True, width=140, no_color=True),
    )
    with Progress(8) as display:
        display.show(replace(RECORD, held_out=10.0))
        display.show(RECORD)
        display.say("finishing [this] generation")
    text = screen.getvalue()
    for part in (
        "3/8",
        "▁█",
        "21.5 per episode",
        "mean 30.2, best 40.0",
        "0.12",
        "2 not a number",
    ):
        assert part in text
    assert "finishing [this] generation" in text
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([5.0], "▁"), ([2.0, 2.0], "▁▁"), ([0.0, 7.0, 3.0], "▁█▄"), ([-1.0, 0.0, 1.0], "▁▅█")],
)
def test_sparkline_spans_from_smallest_to_largest(values: list[float], bars: str) -> None:
    assert sparkline(values) == bars


def test_sparkline_shows_the_newest() -> None:
    assert sparkline([0.0] * 100 + [1.0])[-1] == "█"
    assert len(sparkline([0.0] * 100)) == progress.CURVE_WIDTH
