"""Evolutions that stop within a budget of steps, and the recipes that a comparison gives them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lndp_agents.compare import Comparison
from lndp_agents.compare.entrants import check_entrants
from lndp_agents.compare.names import Entrant
from lndp_agents.compare.recipes import recipe_of
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.plotting import read_metrics
from lndp_agents.run.metrics import METRICS, held_out_of, with_held_out
from lndp_agents.run.run import Run

RECIPE: dict[str, Any] = {
    "environment": "lndp/CartPoleLife-v0",  # lives end early, at different steps
    "environment_keywords": {"episodes": 2, "episode_steps": 40},
    "policy": "linear",
    "generations": 6,
    "population": 4,
    "lives": 2,
    "evaluate_every": 2,
    "held_out_lives": 4,
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("budget") / "undisturbed"
    with Run.create(EvolutionConfig(**RECIPE), folder) as run:
        assert len(list(run.generations())) == 6
    return folder


@pytest.mark.parametrize("spare", [0, -1, 30])
def test_a_run_ends_with_the_last_generation_within_the_budget(
    spare: int, undisturbed: Path, tmp_path: Path
) -> None:
    steps = [int(total) for total in read_metrics(undisturbed / METRICS)["steps"]]
    budget = steps[3] + spare
    expected = sum(total <= budget for total in steps)
    with Run.create(EvolutionConfig(**RECIPE), tmp_path / "run") as run:
        records = list(run.generations(budget))
        assert [record.steps for record in records] == steps[:expected]
        assert (run.generation, run.steps) == (expected, steps[expected - 1])
    rows = (tmp_path / "run" / METRICS).read_text().splitlines(keepends=True)
    if expected % RECIPE["evaluate_every"]:  # the end is evaluated too
        assert held_out_of(rows[-1])
        rows[-1] = with_held_out(rows[-1], None)
    assert rows == (undisturbed / METRICS).read_text().splitlines(keepends=True)[: expected + 1]


@pytest.mark.parametrize("searcher", ["CMAES", "SNES", "OpenAIES"])
def test_what_passed_the_budget_leaves_no_trace(searcher: str, tmp_path: Path) -> None:
    recipe = EvolutionConfig(**RECIPE | {"searcher": searcher, "generations": 3, "evaluate_every": 1})
    with Run.create(recipe, tmp_path / "whole") as whole:
        first = next(iter(whole.generations()))
        best, score = whole.best.genome, whole.best_score
        list(whole.generations())
    with Run.create(recipe, tmp_path / "stopped") as run:
        assert len(list(run.generations(first.steps))) == 1
        assert run.best_score == score
        assert torch.equal(run.best.genome, best)
        assert len(list(run.generations())) == 2  # goes on as if nothing had been
    for name in (METRICS, "hashes.csv"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_mean_is_evaluated_where_the_budget_ends(undisturbed: Path, tmp_path: Path) -> None:
    budget = int(read_metrics(undisturbed / METRICS)["steps"][2])  # of three generations
    with Run.create(EvolutionConfig(**RECIPE | {"evaluate_every": 1}), tmp_path / "often") as run:
        looks = [record.held_out for record in run.generations(budget)]
        assert len(looks) == 3
    with Run.create(EvolutionConfig(**RECIPE), tmp_path / "seldom") as run:
        assert [record.held_out for record in run.generations(budget)] == [None, looks[1], None]
        assert read_metrics(tmp_path / "seldom" / METRICS)["held_out"][1:] == looks[1:]
        assert run.best_score == max(look for look in looks[1:] if look is not None)
        assert [record.generation for record in run.generations()] == [4, 5, 6]
    assert (tmp_path / "seldom" / METRICS).read_bytes() == (undisturbed / METRICS).read_bytes()


def comparison(environment: str, **settings: Any) -> Comparison:
    return Comparison(
        environment=environment,
        policies=("lndp", "hebbian"),
        **{"budget_steps": 20_000_000, **settings},
    )


def test_recipes_differ_only_where_worlds_and_programs_do() -> None:
    foraging = recipe_of(comparison("lndp/ForagingReversal-v0"), Entrant.parse("lndp"), 3)
    assert foraging.program == {"nodes": 16, "innate_wiring": True, "initial_density": 1.0}
    assert (foraging.encoding, foraging.population, foraging.lives, foraging.seed) == ("auto", 64, 16, 3)
    assert (foraging.separable, foraging.sigma, foraging.update_bias) == (True, 0.25, 5.0)
    assert foraging.evaluate_every == 20_000_000 // (64 * 16 * 100) // 20 == 9
    poles = recipe_of(comparison("lndp/CartPoleReversal-v0"), Entrant.parse("hebbian"), 1)
    assert (poles.encoding, poles.lives, poles.evaluate_every) == ("auto", 8, 1)
    assert poles.program == {"reward_input": True}


def test_changes_reach_recipe_and_program() -> None:
    changes = {"lndp": {"population": 8, "evaluate_every": 3, "program.nodes": 12}}
    recipe = recipe_of(comparison("lndp/Bandit-v0", changes=changes), Entrant.parse("lndp"), 1)
    assert (recipe.population, recipe.evaluate_every) == (8, 3)
    assert recipe.program == {"nodes": 12, "innate_wiring": True, "initial_density": 1.0}


def test_a_search_around_an_agent_says_so_in_its_name() -> None:
    plain, around = (
        recipe_of(comparison("lndp/Bandit-v0"), Entrant.parse(name), 1) for name in ("lndp", "lndp@cartpole")
    )
    assert (plain.start, plain.sigma) == ("", 0.25)
    program = {"nodes": 16, "initial_density": 0.5, "innate_roles": True, "innate_wiring": False}
    assert around == replace(plain, start="cartpole", sigma=0.3, update_bias=0.0, program=program)
    narrow = {"lndp@cartpole": {"sigma": 0.1}}
    assert (
        recipe_of(comparison("lndp/Bandit-v0", changes=narrow), Entrant.parse("lndp@cartpole"), 1).sigma
        == 0.1
    )
    elsewhere = {"lndp@cartpole": {"start": "bandit"}}
    with pytest.raises(ValueError, match="'start' of 'lndp@cartpole' stands in its name: change it there"):
        recipe_of(comparison("lndp/Bandit-v0", changes=elsewhere), Entrant.parse("lndp@cartpole"), 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lndp@cartpoole", "after @ comes an agent of the zoo, one of .* did you mean 'cartpole'"),
        ("lndp@/tmp", "after @ comes an agent of the zoo.*for a folder give --set POLICY:start=FOLDER"),
        ("lndp@", "no policy 'lndp@': .* POLICY@AGENT, such as lndp@cartpole"),
        ("ppo@cartpole", "no policy 'ppo@cartpole': "),
        ("hebbian@cartpole", "start='cartpole': its genome has other parameters"),
    ],
)
def test_no_search_is_around_what_does_not_fit(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_entrants(Comparison(environment="lndp/Bandit-v0", policies=(name,), budget_steps=1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, "recipe field 'seed' belongs to the comparison"),
        ({"popsize": 3}, "unknown recipe field 'popsize': known are"),
        ({"population": 3}, "population=3: give an integer from 4"),
        ({"lives": "many"}, "lives='many': give an integer from 1"),
    ],
)
def test_changes_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_of(comparison("lndp/Bandit-v0", changes={"lndp": changes}), Entrant.parse("lndp"), 1)
