"""Draw the figures of comparisons anew: python tools/redraw_comparisons.py examples/compare/results/*/.

From the tables in these folders: nothing is trained or lived again, and the trainings need not be there.
"""

import argparse
import csv
import importlib.util
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from lndp_agents.baselines import CurvePoint
from lndp_agents.compare import Comparison
from lndp_agents.compare.figures import draw_learning_curves, draw_within_life
from lndp_agents.compare.results import Result
from lndp_agents.compare.tables import CURVES, SCORES, WITHIN_LIFE
from lndp_agents.plotting.figures import write_figure
from lndp_agents.studies.evaluation import PolicyLives
from lndp_agents.studies.within_life import WithinLife

INJURIES = Path(__file__).parent.parent / "examples" / "compare" / "injuries.py"
Rows = list[dict[str, str]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw learning_curves.png, within_life.png, and injuries.png where there are injuries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args(arguments).folders:
        comparison = Comparison.read(folder)
        results = list(_results(folder))
        draw_learning_curves(folder, comparison.environment, results)
        within = {result.policy: _within_life(folder, result.policy) for result in results}
        draw_within_life(folder, comparison.environment, results, within)
        if (folder / "injury_curves.csv").exists():
            steps = comparison.job(0).make_world().num_steps
            rows = _read(folder / "injury_curves.csv")
            write_figure(_figure_of(comparison.environment, rows, steps // 2), folder / "injuries.png")


def _results(folder: Path) -> Iterator[Result]:
    """What the figures show of the policies: their scores and learning curves."""
    curves = _read(folder / CURVES) if (folder / CURVES).exists() else []
    for policy, rows in _grouped(_read(folder / SCORES), "policy"):
        scores = {seed: _column(own, "score") for seed, own in _grouped(rows, "seed")}
        lives = tuple(
            PolicyLives(own[:, None], np.ones(len(own), np.int64), None, episodes=1)
            for own in scores.values()
        )
        points = tuple(
            [CurvePoint(int(row["steps"]), float(row["seconds"]), float(row["held_out"])) for row in own]
            for _, own in _grouped([row for row in curves if row["policy"] == policy], "seed")
        )
        yield Result(policy, tuple(map(int, scores)), lives, points)


def _within_life(folder: Path, policy: str) -> list[WithinLife]:
    rows = [row for row in _read(folder / WITHIN_LIFE) if row["policy"] == policy]
    curves: list[WithinLife] = []
    for event, own in _grouped(sorted(rows, key=lambda row: row["since"]), "since"):
        runs = [run for _, run in _grouped(own, "seed")]
        rewards = np.stack([_column(run, "reward") for run in runs])
        curves.append(WithinLife(event, _column(runs[0], "time"), rewards))
    return curves


def _figure_of(environment: str, rows: Rows, middle: int) -> Any:
    spec = importlib.util.spec_from_file_location("injuries", INJURIES)
    assert spec is not None
    assert spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.figure_of(environment, rows, middle)


def _read(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _grouped(rows: Rows, column: str) -> Iterator[tuple[str, Rows]]:
    return ((name, list(own)) for name, own in groupby(rows, key=lambda row: row[column]))


def _column(rows: Rows, name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


if __name__ == "__main__":
    main()
