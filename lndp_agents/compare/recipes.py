"""How the evolved policies evolve: one recipe for all, but for what only some of them have."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lndp_agents.compare.comparison import Comparison
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.worlds import make_task, make_world
from lndp_agents.policies import find_policy
from lndp_agents.spaces import config_for

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
_ENDLESS = 10**9
_PLACE = "lndp/Foraging"
"""Worlds where the position must be easy to read (zoo/README.md): place cells."""
_OF_COMPARISON = {"environment", "environment_keywords", "episodes", "policy", "seed", "generations"}


def recipe_of(comparison: Comparison, policy: str, seed: int) -> EvolutionConfig:
    """The recipe of a training; it ends with the budget of steps, at no number of generations.

    Raises:
        ValueError: a change names no field, or gives a value that is out of range.
    """
    environment = comparison.environment
    _, steps, episodes = make_task(environment, comparison.keywords, comparison.episodes)
    changes, program = _sorted_changes(comparison.changes.get(policy, {}))
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
    recipe = EvolutionConfig.from_json(defaults | changes | fixed)
    if "evaluate_every" in changes:
        return recipe
    generations = comparison.budget_steps // (recipe.population * recipe.lives * steps)
    return replace(recipe, evaluate_every=max(1, generations // LOOKS))


def check_recipe(comparison: Comparison, policy: str) -> None:
    """See that a policy can evolve in the world of the comparison.

    Raises:
        ValueError: the environment, its spaces or a field is refused.
    """
    recipe = recipe_of(comparison, policy, 1)
    world = make_world(recipe.environment, recipe.environment_keywords, recipe.episodes, recipe.encoding)
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    config_for(*spaces, world.encoding, find_policy(policy), **recipe.program)


def _sorted_changes(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those of the recipe and those of the program."""
    for name in changes:
        if name in _OF_COMPARISON:
            raise ValueError(f"recipe field {name!r} belongs to the comparison: leave it out")
    program = {
        name.removeprefix("program."): value for name, value in changes.items() if name.startswith("program.")
    }
    return {name: value for name, value in changes.items() if not name.startswith("program.")}, program
