"""How the evolved policies evolve: as `lndp train` has them evolve, but as long as the budget of steps lasts.

`lndp@cartpole` is the policy `lndp`, its search around the genome of that agent of the zoo.
"""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NamedTuple

from lndp_agents.compare.comparison import Comparison
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.presets import Experiment, settle
from lndp_agents.policies import POLICIES
from lndp_agents.zoo import zoo_names

HELD_OUT_LIVES = 64
LOOKS = 20
"""At held-out lives in a training, about, as `lndp_agents.baselines` has them."""
_ENDLESS = 10**9
_OF_COMPARISON = {"environment", "environment_keywords", "episodes", "policy", "seed", "generations"}


class Evolved(NamedTuple):
    """What the name of an evolved policy says."""

    policy: str
    """Of `lndp train --policy`."""
    start: str
    """The agent of the zoo that the search is around; empty if there is none."""


def evolved(name: str) -> Evolved | None:
    """The parts of POLICY or POLICY@AGENT; none if no such policy evolves."""
    policy, around, start = name.partition("@")
    return Evolved(policy, start) if policy in POLICIES and bool(start) == bool(around) else None


def recipe_of(comparison: Comparison, name: str, seed: int) -> EvolutionConfig:
    """The recipe of a training; it ends with the budget of steps, at no number of generations.

    Args:
        comparison: world and budget.
        name: of a policy that evolves, as `evolved` reads it.
        seed: of the training.

    Raises:
        ValueError: a change names no field, or gives a value that is out of range.
    """
    return _settled(comparison, name, seed).config


def _settled(comparison: Comparison, name: str, seed: int) -> Experiment:
    policy, start = _evolved(name)
    changes, program = _sorted_changes(comparison.changes.get(name, {}))
    if start and "start" in changes:
        raise ValueError(f"recipe field 'start' of {name!r} stands in its name: change it there")
    fixed = {
        "environment": comparison.environment,
        "environment_keywords": comparison.keywords,
        "episodes": comparison.episodes,
        "policy": policy,
        "program": program,
        "seed": seed,
        "generations": _ENDLESS,
    } | ({"start": start} if start else {})
    known = {"preset": "default", "held_out_lives": HELD_OUT_LIVES}
    experiment = settle(EvolutionConfig.from_json(known | changes | fixed))
    if "evaluate_every" in changes:
        return experiment
    config, steps = experiment.config, experiment.world.num_steps
    generations = comparison.budget_steps // (config.population * config.lives * steps)
    return experiment._replace(config=replace(config, evaluate_every=max(1, generations // LOOKS)))


def check_recipe(comparison: Comparison, name: str) -> None:
    """See that a policy can evolve in the world of the comparison.

    Raises:
        ValueError: the environment, its spaces, a field or the agent to start around is refused.
    """
    start = _evolved(name).start
    if start and start not in zoo_names():
        near = get_close_matches(start, zoo_names(), n=1)
        guess = f", did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"{name!r}: after @ comes an agent of the zoo, one of {', '.join(zoo_names())}{guess} (for a "
            f"folder give --set POLICY:start=FOLDER)"
        )
    recipe_of(comparison, name, 1)


def _evolved(name: str) -> Evolved:
    found = evolved(name)
    assert found is not None, name
    return found


def _sorted_changes(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those of the recipe and those of the program."""
    for name in changes:
        if name in _OF_COMPARISON:
            raise ValueError(f"recipe field {name!r} belongs to the comparison: leave it out")
    program = {
        name.removeprefix("program."): value for name, value in changes.items() if name.startswith("program.")
    }
    return {name: value for name, value in changes.items() if not name.startswith("program.")}, program
