"""`lndp train` and `lndp resume`: evolve an agent in a run folder."""

import json
import math
import shlex
import signal
import sys
from argparse import Namespace
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.workers import Workers
from lndp_agents.genome import genome_size
from lndp_agents.interrupts import interruptible
from lndp_agents.validation import is_object, shorten
from lndp_agents.zoo import recipe_file
from lndp_command import INTERRUPTED_EXIT

if TYPE_CHECKING:
    from lndp_agents.evolution.run import Run

_FINISHING = "finishing this generation; once more to quit at once"
_OBJECTS = {
    "env_kwargs": "environment_keywords",
    "program": "program",
    "searcher_options": "searcher_options",
}


def train(options: Namespace) -> int:
    """Begin a run and evolve until the budget is spent or the user stops it."""
    from lndp_agents.evolution.run import Run  # imports EvoTorch, an extra

    with Run.create(_recipe(options), options.out, workers_of(options)) as run:
        return _evolve(run, options.json)


def resume(options: Namespace) -> int:
    """Go on with a run from its newest sound checkpoint."""
    from lndp_agents.evolution.run import Run

    with Run.open(options.folder, options.generations, workers_of(options)) as run:
        if run.generation == run.config.generations:
            done = f"all {run.generation} generations are done, --generations gives more"
            say(f"{run.folder} is finished: {done}")
        return _evolve(run, options.json)


def workers_of(options: Namespace) -> Workers:
    """Who lives the lives: the options --actors, --ray-address and --device."""
    return Workers(options.actors, options.ray_address, options.device)


def _recipe(options: Namespace) -> EvolutionConfig:
    recipe: dict[str, Any] = {} if options.recipe is None else _read_recipe(recipe_file(options.recipe))
    for option, name in _OBJECTS.items():
        if (given := getattr(options, option)) is not None:
            recipe[name] = recipe.get(name, {}) | dict(given)
    for field in fields(EvolutionConfig):
        if field.name not in _OBJECTS.values() and getattr(options, field.name, None) is not None:
            recipe[field.name] = getattr(options, field.name)
    if "environment" not in recipe:
        raise ValueError(
            "no environment: name one, such as lndp/Foraging-v0 (see `lndp envs`), or give --recipe"
        )
    return EvolutionConfig.from_json(recipe)


def _read_recipe(path: Path) -> dict[str, Any]:
    try:
        recipe: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): give the fields of a recipe") from error
    if not is_object(recipe):
        raise ValueError(f"{path} holds {shorten(recipe)}: give a JSON object, the fields of a recipe")
    return recipe


def _evolve(run: "Run", as_json: bool) -> int:
    from lndp_agents.evolution.progress import Progress

    for note in run.notes:
        say(note)
    say(f"{run.config.environment}, {genome_size(run.program)} numbers to evolve; run folder: {run.folder}")
    go_on = shlex.join(["lndp", "resume", str(run.folder)])
    try:
        with (
            Progress(run.config.generations, run.generation) as progress,
            interruptible(signal.SIGINT, signal.SIGTERM, tell=lambda: progress.say(_FINISHING)) as stop,
        ):
            for record in run.generations():
                progress.show(record)
                if stop:
                    break
        if run.generation < run.config.generations:
            run.save_agents()
            say(f"stopped after generation {run.generation}; go on with: {go_on}")
            return INTERRUPTED_EXIT
    except KeyboardInterrupt:
        say(f"stopped at once, whole generations are kept; go on with: {go_on}")
        return INTERRUPTED_EXIT
    score = run.best_score if math.isfinite(run.best_score) else None
    if as_json:
        print(json.dumps({"run": str(run.folder), "generations": run.generation, "held_out": score}))
    else:
        shown = "none" if score is None else f"{score:.1f}"
        print(f"best held-out score: {shown}; the agent is in {run.folder / 'best'}")
    return 0


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    print(text, file=sys.stderr, flush=True)
