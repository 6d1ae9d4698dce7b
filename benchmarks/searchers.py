"""What a search costs per generation beside the evaluation: EvoTorch's own CMA-ES, ours, and the others.

python benchmarks/searchers.py [--dimensions 1918] [--population 256] [--generations 11] [--searchers NAME...]

Each searcher climbs the negative square norm in a process of its own, on Linux. Its memory is how far the
peak of the resident set rises above what is resident before the first generation.
"""

import argparse
import json
import re
import statistics
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.search_library import (
    Problem,
    SearchAlgorithm,
    SolutionBatch,
    StockCMAES,
    silence,
)
from lndp_agents.evolution.searchers import make_searcher

SIGMA = 0.5
SEARCHERS = (
    "stock-CMAES",
    "CMAES",
    "stock-CMAES-separable",
    "CMAES-separable",
    "SNES",
    "XNES",
    "PGPE",
    "CEM",
)


class Bowl(Problem):
    """A fitness that is almost free; the seconds that it does take are counted."""

    def __init__(self, dimensions: int) -> None:
        super().__init__(
            "max", solution_length=dimensions, initial_bounds=(-1.0, 1.0), dtype=torch.float32, seed=0
        )
        self.seconds = 0.0

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        started = time.perf_counter()
        batch.set_evals(-batch.values.square().sum(1))
        self.seconds += time.perf_counter() - started


def searcher_of(name: str, problem: Problem, population: int) -> SearchAlgorithm:
    """A searcher by its name here, with the options that an evolution gives it."""
    separable = name.endswith("-separable")
    if name.startswith("stock-"):
        centre = [0.0] * problem.solution_length
        with silence():
            return StockCMAES(
                problem, popsize=population, stdev_init=SIGMA, center_init=centre, separable=separable
            )
    kind = name.removesuffix("-separable")
    recipe = EvolutionConfig(
        environment="none", searcher=kind, population=population, sigma=SIGMA, separable=separable
    )
    return make_searcher(problem, recipe)


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Median seconds and peak memory of the generations of one searcher, in this process."""
    torch.set_num_threads(arguments.threads)
    problem = Bowl(arguments.dimensions)
    searcher = searcher_of(name, problem, arguments.population)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = resident("VmRSS")
    seconds: list[float] = []
    while len(seconds) < arguments.generations and (len(seconds) < 2 or sum(seconds) < arguments.seconds):
        problem.seconds, started = 0.0, time.perf_counter()
        with silence():
            searcher.step()
        seconds.append(time.perf_counter() - started - problem.seconds)
    return {
        "searcher": name,
        "seconds_per_generation": float(f"{statistics.median(seconds):.3g}"),
        "extra_megabytes": round((resident("VmHWM") - before) / 1e6),
        "generations": len(seconds),
    }


def resident(field: str) -> int:
    """Bytes of this process that are in memory now (VmRSS), or were at most (VmHWM)."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name, default in (("dimensions", 1918), ("population", 256), ("generations", 11)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=10.0, help="stop then, but not before 2 generations")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--searchers", nargs="+", default=SEARCHERS, choices=SEARCHERS, metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print pure JSON")
    arguments = parser.parse_args()
    results: list[dict[str, Any]] = []
    for name in arguments.searchers:
        with get_context("spawn").Pool(1) as process:
            results.append(process.apply(measure, (name, arguments)))
        if not arguments.json:
            print(
                "{:<22} {:>9} s {:>6} MB, median of {} generations".format(*results[-1].values()), flush=True
            )
    if arguments.json:
        sizes = {name: getattr(arguments, name) for name in ("dimensions", "population", "threads")}
        print(json.dumps(sizes | {"searchers": results}))


if __name__ == "__main__":
    main()
