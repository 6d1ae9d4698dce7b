"""What the scripts of this folder share: options, and conditions that become run folders."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lndp_agents import EvolutionConfig, LNDPAgent, Run, RunView

RESULTS = Path(__file__).parent / "results"
RECIPE: dict[str, Any] = {
    "preset": "0.1",
    "population": 64,
    "lives": 8,
    "separable": True,
    "sigma": 0.5,
    "update_bias": 0.0,
    "worst_weight": 1.0,
    "evaluate_every": 5,
    "held_out_lives": 64,
}
"""Of all evolutions; nothing is left open, so that the published tables stay what they are."""
NODES = 16
QUICK = {"population": 4, "lives": 2, "generations": 2, "held_out_lives": 4}
SCORE_SEED = 7
"""Of the lives that are scored, as in the zoo: no evolution has lived them."""


@dataclass(frozen=True)
class Options:
    """What a user may choose."""

    out: Path
    runs: Path
    quick: bool
    seeds: int = 1
    generations: int | None = None
    workers: int = 1
    program: dict[str, Any] = field(default_factory=dict[str, Any])
    """Fields of `LNDPConfig` over those of every condition."""


@dataclass(frozen=True)
class Condition:
    """What is compared, before it is measured."""

    labels: dict[str, str]
    """What tells it from the others of its finding."""
    recipe: EvolutionConfig

    @property
    def name(self) -> str:
        """Of its run folders, without the seed."""
        return "_".join(f"{key}-{value}".replace(" ", "-") for key, value in self.labels.items())


@dataclass(frozen=True)
class Result:
    """A condition with one evolution seed, and what came of it."""

    condition: Condition
    run: Path
    recipe: EvolutionConfig
    measures: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    """(L,) each: a number a life, or one alone."""

    @property
    def agent(self) -> LNDPAgent:
        """The mean with the best score on the held-out lives of its evolution."""
        return LNDPAgent.from_pretrained(self.run / "best")


def parser(doc: str, *, evolves: bool = True) -> argparse.ArgumentParser:
    """The options that scripts have in common; `options` reads them.

    Args:
        doc: of the script.
        evolves: whether it has evolutions.
    """
    common = argparse.ArgumentParser(description=doc.split("\n")[0])
    common.add_argument("--out", type=Path, help="where tables and figures go (results beside the script)")
    common.add_argument("--quick", action="store_true", help="tiny, to see that it works")
    if evolves:
        common.add_argument("--seeds", type=_positive, default=3, help="evolutions of each condition (3)")
        common.add_argument("--generations", type=_positive, help="of each; with more, the runs go on")
        common.add_argument("--runs", type=Path, default=Path("runs/paper"), help="where run folders go")
        common.add_argument("--workers", type=_positive, default=1, help="evolutions side by side (1)")
        common.add_argument(
            "--program", nargs="+", type=_pair, default=[], metavar="KEY=VALUE", help="as for lndp train"
        )
    return common


def options(found: argparse.Namespace) -> Options:
    """The options among parsed arguments; a quick run has one seed, and folders of its own."""
    values = {name: value for name, value in vars(found).items() if name in Options.__annotations__}
    values["program"] = dict(values.get("program", []))
    runs = values.setdefault("runs", Path("runs/paper"))
    if found.quick:
        values |= {"seeds": 1, "runs": runs / "quick"}
    values["out"] = found.out or (runs / "quick" / "results" if found.quick else RESULTS)
    return Options(**values)


def run_script(main: Callable[[], None]) -> int:
    """Exit code of a script: 2 and one line for what a user can mend, 130 for Ctrl-C."""
    try:
        main()
    except (ValueError, OSError) as error:
        say(f"error: {' '.join(str(error).split())}")
        return 2
    except KeyboardInterrupt:
        say("stopped; the same command goes on from the last whole generations")
        return 130
    return 0


def recipe(environment: str, generations: int, **program: Any) -> EvolutionConfig:
    """What the recipes of all conditions have in common."""
    return EvolutionConfig(
        environment=environment,
        encoding=encoding_of(environment),
        program={"nodes": NODES, **program},
        generations=generations,
        **RECIPE,
    )


def encoding_of(environment: str) -> str:
    """What observations become where bounds tell too little of them (zoo/README.md)."""
    if "Acrobot" in environment:
        return "standardized"
    return "place" if "Foraging" in environment else "scaled"


def evolve(
    finding: str,
    conditions: Sequence[Condition],
    chosen: Options,
    bring: Callable[[Result], str] | None = None,
) -> list[Result]:
    """Evolve every condition with every seed; finished runs are used again, others resumed.

    Args:
        finding: name of the folder of the runs.
        conditions: what is evolved.
        chosen: seeds and how.
        bring: brings one run to its budget and returns its name; `evolve_one` if None.

    Returns:
        A result for each condition and seed, not measured yet.

    Raises:
        ValueError: a run folder holds a run of another recipe, or of more generations.
        OSError: a folder cannot be written, or another process trains there.
    """
    results = [
        Result(
            condition, chosen.runs / finding / f"{condition.name}_s{seed}", _chosen(condition, seed, chosen)
        )
        for condition in conditions
        for seed in range(1, chosen.seeds + 1)
    ]
    bring = bring or evolve_one
    if chosen.workers == 1:
        for number, result in enumerate(results, 1):
            say(f"evolution {number} of {len(results)} done: {bring(result)}")
        return results
    with get_context("spawn").Pool(chosen.workers, _ignore_interrupts) as pool:
        for number, name in enumerate(pool.imap_unordered(bring, results), 1):
            say(f"evolution {number} of {len(results)} done: {name}")
    return results


def evolve_one(result: Result) -> str:
    """Bring one run to its budget, in one thread; its name."""
    torch.set_num_threads(1)
    with _open(result.run, result.recipe) as run:
        for record in run.generations():
            if record.held_out is not None:
                say(
                    f"  {result.run.name}: generation {record.generation}/{run.config.generations}, "
                    f"held-out {record.held_out:.1f}, population {record.score_mean:.1f}"
                )
    return result.run.name


def score_lives(chosen: Options) -> int:
    """Fresh lives whose mean is the score of a run."""
    return 8 if chosen.quick else 128


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def _chosen(condition: Condition, seed: int, chosen: Options) -> EvolutionConfig:
    changed: dict[str, Any] = dict(QUICK) if chosen.quick else {}
    if chosen.generations is not None:
        changed["generations"] = chosen.generations
    program = condition.recipe.program | chosen.program
    return replace(condition.recipe, seed=seed, program=program, **changed)


def _open(folder: Path, wanted: EvolutionConfig) -> Run:
    if not RunView.is_run(folder):
        return Run.create(wanted, folder)
    if replace(RunView(folder).recipe, generations=wanted.generations) != wanted:
        raise ValueError(f"{folder} holds a run of another recipe: remove it, or give other --runs")
    return Run.open(folder, wanted.generations)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: give 1 or more")
    return number


def _pair(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: give KEY=VALUE, such as nodes=16") from error


def _ignore_interrupts() -> None:
    """Ctrl-C is the parent's: it ends the workers, whose runs survive being killed at any moment."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
