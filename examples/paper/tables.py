"""Tables and figures of the scripts of this folder, in one style; every file states what it was made from."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from paper import SCORE_SEED, Options, Result, say, score_lives

from lndp_agents.plotting import new_figure as empty_figure
from lndp_agents.plotting import palette, read_metrics, style_axes
from lndp_agents.plotting import write_figure as write_png
from lndp_agents.run import system_info
from lndp_agents.studies import bootstrap_interval, interquartile_mean


def write_results(path: Path, title: str, results: Sequence[Result], chosen: Options) -> None:
    """Write a table of runs with raw scores (.csv) and one of conditions with intervals (.md).

    Args:
        path: of the files, without suffix.
        title: of the table.
        results: of all conditions and seeds.
        chosen: the options of the script.
    """
    labels, measures = list(results[0].condition.labels), list(results[0].measures)
    rows = [_row(result) for result in results]
    write_csv(path.with_suffix(".csv"), rows)
    table = [
        [*group[0].condition.labels.values(), *(_summary(group, measure) for measure in measures)]
        for group in by_condition(results)
    ]
    notes = [
        f"Interquartile mean over {chosen.seeds} evolution seeds of a run's mean over {score_lives(chosen)} "
        f"fresh lives (seed {SCORE_SEED}), and its 95 % bootstrap interval over runs and lives.",
        _budget(results, sum(float(row["minutes"]) for row in rows)),
        f"{machine()}.",
    ]
    if chosen.program:
        notes.append(f"All programs have {json.dumps(chosen.program)}.")
    write_markdown(path.with_suffix(".md"), title, notes, [*labels, *measures], table)


def by_condition(results: Sequence[Result]) -> list[list[Result]]:
    """The results of each condition, in order."""
    return [list(group) for _, group in groupby(results, key=lambda result: result.condition.name)]


def summary(group: Sequence[Result], measure: str) -> tuple[float, float, float]:
    """Interquartile mean of a measure over runs, and the ends of its interval."""
    scores = np.stack([result.measures[measure] for result in group])
    return float(interquartile_mean(scores.mean(-1))), *bootstrap_interval(scores)


def curve(result: Result, column: str) -> list[float]:
    """A column of a run's metrics.csv."""
    return read_metrics(result.run / "metrics.csv")[column]


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows under the names of the first one."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(path, text.getvalue().encode())


def write_markdown(
    path: Path, title: str, notes: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write a title, paragraphs and a table."""
    lines = [f"| {' | '.join(row)} |" for row in (names, ["---"] * len(names), *rows)]
    _write(path, "\n".join([f"# {title}", "", *(f"{note}\n" for note in notes), *lines, ""]).encode())
    say(f"wrote {path}")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, np.ndarray]:
    """A figure and its axes (rows, columns)."""
    figure = empty_figure(width, height, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def write_figure(figure: Any, path: Path) -> None:
    """Write a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(figure, path)
    say(f"wrote {path}")


def style(axes: Any, title: str = "", x: str = "", y: str = "") -> None:
    """Name and soften axes."""
    axes.set_title(title, color=palette.INK, fontsize=9.5, loc="left")
    style_axes(axes, x, y)


def machine() -> str:
    """Where numbers were computed."""
    system = system_info()
    torch = system["packages"]["torch"]
    return f"{system['platform']}, {system['cpu_count']} cores, torch {torch}, one thread each"


def _budget(results: Sequence[Result], minutes: float) -> str:
    recipe = results[0].recipe
    steps = np.mean([curve(result, "steps")[-1] for result in results]) / 1e6
    return (
        f"Each of the {len(results)} evolutions: {recipe.generations} generations of {recipe.population} "
        f"genomes with {recipe.lives} lives, {recipe.program['nodes']} nodes, {recipe.searcher} (separable "
        f"{recipe.separable}, sigma {recipe.sigma}), weight of the worst task {recipe.worst_weight}; "
        f"{steps:.1f} million steps of life on average. Together {minutes:.0f} minutes of one core, which "
        "other work may have shared."
    )


def _row(result: Result) -> dict[str, Any]:
    recipe, measures = result.recipe, result.measures
    timings = (result.run / "timings.csv").read_text("ascii").splitlines()
    row: dict[str, Any] = {
        **result.condition.labels,
        "seed": recipe.seed,
        "generations": recipe.generations,
        "population": recipe.population,
        "lives": recipe.lives,
        "steps": int(curve(result, "steps")[-1]),
        "minutes": f"{sum(float(line.split(',')[1]) for line in timings) / 60:.2f}",
    }
    row |= {name: f"{scores.mean():.6g}" for name, scores in measures.items()}
    each = {name: scores for name, scores in measures.items() if len(scores) > 1}
    return row | {f"{name}, each life": " ".join(f"{score:.4g}" for score in each[name]) for name in each}


def _summary(group: Sequence[Result], measure: str) -> str:
    middle, low, high = summary(group, measure)
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
