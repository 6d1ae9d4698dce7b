"""How the evolved policies evolve: one recipe for all, but for what only some of them have.

`lndp@cartpole` is the policy `lndp`, its search around the genome of that agent of the zoo.
"""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NamedTuple

from lndp_agents.compare.comparison import Comparison
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.start import start_genome
from lndp_agents.evolution.worlds import make_task, make_world
from lndp_agents.policies import POLICIES, find_policy
from lndp_agents.spaces import config_for
from lndp_agents.zoo import zoo_names

PROGRAMS: Mapping[str, dict[str, Any]] = {
    "lndp": {"nodes": 16, "innate_roles": True, "initial_density": 0.5},
    "ndp": {"nodes": 16, "innate_roles": True, "initial_density": 0.5},
    "hebbian": {"reward_input": True},
}
"""Programs that are not the default: those of the zoo, and senses that all others have."""
POPULATION, LONG_LIVES, SHORT_LIVES = 64, 8, 16
"""Genomes of a generation, and lives of each: fewer where a life has several episodes already."""
HELD_OUT_LIVES = 64
LOOKS = 20
"""At held-out lives in a training, about, as `lndp_agents.baselines` has them."""
START_SIGMA = 0.3
"""Of a search around an agent: that of the searches around `cartpole` in zoo/README.md."""
_ENDLESS = 10**9
_PLACE = "lndp/Foraging"
"""Worlds where the position must be easy to read (zoo/README.md): place cells."""
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
    policy, start = _evolved(name)
    environment = comparison.environment
    _, steps, episodes = make_task(environment, comparison.keywords, comparison.episodes)
    changes, program = _sorted_changes(comparison.changes.get(name, {}))
    fixed = {
        "environment": environment,
        "environment_keywords": comparison.keywords,
        "episodes": comparison.episodes,
        "policy": policy,
        "program": PROGRAMS.get(policy, {}) | program,
        "seed": seed,
        "generations": _ENDLESS,
    }
    defaults = {
        "encoding": "place" if environment.startswith(_PLACE) else "scaled",
        "population": POPULATION,
        "lives": SHORT_LIVES if episodes == 1 else LONG_LIVES,
        "held_out_lives": HELD_OUT_LIVES,
    }
    if start:
        if "start" in changes:
            raise ValueError(f"recipe field 'start' of {name!r} stands in its name: change it there")
        fixed, defaults = fixed | {"start": start}, defaults | {"sigma": START_SIGMA}
    recipe = EvolutionConfig.from_json(defaults | changes | fixed)
    if "evaluate_every" in changes:
        return recipe
    generations = comparison.budget_steps // (recipe.population * recipe.lives * steps)
    return replace(recipe, evaluate_every=max(1, generations // LOOKS))


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
    recipe = recipe_of(comparison, name, 1)
    world = make_world(recipe.environment, recipe.environment_keywords, recipe.episodes, recipe.encoding)
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    program = config_for(*spaces, world.encoding, find_policy(recipe.policy), **recipe.program)
    if recipe.start:
        start_genome(recipe.start, program)


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
