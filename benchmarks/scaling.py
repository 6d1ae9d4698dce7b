"""Cost of a step of life against the size of the brain and of the population: a table and a plot.

python benchmarks/scaling.py --out benchmarks/results

Writes scaling.csv and scaling.png. Populations shrink as brains grow, so that memory stays the same.
One thread.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter
from throughput import measure

from lndp_agents.plotting.palette import line_look

NODES, POPULATIONS = (16, 32, 64, 128, 256, 512), (1, 4, 16, 64, 256, 1024)
MODES: dict[str, dict[str, Any]] = {
    "native": {"backend": "native"},
    "eager": {"backend": "eager"},
    "sparse, 16 candidates": {"candidates": 16},
}


def rows() -> list[dict[str, Any]]:
    """Everything measured, a row for each point of the plot."""
    found: list[dict[str, Any]] = []
    for mode, settings in MODES.items():
        for nodes in NODES:
            # About eight edges a node at birth.
            size = {"population": max(2, 2**18 // nodes**2), "nodes": nodes, "initial_density": 8 / nodes}
            found.append(point("nodes", mode, nodes, settings | size))
        if mode in ("native", "eager"):
            for population in POPULATIONS:
                size = {"population": population, "nodes": 32, "initial_density": 0.25}
                found.append(point("population", mode, population, settings | size))
    return found


def point(axis: str, mode: str, value: int, settings: dict[str, Any]) -> dict[str, Any]:
    """One measurement."""
    slow = settings.get("backend") != "native"
    result = measure(**settings, steps=10 if slow else 100, repeats=3)
    microseconds = 1e6 / result["agent_steps_per_second"]
    print(f"{axis} {value}, {mode}: {microseconds:.1f} us per step of life", file=sys.stderr, flush=True)
    return {
        "axis": axis,
        "mode": mode,
        "nodes": result["nodes"],
        "population": result["population"],
        "microseconds_per_step": round(microseconds, 2),
        "mean_density": result["mean_density"],
    }


def plot(found: list[dict[str, Any]], path: Path) -> None:
    """Draw both axes side by side, logarithmic."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, axis in zip(figure.subplots(1, 2), ("nodes", "population"), strict=True):
        for number, mode in enumerate(MODES):
            points = [row for row in found if row["axis"] == axis and row["mode"] == mode]
            if points:
                costs = [row["microseconds_per_step"] for row in points]
                axes.loglog([row[axis] for row in points], costs, label=mode, **line_look(number))
        axes.set(
            xlabel="nodes N" if axis == "nodes" else "population P (N = 32)",
            ylabel="microseconds per step of life",
        )
        axes.set_xticks(NODES if axis == "nodes" else POPULATIONS)
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(True, which="both", alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    folder: Path = parser.parse_args().out
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    found = rows()
    with (folder / "scaling.csv").open("w", newline="", encoding="ascii") as file:
        table = csv.DictWriter(file, list(found[0]))
        table.writeheader()
        table.writerows(found)
    plot(found, folder / "scaling.png")


if __name__ == "__main__":
    main()
