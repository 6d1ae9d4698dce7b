"""`lndp diagnose`: the command prints what the function finds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import LNDPAgent
from lndp_agents.studies.diagnostics import diagnose

Lndp = Callable[..., Any]
FORAGING = "lndp/Foraging-v0"


def test_json_is_pure_and_equals_the_function(lndp: Lndp, finished: Path) -> None:
    result = lndp("diagnose", finished, "--lives", 4, "--seed", 3, "--json")
    report = diagnose(LNDPAgent.from_pretrained(finished / "best"), FORAGING, lives=4, seed=3)
    assert (result.code, result.err) == (0, "")
    data = json.loads(result.out)
    named = {
        "agent": str(finished),
        "environment": FORAGING,
        "environment_keywords": {},
        "lives": 4,
        "seed": 3,
    }
    assert data == named | report.to_json()


def test_people_get_a_line_for_each_failure(lndp: Lndp) -> None:
    result = lndp("diagnose", "foraging", "--lives", 8)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "foraging on lndp/Foraging-v0, 8 fresh lives, seed 0"
    names = ["collapsed nodes", "endless rewiring", "idle reward", "empty network"]
    assert [line[:18].strip() for line in lines[1:]] == [*names, "critical period", "use of reward"]
    assert [line[18:24].strip() for line in lines[1:5]] == ["no"] * 4


def test_keywords_and_environment_are_those_of_the_options(lndp: Lndp, one_zoo: Path) -> None:
    own = json.loads(lndp("diagnose", "small", "--lives", 2, "--json").out)
    assert own["environment_keywords"] == {"switch_probability": 0.25}
    other = json.loads(
        lndp("diagnose", "small", "--env", "lndp/ForagingReversal-v0", "--lives", 2, "--json").out
    )
    assert (other["environment"], other["environment_keywords"]) == ("lndp/ForagingReversal-v0", {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("nobody",), "no pretrained agent and no folder 'nobody'"),
        (("foraging", "--lives", "0"), "lives=0: give 1 to"),
        (("foraging", "--lives", "2000"), "lives=2000: give 1 to 1024"),
        (("foraging", "--env", "CartPole-v1"), "name the environment that it was evolved on"),
        (("foraging", "--device", "abacus"), "device 'abacus' is not there"),
    ],
)
def test_bad_input_is_one_line(lndp: Lndp, options: tuple[str, ...], message: str) -> None:
    result = lndp("diagnose", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("lndp: error: ")
    assert message in result.err
    assert len(result.err.splitlines()) == 1
