"""`lndp zoo verify` on a copy of an entry, and on damaged ones."""

import json
import math
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import LNDPAgent, cli, load_pretrained, zoo
from lndp_agents.zoo import recipe_file, zoo_folder
from lndp_agents.zoo_results import PublishedScore
from lndp_agents.zoo_verification import allowed_interval, hashes_of, verify_entry


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo with `foraging` alone, which a test may spoil."""
    source = zoo_folder("foraging")
    folder = Path(shutil.copytree(source, tmp_path / "foraging"))
    (tmp_path / "recipes").mkdir()
    shutil.copy(source.parent / "recipes" / "foraging.json", tmp_path / "recipes")
    monkeypatch.setattr(zoo, "_PLACES", (tmp_path,))
    return folder


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def test_an_interval_is_widened_for_both_samples() -> None:
    score = PublishedScore(seed=7, lives=128, mean=100.0, interval=(90.0, 120.0))
    low, high = allowed_interval(score, 128)
    assert (low, high) == pytest.approx((100 - 15 * math.sqrt(2), 100 + 30 * math.sqrt(2)))
    assert allowed_interval(score, 16) == pytest.approx((100 - 45, 100 + 90))


def test_lives_without_spread_leave_room_for_one_failure() -> None:
    score = PublishedScore(seed=7, lives=128, mean=-500.0, interval=(-500.0, -500.0))
    assert allowed_interval(score, 32) == pytest.approx((-500 - 500 / 32, -500 + 500 / 32))


@pytest.mark.usefixtures("copy")
def test_a_sound_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["zoo", "verify", "--lives", "8", "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["name"], verdict["problems"]) == ("foraging", [])
    assert verdict["allowed"][0] <= verdict["mean"] <= verdict["allowed"][1]
    assert cli.main(["zoo", "verify", "foraging", "--lives", "8"]) == 0
    told = f"foraging             sound, scores {verdict['mean']:.1f} per episode\n"
    assert capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("file", "edit", "problem"),
    [
        ("results.json", lambda data: data["sha256"].pop("life.gif"), "life.gif is not the file"),
        ("results.json", lambda data: data["score"]["scores"].pop(), "mean is not that of the raw"),
        ("results.json", lambda data: data.update(episodes=2), "another environment"),
        ("results.json", lambda data: data["recipe"].update(sigma=0.25), "recipe file is not the recipe"),
        ("results.json", lambda data: data["recipe"]["program"].update(nodes=17), "another program"),
        ("results.json", lambda data: data["evolution_seeds"][0].update(seed=9), "lacks the row '| 9 |"),
        (
            "results.json",
            lambda data: data.pop("recipe"),
            "missing 1 required keyword-only argument: 'recipe'",
        ),
        ("config.json", lambda data: data.pop("policy"), "config.json is not the file"),
        ("../recipes/foraging.json", lambda data: data.update(lives=8), "recipe file is not the recipe"),
    ],
)
def test_a_difference_is_named(copy: Path, file: str, edit: Callable[[Any], object], problem: str) -> None:
    change(copy / file, edit)
    assert problem in "; ".join(verify_entry("foraging", lives=2).problems)


def test_another_agent_is_found_by_its_hash_and_its_score(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = load_pretrained("foraging")
    spaces = agent.observation_space, agent.action_space
    other = LNDPAgent(*spaces, agent.config, genome=agent.genome * 0, encoding=agent.encoding)
    other.save_pretrained(copy)
    assert cli.main(["zoo", "verify", "--lives", "8"]) == 1
    out = capsys.readouterr().out
    assert "model.safetensors is not the file of the results (sha256)" in out
    assert "8 lives score 220.0, outside 479.4 to 500.7" in out  # one side, always

    change(copy / "results.json", lambda data: data.update(sha256=hashes_of(copy)))
    (problem,) = verify_entry("foraging", lives=8).problems
    assert problem.startswith("8 lives score 220.0, outside ")


@pytest.mark.parametrize("arguments", [["nobody"], ["--lives", "0"]])
def test_bad_input_is_no_verdict(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["zoo", "verify", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.slow
def test_a_new_entry_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What tools/make_zoo_entry.py makes of a run, with fewer lives of the second score."""
    tool: Any = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "make_zoo_entry.py"))
    options = "--population 4 --lives 2 --generations 1 --evaluate-every 1 --held-out-lives 2"
    run = tmp_path / "run"
    assert cli.main(["train", "lndp/Foraging-v0", "--out", str(run), *options.split()]) == 0
    monkeypatch.setitem(tool["main"].__globals__, "ZOO", tmp_path / "zoo")
    monkeypatch.setitem(tool["main"].__globals__, "MANY_LIVES", 256)
    monkeypatch.setattr(zoo, "_PLACES", (tmp_path / "zoo",))
    monkeypatch.setattr(sys, "argv", ["make_zoo_entry.py", "small", str(run)])
    tool["main"]()
    assert zoo.zoo_names() == ["small"]
    assert cli.main(["zoo", "verify", "--lives", "16"]) == 0
    assert (
        json.loads(recipe_file("small").read_text())
        == json.loads((run / "config.json").read_text())["recipe"]
    )
