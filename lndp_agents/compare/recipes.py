"""Experiment configs of the policies that evolve: those of `lndp train`, ended by the budget of steps.

`lndp@cartpole` is the policy `lndp`, its search around the genome of that agent of the zoo.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lndp_agents.compare.comparison import Comparison
from lndp_agents.compare.names import Entrant
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.presets import settle
from lndp_agents.plugins import did_you_mean
from lndp_agents.zoo import zoo_names

HELD_OUT_LIVES = 64
EVALUATIONS = 20
"""Evaluations on held-out lifetimes in a training, about; as in `lndp_agents.baselines`."""
_ENDLESS = 10**9
_OF_COMPARISON = {"environment", "environment_keywords", "episodes", "policy", "seed", "generations"}


def recipe_of(comparison: Comparison, entrant: Entrant, seed: int) -> EvolutionConfig:
    """Return the experiment config of a training, which ends with the budget of steps, not of generations.

    Args:
        comparison: world and budget.
        entrant: a policy that evolves.
        seed: of the training.

    Raises:
        ValueError: a change names no field, or gives a value that is out of range.
    """
    start = entrant.start
    changes, program = _sorted_changes(comparison.changes.get(entrant.name, {}))
    if start and "start" in changes:
        raise ValueError(f"recipe field 'start' of {entrant.name!r} stands in its name: change it there")
    fixed = {
        "environment": comparison.environment,
        "environment_keywords": comparison.keywords,
        "episodes": comparison.episodes,
        "policy": entrant.policy,
        "program": program,
        "seed": seed,
        "generations": _ENDLESS,
    } | ({"start": start} if start else {})
    known = {"preset": "default", "held_out_lives": HELD_OUT_LIVES}
    experiment = settle(EvolutionConfig.from_json(known | changes | fixed))
    if "evaluate_every" in changes:
        return experiment.config
    config, steps = experiment.config, experiment.world.num_steps
    generations = comparison.budget_steps // (config.population * config.lives * steps)
    return replace(config, evaluate_every=max(1, generations // EVALUATIONS))


def check_recipe(comparison: Comparison, entrant: Entrant) -> None:
    """Check that a policy can evolve in the world of the comparison.

    Raises:
        ValueError: the environment, its spaces, a field or the agent to start around is refused.
    """
    start = entrant.start
    if start and start not in zoo_names():
        raise ValueError(
            f"{entrant.name!r}: after @ comes an agent of the zoo, one of {', '.join(zoo_names())} (for a "
            f"folder give --set POLICY:start=FOLDER){did_you_mean(start, zoo_names())}"
        )
    recipe_of(comparison, entrant, 1)


def _sorted_changes(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split changes into fields of the experiment config and fields of the policy's config."""
    for name in changes:
        if name in _OF_COMPARISON:
            raise ValueError(f"recipe field {name!r} belongs to the comparison: leave it out")
    program = {
        name.removeprefix("program."): value for name, value in changes.items() if name.startswith("program.")
    }
    return {name: value for name, value in changes.items() if not name.startswith("program.")}, program
