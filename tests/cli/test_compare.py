"""`lndp compare`: what it prints, and what it refuses before anything is trained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents.commands import compare as command

Lndp = Callable[..., Any]
FORAGING = "lndp/Foraging-v0"


def test_rules_are_compared_at_once(lndp: Lndp, tmp_path: Path) -> None:
    options = ["compare", "--env", FORAGING, "--policies", "scripted, random", "--lives", 8]
    result = lndp(*options, "--out", tmp_path / "run", "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert (found["folder"], found["environment"], found["lives"]) == (str(tmp_path / "run"), FORAGING, 8)
    scripted, random = found["policies"]
    assert (scripted["policy"], scripted["mean"], random["policy"]) == ("scripted", 490, "random")
    assert (random["improvement"], random["steps"], random["note"]) == (1, None, "nothing to train")
    lines = result.err.splitlines()
    assert lines == ["scripted: score 490.0", f"random: score {random['mean']:.1f}"]
    again = lndp(*options, "--out", tmp_path / "run")
    assert again.out.splitlines()[2].startswith("| scripted | 490.0 (")
    assert again.out.endswith(f"tables and figures are in {tmp_path / 'run'}: comparison.md first\n")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("--policies pppo", ("no policy 'pppo'", "known are zoo:", "did you mean 'ppo'?")),
        ("--policies zoo:forraging", ("'forraging'", "did you mean 'foraging'?")),
        ("--policies agent:nowhere", ("'nowhere'", "no pretrained agent and no folder")),
        ("--policies random,random", ("'random' is there twice",)),
        ("--policies ,", ("no policies", "name some")),
        ("--policies linear,random", ("linear learns and has no budget", "give --budget-steps")),
        ("--policies random --seeds 0", ("seeds=0", "give 1 to")),
        ("--policies random --lives 0", ("lives=0", "give 1 to")),
        ("--policies random --workers 0", ("workers=0", "give 1 or more")),
        ("--policies random --budget-steps -1", ("budget_steps=-1", "give 1 or more")),
        ("--policies random --set lndp:population=8", ("'lndp' has no recipe", "evolve are none here")),
        ("--policies mlp --budget-steps 9 --set population=8", ("--set population", "POLICY:FIELD=VALUE")),
        ("--policies mlp --budget-steps 9 --set mlp:popsize=8", ("'popsize'", "known are")),
        ("--policies mlp --budget-steps 9 --set mlp:program.size=8", ("'size'", "known are")),
        ("--policies random --env-kwargs sise=3", ("sise", "give those that it takes")),
        ("--policies zoo:cartpole", ("Box(", "encoding does not fit")),
        ("--policies scripted --env lndp/CartPoleLife-v0", ("nobody has scripted a policy",)),
        ("--policies random --env lndp/Forraging-v0", ("lndp/Forraging-v0", "see `lndp envs`")),
    ],
)
def test_compare_refuses(
    lndp: Lndp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, parts: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    world = [] if "--env " in options else ["--env", FORAGING]
    result = lndp("compare", *world, *options.split(), "--out", "run")
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1, result.err
    assert result.err.startswith("lndp: error: ")
    for part in parts:
        assert part in result.err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_tells_how_to_go_on(lndp: Lndp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lndp_agents.compare.runner.check_entrants", interrupt)
    monkeypatch.setattr("sys.argv", ["lndp", "compare", "--out", "a folder"])
    options = ["compare", "--env", FORAGING, "--policies", "random", "--out", tmp_path / "run"]
    result = lndp(*options)
    assert (result.code, result.out) == (command.INTERRUPTED_EXIT, "")
    assert result.err == "stopped, what is done is kept; go on with: lndp compare --out 'a folder'\n"
