"""`lndp envs`, `lndp zoo` and the help."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from lndp_agents import __version__, cli

Lndp = Callable[..., Any]


def test_envs_are_those_that_the_package_registered(lndp: Lndp) -> None:
    entries = json.loads(lndp("envs", "--json").out)
    registered = {name for name in gymnasium.registry if name.startswith("lndp/")}
    assert {entry["id"] for entry in entries} == registered
    foraging = next(entry for entry in entries if entry["id"] == "lndp/ForagingReversal-v0")
    assert foraging["max_episode_steps"] == 100
    assert foraging["kwargs"] == {"switch_probability": 0.1}
    lines = lndp("envs").out.splitlines()
    assert [line.split()[0] for line in lines] == [entry["id"] for entry in entries]
    assert lines[0].endswith("reward threshold 490")


def test_zoo_list_shows_names_and_scores(lndp: Lndp, one_zoo: Path) -> None:
    assert json.loads(lndp("zoo", "list", "--json").out) == [
        {
            "name": "small",
            "environment": "lndp/Foraging-v0",
            "environment_keywords": {"switch_probability": 0.25},
            "mean": 321.0,
            "interval": [300.5, 340.5],
            "lives": 128,
        }
    ]
    line = " ".join(lndp("zoo", "list").out.split())
    assert line == "small lndp/Foraging-v0 321.0 per episode, 95 % interval 300.5 to 340.5"


def test_zoo_show_prints_the_card(lndp: Lndp, one_zoo: Path) -> None:
    assert lndp("zoo", "show", "small").out == "# small\n\nIts card.\n"


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["train"],
        ["resume"],
        ["verify"],
        ["evaluate"],
        ["watch"],
        *(["zoo", name] for name in ("list", "show", "download", "verify")),
        ["envs"],
    ],
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main([*command, "--help"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith(" ".join(["usage: lndp", *command]))


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"lndp-agents {__version__}\n"


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = f"{sys.executable} -m lndp_agents.cli envs --json | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "rror" not in done.stderr
