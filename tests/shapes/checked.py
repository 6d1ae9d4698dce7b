"""A rollout of policies of every kind and two generations of a search, with all shapes checked: a script."""

import sys
from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray, TypeCheckError, install_import_hook


def check_shapes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let beartype check the annotations that have a shape; it refuses plain protocols in others."""
    if isinstance(function, type):
        return function
    hints = {name: hint for name, hint in function.__annotations__.items() if has_shape(hint)}
    function.__annotations__ = hints
    return beartype(function) if hints else function


def has_shape(hint: object) -> bool:
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(has_shape, get_args(hint)))


PARTS = ["genome", "lndp", "policies", "interventions", "rollout", "search", "evolution"]
sys.modules["check_shapes"] = sys.modules[__name__]
with install_import_hook([f"lndp_agents.{part}" for part in PARTS], "check_shapes.check_shapes"):
    import torch

    from lndp_agents.evolution.config import EvolutionConfig
    from lndp_agents.evolution.description import Description
    from lndp_agents.evolution.objective import WorldObjective
    from lndp_agents.genome import genome_size, genome_to_parameters, initial_genome
    from lndp_agents.policies import POLICIES, make_policy
    from lndp_agents.search import SearchSetting
    from lndp_agents.search.sep_cma_es import SepCMAES

SMALL: dict[str, dict[str, Any]] = {
    "lndp": {"nodes": 12, "development_steps": 2, "development_between_episodes": True},
    "lndp of lists": {"nodes": 14, "candidates": 4, "stochastic": True, "innate_wiring": True},
}
CHANGES = {"lives": 2, "held_out_lives": 2, "population": 4, "environment_keywords": {"max_episode_steps": 6}}


def objective_of(name: str) -> WorldObjective:
    recipe: dict[str, Any] = {"environment": "lndp/ForagingSwitch-v0", **CHANGES}
    recipe |= {"policy": name.split()[0], "program": SMALL.get(name, {})}
    return WorldObjective(Description.of(EvolutionConfig(**recipe)))


def evolve(objective: WorldObjective) -> None:
    config = objective.policy.config
    search = SepCMAES(SearchSetting(genome_size(config), 4, 0.5))
    state = search.init(initial_genome(config, 0.0))
    for generation in range(2):
        genomes, asked = search.ask(state, generation)
        state = search.tell(asked, genomes, objective(genomes, generation))


def refuses(function: Callable[..., object], *arguments: object) -> bool:
    try:
        function(*arguments)
    except TypeCheckError:
        return True
    return False


for each in [*POLICIES, *SMALL]:
    evolve(objective_of(each))
for each in POLICIES:
    config = POLICIES[each].from_json({"observation_size": 3, "action_size": 2})
    policy, genomes = make_policy(config), torch.zeros(2, genome_size(config))
    parameters = genome_to_parameters(config, genomes)
    state = policy.birth(torch.zeros(2, 5, dtype=torch.int64))
    x, reward, start = torch.zeros(2, 5, 3), torch.zeros(2, 5), torch.zeros(2, 5, dtype=torch.bool)
    policy.step(parameters, state, x, reward, start)
    assert refuses(policy.step, parameters, state, x, reward[0], start)
    assert refuses(policy.step, parameters, state, x, reward[:, :4], start)
    assert refuses(policy.step, parameters, state, x, reward, start.int())
    assert refuses(policy.birth, torch.zeros(2, 5))
    assert refuses(genome_to_parameters, config, genomes[0])
print("checked")
