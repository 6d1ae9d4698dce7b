"""A comparison of seconds: four policies, two of which learn."""

import csv
import importlib.util
from pathlib import Path
from typing import Any

REVERSAL = "lndp/ForagingReversal-v0"
POLICIES = ("win-stay-lose-shift", "random", "linear", "ppo")
ROLLOUT = 128
SETTINGS: dict[str, Any] = {
    "environment": REVERSAL,
    "policies": POLICIES,
    "seeds": 2,
    "budget_steps": 900,
    "lives": 12,
    "changes": {"linear": {"population": 4, "lives": 1, "evaluate_every": 2, "held_out_lives": 4}},
}
"""A generation has 400 steps and a rollout 128: 800 and 896 steps of the budget are used."""


def script(name: str) -> Any:
    """A module of examples/compare."""
    file = Path(__file__).parents[2] / "examples" / "compare" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"examples_compare_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def outputs(folder: Path) -> dict[str, bytes]:
    """What is in the tables."""
    tables = ("comparison.csv", "scores.csv", "learning_curves.csv", "within_life.csv", "comparison.md")
    return {name: (folder / name).read_bytes() for name in tables}
