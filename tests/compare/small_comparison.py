"""A comparison of seconds: four policies, two of which learn."""

import csv
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


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
