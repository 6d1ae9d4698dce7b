"""`lndp evaluate`, and how it finds the agent and its environment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import LNDPAgent
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.studies.evaluation import evaluate

Lndp = Callable[..., Any]


def test_json_is_pure_and_equals_the_function(lndp: Lndp, finished: Path) -> None:
    result = lndp("evaluate", finished, "--lives", 6, "--seed", 3, "--json")
    score = evaluate(LNDPAgent.from_pretrained(finished / "best"), "lndp/Foraging-v0", lives=6, seed=3)
    assert result.code == 0
    assert result.err == ""
    assert json.loads(result.out) == {
        "agent": str(finished),
        "environment": "lndp/Foraging-v0",
        "environment_keywords": {},
        "mean": score.mean,
        "interval": list(score.interval),
        "episode_means": [score.mean],
        "lives": 6,
        "seed": 3,
    }


def test_people_get_a_sentence(lndp: Lndp, finished: Path) -> None:
    numbers = json.loads(lndp("evaluate", finished, "--lives", 4, "--json").out)
    mean, interval = score_text(numbers["mean"]), interval_text(numbers["interval"])
    assert lndp("evaluate", finished, "--lives", 4).out == (
        f"{finished} on lndp/Foraging-v0: {mean} per episode, 95 % interval {interval}\n"
        "(4 fresh lives, seed 0)\n"
    )


@pytest.mark.parametrize("agent", ["last", "best", "mean"])
def test_an_agent_in_a_run_folder_knows_its_environment(lndp: Lndp, finished: Path, agent: str) -> None:
    result = json.loads(lndp("evaluate", finished / agent, "--lives", 2, "--json").out)
    assert result["environment"] == "lndp/Foraging-v0"


def test_an_agent_of_the_zoo_brings_its_environment_and_keywords(lndp: Lndp, one_zoo: Path) -> None:
    result = json.loads(lndp("evaluate", "small", "--lives", 2, "--json").out)
    assert (result["environment"], result["environment_keywords"]) == (
        "lndp/Foraging-v0",
        {"switch_probability": 0.25},
    )


def test_keywords_are_added_and_another_environment_replaces_them(lndp: Lndp, one_zoo: Path) -> None:
    added = json.loads(
        lndp("evaluate", "small", "--lives", 2, "--env-kwargs", "dense_reward=true", "--json").out
    )
    assert added["environment_keywords"] == {"switch_probability": 0.25, "dense_reward": True}
    options = ("--env", "lndp/ForagingReversal-v0", "--lives", 2, "--json")
    other = json.loads(lndp("evaluate", "small", *options).out)
    assert (other["environment"], other["environment_keywords"]) == ("lndp/ForagingReversal-v0", {})


def test_a_lone_folder_needs_an_environment(lndp: Lndp, finished: Path, tmp_path: Path) -> None:
    LNDPAgent.from_pretrained(finished / "best").save_pretrained(tmp_path / "alone")
    result = lndp("evaluate", tmp_path / "alone")
    assert result.code == 2
    assert "name the environment with --env" in result.err
    assert lndp("evaluate", tmp_path / "alone", "--env", "lndp/Foraging-v0", "--lives", 2).code == 0
