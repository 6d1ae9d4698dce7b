"""`lndp train` and `lndp resume`: evolve an agent in a run folder."""

import json
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.lndp import genome_size

RUNS = Path("runs")


def train(options: Namespace) -> int:
    """Begin a run and evolve until the budget is spent or the user stops it."""
    from lndp_agents.evolution.run import Run, next_folder

    config = _recipe(options)
    folder: Path = options.out or next_folder(RUNS, config.environment)
    return _evolve(Run.create(config, folder), options.json)


def resume(options: Namespace) -> int:
    """Go on with a run from its newest sound checkpoint."""
    from lndp_agents.evolution.run import Run

    run = Run.open(options.folder, options.generations)
    for note in run.notes:
        print(note, file=sys.stderr)
    return _evolve(run, options.json)


def _recipe(options: Namespace) -> EvolutionConfig:
    recipe: dict[str, Any] = {}
    if options.recipe is not None:
        try:
            recipe = json.loads(options.recipe.read_text())
        except ValueError as error:
            raise ValueError(f"{options.recipe} is not JSON: {error}") from error
        if not isinstance(recipe, dict):
            raise ValueError(f"{options.recipe} holds no JSON object: give the fields of a recipe")
    names = {"env_kwargs": "environment_keywords", "program": "program", "searcher_options": "searcher_options"}
    for option, name in names.items():
        if getattr(options, option) is not None:
            recipe[name] = recipe.get(name, {}) | dict(getattr(options, option))
    given = {name: value for name, value in vars(options).items() if value is not None}
    recipe |= {name: given[name] for name in EvolutionConfig.__annotations__ if name in given and name not in names.values()}
    if options.full_covariance:
        recipe["separable"] = False
    if "environment" not in recipe:
        raise ValueError("no environment: name one, such as lndp/Foraging-v0 (see `lndp envs`), or give --recipe")
    return EvolutionConfig.from_json(recipe)


def _evolve(run: Any, as_json: bool) -> int:
    from lndp_agents.evolution.progress import Progress

    print(
        f"evolving {genome_size(run.program)} numbers on {run.config.environment}, run folder {run.folder}",
        file=sys.stderr,
    )
    with _interruptible() as interrupted, Progress(run.config.generations, run.generation) as progress:
        for record in run.generations():
            progress.show(record)
            if interrupted:
                break
    if run.generation < run.config.generations:
        print(f"stopped after generation {run.generation}; go on with: lndp resume {run.folder}", file=sys.stderr)
        return 130
    result = {"run": str(run.folder), "generations": run.generation, "held_out": run.best_score}
    print(json.dumps(result) if as_json else f"best held-out score {run.best_score:.1f}, agent in {run.folder / 'best'}")
    return 0


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """A list that fills at the first Ctrl-C or SIGTERM, so that the generation is finished; the second one quits."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        print("finishing this generation; once more to quit at once", file=sys.stderr)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
