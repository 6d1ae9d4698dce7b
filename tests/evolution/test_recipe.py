"""Recipes: what is refused, and that JSON keeps them."""

import math
from typing import Any

import pytest

from lndp_agents.evolution.config import EvolutionConfig

ENVIRONMENT = "lndp/Foraging-v0"


def test_json_keeps_a_recipe() -> None:
    recipe = EvolutionConfig(
        environment=ENVIRONMENT,
        environment_keywords={"size": 7},
        program={"nodes": 16},
        searcher="PGPE",
        searcher_options={"center_learning_rate": 0.2},
        sigma=0.25,
        seed=2**63 - 1,
    )
    assert EvolutionConfig.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("seed", -1, "an integer from 0 to 9223372036854775807"),
        ("seed", 2**63, "an integer from 0"),
        ("generations", 0, "an integer from 1"),
        ("generations", True, "an integer from 1"),
        ("population", 3, "an integer from 4 to 1000000"),
        ("population", 10**9, "an integer from 4 to 1000000"),
        ("lives", 2.0, "an integer from 1"),
        ("held_out_lives", "8", "an integer from 1"),
        ("sigma", 0.0, "a number from 1e-06 to 1000"),
        ("sigma", math.nan, "a number from 1e-06"),
        ("sigma", "big", "a number from 1e-06"),
        ("worst_weight", 1.5, "a number from 0 to 1"),
        ("density_penalty", -1.0, "a number from 0"),
        ("separable", 1, "true or false"),
        ("encoding", 3, "a string"),
        ("program", [], "a JSON object"),
        ("environment_keywords", "size=7", "a JSON object"),
    ],
)
def test_values_out_of_range_are_refused_by_name(field: str, value: Any, remedy: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}=.*give {remedy}"):
        EvolutionConfig.from_json({"environment": ENVIRONMENT, field: value})


def test_what_follows_from_the_environment_cannot_be_chosen() -> None:
    with pytest.raises(ValueError, match="'action_size' follows from the environment"):
        EvolutionConfig(environment=ENVIRONMENT, program={"nodes": 16, "action_size": 3})


@pytest.mark.parametrize("keywords", [{"shape": (1, 2)}, {"x": math.inf}, {"kind": object}, {1: 2}])
def test_a_recipe_must_be_json(keywords: dict[Any, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be kept as JSON"):
        EvolutionConfig(environment=ENVIRONMENT, environment_keywords=keywords)


def test_a_recipe_must_not_be_too_deep() -> None:
    text = '{"environment": "x", "searcher_options": {"a": %s}}'
    with pytest.raises(ValueError, match="cannot be kept as JSON"):
        EvolutionConfig.from_json(text % ("[" * 600 + "]" * 600))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"environment": ENVIRONMENT, "generation": 3},
            "unknown recipe field 'generation': known are .*generations",
        ),
        ({"population": 8}, "'environment' is missing"),
        ("[1, 2]", "give a JSON object"),
    ],
)
def test_foreign_json_is_refused(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EvolutionConfig.from_json(data)
