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

from lndp_agents.arguments import PROGRAM
from lndp_agents.commands.trust import check_recipe, check_run, needs_trust
from lndp_agents.environments import find_environment
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.interrupts import interruptible
from lndp_agents.numbers import score_text
from lndp_agents.options import options_given
from lndp_agents.persistence import MAX_CONFIG_BYTES, read_file
from lndp_agents.validation import FieldKind, is_object, parse_json, shorten
from lndp_agents.workers.workers import Workers
from lndp_agents.zoo import recipe_file
from lndp_command import INTERRUPTED_EXIT

if TYPE_CHECKING:
    from lndp_agents.run.run import Run

_FINISHING = "finishing this generation; once more to quit at once"
_OBJECTS = {each.name for each in fields(EvolutionConfig) if FieldKind.of(each).kind is dict}
"""Fields of a recipe that are JSON objects: options add to them."""


def train(options: Namespace) -> int:
    """Begin a run and evolve until the budget is spent or the user stops it."""
    recipe = _recipe(options)
    find_environment(recipe.environment)  # a wrong name need not wait for what is imported now
    from lndp_agents.run.run import Run  # slow to import

    with Run.create(recipe, options.out, workers_of(options), trust=options.trust) as run:
        try:
            return _evolve(run, options.json)
        except Exception:  # of a world or a plug-in: where it failed at once there is nothing to resume
            run.discard_beginning()
            raise


def resume(options: Namespace) -> int:
    """Go on with a run from its newest sound checkpoint."""
    from lndp_agents.run.run import Run

    check_run(options.folder, options)
    with Run.open(options.folder, options.generations, workers_of(options), trust=options.trust) as run:
        if run.generation == run.config.generations:
            done = f"all {run.generation} generations are done, --generations gives more"
            say(f"{run.folder} is finished: {done}")
        return _evolve(run, options.json)


def workers_of(options: Namespace) -> Workers:
    """Who lives the lives: the options --actors, --ray-address and --device."""
    return Workers(options.actors, options.ray_address, options.device)


def _recipe(options: Namespace) -> EvolutionConfig:
    recipe: dict[str, Any] = {"preset": "default"}
    if options.recipe is not None:
        recipe = _read_recipe(recipe_file(options.recipe))
    for name, value in _given(options).items():
        recipe[name] = recipe.get(name, {}) | dict(value) if name in _OBJECTS else value
    if options.recipe is not None:
        check_recipe(recipe, f"recipe {options.recipe}", options)
    if "environment" not in recipe:
        raise ValueError(
            "no environment: name one, such as lndp/Foraging-v0 (see `lndp envs`), or give --recipe"
        )
    return EvolutionConfig.from_json(recipe)


def _given(options: Namespace) -> dict[str, Any]:
    """The fields of the recipe that options gave."""
    given = options_given(options, (field.name for field in fields(EvolutionConfig)))
    if options.env_kwargs is not None:
        given["environment_keywords"] = options.env_kwargs
    names = [name.removeprefix(PROGRAM) for name in vars(options) if name.startswith(PROGRAM)]
    if program := dict(given.get("program", ())) | options_given(options, names, PROGRAM):
        given["program"] = program
    return given


def _read_recipe(path: Path) -> dict[str, Any]:
    content = read_file(path, MAX_CONFIG_BYTES)
    try:
        recipe: object = parse_json(content)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}): give the fields of a recipe") from error
    if not is_object(recipe):
        raise ValueError(f"{path} holds {shorten(recipe)}: give a JSON object, the fields of a recipe")
    return recipe


def _evolve(run: "Run", as_json: bool) -> int:
    from lndp_agents.run.progress import Progress

    for note in run.notes:
        say(note)
    say(f"{run.config.environment}: {run.summary}")
    say(f"run folder: {run.folder}; a generation has at most {run.most_steps:,} steps of life")
    go_on = _resuming(run)
    try:
        with (
            Progress(run.config.generations, run.generation) as progress,
            interruptible(signal.SIGINT, signal.SIGTERM, tell=lambda: progress.say(_FINISHING)) as stop,
        ):
            run.report_to(progress.advance)
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
        shown = "none" if score is None else f"{score_text(score)} per episode"
        print(f"best held-out score: {shown}; the agent is in {run.folder / 'best'}")
    return 0


def _resuming(run: "Run") -> str:
    """The command that goes on with a run."""
    trust = ["--trust"] if needs_trust(run.config.to_json()) else []
    return shlex.join(["lndp", "resume", str(run.folder), *trust])


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    print(text, file=sys.stderr, flush=True)
