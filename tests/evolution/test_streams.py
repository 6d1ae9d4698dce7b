"""Every seed, generation and purpose has candidates and lives of its own, and the same ones at every call."""

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents.evolution import problem as problem_module
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.problem import LifeProblem
from lndp_agents.evolution.run_folder import Description
from lndp_agents.evolution.workers import Workers
from lndp_agents.policies import find_policy
from lndp_agents.rollout import make_world
from lndp_agents.spaces import config_for

MakeRecipe = Callable[..., EvolutionConfig]
MakeProblem = Callable[..., LifeProblem]
SEEDS, GENERATIONS = (0, 1), (0, 1, 2)
LIVES, HELD_OUT_LIVES = 3, 5


@pytest.fixture
def make_problem(make_recipe: MakeRecipe) -> MakeProblem:
    def make(seed: int, lives: int = LIVES) -> LifeProblem:
        recipe = make_recipe(seed=seed, lives=lives, held_out_lives=HELD_OUT_LIVES)
        world = make_world(recipe.environment, {}, 1, recipe.encoding)
        spaces = world.dynamics.observation_space, world.dynamics.action_space
        program = config_for(*spaces, world.encoding, find_policy("lndp"), **recipe.program)
        return LifeProblem(Description(recipe, program, world.encoding), Workers())

    return make


def candidates(problem: LifeProblem, generation: int) -> Tensor:
    problem.begin(generation)
    return problem.make_gaussian(20).as_subclass(Tensor)


def test_each_seed_and_generation_draws_candidates_of_its_own(make_problem: MakeProblem) -> None:
    drawn = [candidates(make_problem(seed), generation) for seed, generation in product(SEEDS, GENERATIONS)]
    again = [candidates(make_problem(seed), generation) for seed, generation in product(SEEDS, GENERATIONS)]
    assert all(torch.equal(one, other) for one, other in zip(drawn, again, strict=True))
    for one, other in combinations(drawn, 2):
        assert not torch.isin(one, other).any()


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """The keys and tasks of the lives that are lived from now on."""
    seen: list[tuple[Tensor, Tensor]] = []
    rollout = problem_module.rollout

    def watched(learner: Any, world: Any, keys: Tensor, tasks: Tensor, **options: Any) -> Any:
        seen.append((keys.clone(), tasks.clone()))
        return rollout(learner, world, keys, tasks, **options)

    monkeypatch.setattr(problem_module, "rollout", watched)
    return seen


def live_all(make_problem: MakeProblem, **changes: int) -> None:
    """For each seed, the lives of three generations, and a look at held-out lives after each."""
    for seed in SEEDS:
        problem = make_problem(seed, **changes)
        for generation in GENERATIONS:
            problem.begin(generation)
            batch = problem.generate_batch(4)
            problem.evaluate(batch)
            problem.held_out_score(batch.values.as_subclass(Tensor)[0])


def test_no_life_is_lived_twice_but_those_that_are_held_out(
    make_problem: MakeProblem, lived: list[tuple[Tensor, Tensor]]
) -> None:
    live_all(make_problem)
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
    make_problem: MakeProblem, lived: list[tuple[Tensor, Tensor]]
) -> None:
    live_all(make_problem)
    tasks = [tasks.tolist() for _, tasks in lived[:6]]
    assert tasks[::2] == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert tasks[1::2] == [[0, 1, 0, 1, 0]] * 3
    lived.clear()
    live_all(make_problem, lives=2)
    assert [tasks.tolist() for _, tasks in lived[:6:2]] == [[0, 1]] * 3


def test_other_keys_are_other_lives(make_problem: MakeProblem) -> None:
    """Not only other numbers: a genome earns something else."""
    scores: dict[tuple[int, int], list[float]] = {}
    for seed, generation in product(SEEDS, GENERATIONS):
        problem = make_problem(seed)
        problem.begin(generation)
        batch = problem.generate_batch(16)
        draw = torch.Generator().manual_seed(5)
        batch.set_values(0.5 * torch.randn(batch.values.shape, generator=draw))
        problem.evaluate(batch)
        scores[seed, generation] = batch.evals.as_subclass(Tensor)[:, 1].tolist()
    assert all(one != other for one, other in combinations(scores.values(), 2))
