"""What a search costs per generation: EvoTorch's own CMA-ES, ours, and the others.

python benchmarks/searchers.py [--dimensions 1918] [--population 256] [--generations 11] [--searchers NAME...]

Each searcher climbs the negative square norm in a process of its own, on Linux. Its memory is how far the
peak of the resident set rises above what is resident before the first generation.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from lndp_agents.search import Evaluation, Search, SearchSetting, make_search
from lndp_agents.search.evotorch_library import Problem, SolutionBatch, StockCMAES, silence

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
    "SepCMAES",
)


class Bowl(Problem):
    """What EvoTorch's own algorithms climb; the fitness is almost free."""

    def __init__(self, dimensions: int) -> None:
        super().__init__(
            "max", solution_length=dimensions, initial_bounds=(-1.0, 1.0), dtype=torch.float32, seed=0
        )

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        batch.set_evals(-batch.values.square().sum(1))


def stepper(name: str, dimensions: int, population: int) -> Callable[[], None]:
    """What does one generation of a searcher by its name here, as an evolution has it."""
    separable = name.endswith("-separable")
    if name.startswith("stock-"):
        mean = [0.0] * dimensions
        with silence():
            stock = StockCMAES(
                Bowl(dimensions), popsize=population, stdev_init=SIGMA, center_init=mean, separable=separable
            )
        return stock.step
    setting = SearchSetting(dimensions, population, SIGMA, separable)
    return _Stepper(make_search(name.removesuffix("-separable"), setting), dimensions).step


class _Stepper:
    """Keeps the state of a search."""

    def __init__(self, search: Search, dimensions: int) -> None:
        self._search, self._state = search, search.init(torch.zeros(dimensions))

    def step(self) -> None:
        """Do one generation."""
        genomes, asked = self._search.ask(self._state, 0)
        fitness = -genomes.square().sum(1)
        self._state = self._search.tell(asked, genomes, Evaluation.of_fitness(fitness))


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Median seconds and peak memory of the generations of one searcher, in this process."""
    torch.set_num_threads(arguments.threads)
    step = stepper(name, arguments.dimensions, arguments.population)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = resident("VmRSS")
    seconds: list[float] = []
    while len(seconds) < arguments.generations and (len(seconds) < 2 or sum(seconds) < arguments.seconds):
        started = time.perf_counter()
        with silence():
            step()
        seconds.append(time.perf_counter() - started)
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
