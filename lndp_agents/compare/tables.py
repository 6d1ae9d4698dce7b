"""The tables of a comparison: comparison.md and .csv, and all raw numbers behind them and the figures."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lndp_agents.compare.comparison import SCORE_SEED, Comparison
from lndp_agents.compare.results import Result, Row
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.persistence import write_file
from lndp_agents.run.origin import system_info
from lndp_agents.studies.within_life import WithinLife

TABLE, SCORES, CURVES, WITHIN_LIFE = "comparison", "scores.csv", "learning_curves.csv", "within_life.csv"


def write_table(folder: Path, comparison: Comparison, rows: Sequence[Row], workers: int) -> None:
    """Write comparison.csv, and comparison.md with notes on scores, budgets and machine."""
    write_csv(folder / f"{TABLE}.csv", [asdict(row) for row in rows])
    text = [f"# {comparison.environment}", "", *_notes(comparison, rows, workers), *markdown_rows(rows), ""]
    write_file(folder / f"{TABLE}.md", "\n".join(text).encode())


def write_scores(folder: Path, results: Sequence[Result]) -> None:
    """Write scores.csv: a row for each policy, training seed and lifetime."""
    rows = (
        {"policy": result.policy, "seed": seed, "life": life, "score": score}
        for result in results
        for seed, lives in zip(result.seeds, result.lives, strict=True)
        for life, score in enumerate(lives.scores.tolist())
    )
    write_csv(folder / SCORES, rows)


def write_curves(folder: Path, results: Sequence[Result]) -> None:
    """Write learning_curves.csv: a row for each evaluation on held-out lifetimes in a training."""
    rows = [
        {"policy": result.policy, "seed": seed} | asdict(point)
        for result in results
        for seed, curve in zip(result.seeds, result.curves, strict=bool(result.curves))
        for point in curve
    ]
    if rows:
        write_csv(folder / CURVES, rows)


def write_within_life(
    folder: Path, curves: Mapping[str, Sequence[WithinLife]], results: Sequence[Result]
) -> None:
    """Write within_life.csv: mean reward of a step, a row for each policy, seed, event and span of time."""
    rows = (
        {"policy": result.policy, "seed": seed, "since": curve.event, "time": time, "reward": reward}
        for result in results
        for curve in curves[result.policy]
        for seed, rewards in zip(result.seeds, curve.rewards.tolist(), strict=True)
        for time, reward in zip(curve.time.tolist(), rewards, strict=True)
    )
    write_csv(folder / WITHIN_LIFE, rows)


def markdown_rows(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the Markdown table."""
    names = [
        "policy",
        "IQM (95 % interval)",
        "mean",
        f"P({rows[0].policy} > it)",
        "training",
        "steps of each",
        "minutes of each",
    ]
    cells = [
        [
            row.policy.replace("|", r"\|"),
            f"{score_text(row.iqm)} ({interval_text((row.low, row.high))})",
            score_text(row.mean),
            ""
            if row.improvement is None
            else f"{row.improvement:.2f} ({row.improvement_low:.2f} to {row.improvement_high:.2f})",
            row.note,
            "" if row.steps is None else f"{row.steps:,}",
            "" if row.minutes is None else f"{row.minutes:.1f}",
        ]
        for row in rows
    ]
    return [f"| {' | '.join(line)} |" for line in (names, ["---"] * len(names), *cells)]


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows, at least one, with the keys of the first as header."""
    rows, text = list(rows), io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(path, text.getvalue().encode())


def machine() -> str:
    """Describe the machine on which numbers were computed."""
    system = system_info()
    return f"{system['platform']}, {system['cpu_count']} cores, torch {system['packages']['torch']}"


def _notes(comparison: Comparison, rows: Sequence[Row], workers: int) -> list[str]:
    """Return paragraphs about scores, trainings and machine."""
    first, world = rows[0].policy, comparison.keywords or "defaults"
    notes = [
        f"Scores are mean episode returns of the same {comparison.lives} held-out lives for all policies and "
        f"seeds (seed {SCORE_SEED}; keyword arguments: {world}). IQM: interquartile mean over trainings of "
        "their mean scores, with its 95 % stratified bootstrap interval over trainings and lives. "
        f"P({first} > it): how likely a training of {first} scores more than one of the policy.",
    ]
    if comparison.budget_steps:
        notes.append(
            f"Each learner had {comparison.seeds} trainings of at most {comparison.budget_steps:,} steps of "
            "the environment; what counts is the checkpoint that was best on held-out lives of the training. "
            "PPO ends with its last whole rollout, an evolution with its last whole generation within the "
            "budget; its minutes are with looks and checkpoints, those of PPO without. A policy that was "
            "trained before had a budget of its own, which is not equal, and so had an agent that a search "
            "here is around."
        )
        changed = {name: dict(fields) for name, fields in comparison.changes.items()}
        if changed:
            notes.append(f"Recipes other than the default: {changed}.")
    notes.append(f"{machine()}; one thread for each training, {workers} side by side.")
    return [line for note in notes for line in (note, "")]
