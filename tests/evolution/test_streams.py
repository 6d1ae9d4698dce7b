"""Every seed, generation and purpose has candidates and lives of its own, and the same ones at every call."""

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents.evolution import objective as objective_module
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.description import Description
from lndp_agents.evolution.evolution import Evolution, generation
from lndp_agents.evolution.objective import WorldObjective
from lndp_agents.genome import genome_size
from lndp_agents.policies import find_policy
from lndp_agents.rollout import make_world
from lndp_agents.search import Evaluation
from lndp_agents.spaces import config_for

MakeRecipe = Callable[..., EvolutionConfig]
MakeObjective = Callable[..., WorldObjective]
SEEDS, GENERATIONS = (0, 1), (0, 1, 2)
LIVES, HELD_OUT_LIVES = 3, 5


@pytest.fixture
def make_objective(make_recipe: MakeRecipe) -> MakeObjective:
    def make(seed: int, lives: int = LIVES) -> WorldObjective:
        recipe = make_recipe(seed=seed, lives=lives, held_out_lives=HELD_OUT_LIVES)
        world = make_world(recipe.environment, {}, 1, recipe.encoding)
        spaces = world.dynamics.observation_space, world.dynamics.action_space
        program = config_for(*spaces, world.encoding, find_policy("lndp"), **recipe.program)
        return WorldObjective(Description(recipe, program, world.encoding))

    return make


def candidates(description: Description) -> list[Tensor]:
    """Some numbers of the genomes of three generations, in which no genome is fitter than another."""
    evolution, sampled = Evolution(description), list[Tensor]()
    state = evolution.init()
    for _ in GENERATIONS:
        state, (genomes, _) = generation(evolution.search, constant, state, description.recipe.seed)
        sampled.append(genomes[:, :4])
    return sampled


def constant(genomes: Tensor, generation: int | None) -> Evaluation:
    return Evaluation.of_fitness(torch.zeros(len(genomes)))


def test_each_seed_and_generation_draws_candidates_of_its_own(make_objective: MakeObjective) -> None:
    drawn = [genomes for seed in SEEDS for genomes in candidates(make_objective(seed).description)]
    again = [genomes for seed in SEEDS for genomes in candidates(make_objective(seed).description)]
    assert all(torch.equal(one, other) for one, other in zip(drawn, again, strict=True))
    for one, other in combinations(drawn, 2):
        assert not torch.isin(one, other).any()


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """The keys and tasks of the lives that are lived from now on."""
    seen: list[tuple[Tensor, Tensor]] = []
    rollout = objective_module.rollout

    def watched(learner: Any, world: Any, keys: Tensor, tasks: Tensor, **options: Any) -> Any:
        seen.append((keys.clone(), tasks.clone()))
        return rollout(learner, world, keys, tasks, **options)

    monkeypatch.setattr(objective_module, "rollout", watched)
    return seen


def live_all(make_objective: MakeObjective, **changes: int) -> None:
    """For each seed, the lives of three generations, and a look at held-out lives after each."""
    for seed in SEEDS:
        objective = make_objective(seed, **changes)
        genomes = torch.zeros(4, genome_size(objective.description.program))
        for number in GENERATIONS:
            objective(genomes, number)
            objective(genomes[:1], None)


def test_no_life_is_lived_twice_but_those_that_are_held_out(
    make_objective: MakeObjective, lived: list[tuple[Tensor, Tensor]]
) -> None:
    live_all(make_objective)
    keys = [keys for keys, _ in lived]
    assert len(keys) == 2 * 2 * len(GENERATIONS)
    training = keys[::2]
    held_out = [keys[1], keys[7]]
    assert [len(one) for one in training] == [LIVES] * 6
    assert [len(one) for one in held_out] == [HELD_OUT_LIVES] * 2
    assert all(torch.equal(keys[number], keys[1]) for number in (3, 5))
    assert all(torch.equal(keys[number], keys[7]) for number in (9, 11))
    all_keys = torch.cat([*training, *held_out])
    assert len(set(all_keys.tolist())) == 6 * LIVES + 2 * HELD_OUT_LIVES


def test_tasks_are_dealt_evenly_over_generations_and_held_out_lives(
    make_objective: MakeObjective, lived: list[tuple[Tensor, Tensor]]
) -> None:
    live_all(make_objective)
    tasks = [tasks.tolist() for _, tasks in lived[:6]]
    assert tasks[::2] == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert tasks[1::2] == [[0, 1, 0, 1, 0]] * 3
    lived.clear()
    live_all(make_objective, lives=2)
    assert [tasks.tolist() for _, tasks in lived[:6:2]] == [[0, 1]] * 3


def test_other_keys_are_other_lives(make_objective: MakeObjective) -> None:
    """Not only other numbers: a genome earns something else."""
    scores: dict[tuple[int, int], list[float]] = {}
    for seed, number in product(SEEDS, GENERATIONS):
        objective = make_objective(seed)
        draw = torch.Generator().manual_seed(5)
        genomes = 0.5 * torch.randn(16, genome_size(objective.description.program), generator=draw)
        scores[seed, number] = objective(genomes, number).scores.tolist()
    assert all(one != other for one, other in combinations(scores.values(), 2))
