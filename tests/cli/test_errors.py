"""Bad input: one line on stderr that names the value and the remedy, exit code 2, never a traceback."""

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import cli, zoo_names
from lndp_agents.run.run import Run
from lndp_agents.run.writer import Checkpoint, RunWriter

Lndp = Callable[..., Any]
FORAGING = "lndp/Foraging-v0"
KNOWN = ", ".join(zoo_names())


def assert_refused(result: Any, *parts: str) -> None:
    assert result.code == 2
    assert result.out == ""
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("lndp: error: ")
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("lndp/Nothing-v0", ("lndp/Nothing-v0", "see `lndp envs`")),
        ("CartPole-v9", ("CartPole-v9", "see `lndp envs`")),
        ("no_module:Env-v0", ("'no_module'", "install it")),
        ("Blackjack-v1 --max-steps 0", ("max_episode_steps=0", "give an integer from 1")),
        ("Blackjack-v1 --max-steps many", ("max_episode_steps='many'", "give an integer from 1")),
        ("", ("no environment", "see `lndp envs`")),
        (f"{FORAGING} --env-kwargs sise=3", ("sise", "give those that it takes")),
        (f"{FORAGING} --env-kwargs size=4", ("size is 4", "at least 3")),
        (f"{FORAGING} --env-kwargs size=big", ("'big'", "give those that it takes")),
        (f"{FORAGING} --program noodles=9", ("'noodles'", "known are")),
        (f"{FORAGING} --program nodes=4", ("nodes=4", "give at least 9")),
        (f"{FORAGING} --program nodes=many", ("nodes='many'", "give an integer from")),
        (f"{FORAGING} --program action_size=3", ("'action_size'", "leave it out")),
        (
            f"{FORAGING} --encoding smell",
            ("encoding='smell'", "give auto, scaled, standardized, place, pixels"),
        ),
        ("CartPole-v1 --encoding place", ("Box(", "use 'scaled'")),
        (f"{FORAGING} --population 3", ("population=3", "give an integer from 4")),
        (f"{FORAGING} --searcher PGPE --population 7", ("population 7", "even number")),
        (f"{FORAGING} --searcher Annealing", ("'Annealing'", "give one of CMAES")),
        (f"{FORAGING} --searcher-options speed=3", ("speed", "unexpected keyword")),
        (f"{FORAGING} --sigma 0", ("sigma=0.0", "give a number from 1e-06")),
        (f"{FORAGING} --generations 0", ("generations=0", "give an integer from 1")),
        (f"{FORAGING} --seed -1", ("seed=-1", "give an integer from 0")),
        (f"{FORAGING} --worst-weight 2", ("worst_weight=2.0", "give a number from 0 to 1")),
        ("lndp/CartPoleLife-v0 --episodes 2", ("episodes=2", "use its keyword")),
        (f"{FORAGING} --actors 0", ("actors=0", "give an integer from 1")),
        (f"{FORAGING} --actors -3", ("actors=-3", "give an integer from 1")),
        (f"{FORAGING} --actors 2 --ray-address here", ("ray_address='here'", "give ray://HOST:PORT")),
        (f"{FORAGING} --ray-address ray://host:1", ("'ray://host:1' with one actor", "give two or more")),
        (f"{FORAGING} --device abacus", ("device 'abacus' is not there", "give another, such as cpu")),
        (f"{FORAGING} --recipe missing.json", ("no file 'missing.json'", f"known recipes are {KNOWN}")),
    ],
)
def test_train_refuses(
    lndp: Lndp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, parts: tuple[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(lndp("train", *options.split()), *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("{", ("recipe.json is not JSON", "give the fields of a recipe")),
        ("[1]", ("[1]", "give a JSON object")),
        ('{"environment": "CartPole-v1", "popsize": 9}', ("'popsize'", "known are")),
        ('{"environment": 3}', ("environment=3", "give a string")),
        ("[" * 10**5, ("recipe.json is not JSON (nested too deeply)", "give the fields of a recipe")),
        ('{"seed": 1, "seed": 2}', ("the key 'seed' is there twice", "give the fields of a recipe")),
        ('{"sigma": NaN}', ("NaN is no number of JSON", "give the fields of a recipe")),
    ],
)
def test_train_refuses_a_recipe(lndp: Lndp, tmp_path: Path, content: str, parts: tuple[str, ...]) -> None:
    (tmp_path / "recipe.json").write_text(content)
    assert_refused(lndp("train", "--recipe", tmp_path / "recipe.json"), *parts)


def test_train_refuses_a_recipe_that_fits_into_no_memory(lndp: Lndp, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").touch()
    os.truncate(tmp_path / "recipe.json", 2**40)
    result = lndp("train", "--recipe", tmp_path / "recipe.json")
    assert_refused(result, "recipe.json: 1099511627776 bytes, expected 0 to 1048576")


@pytest.mark.parametrize("target", ["pipe", "/dev/zero"])
def test_train_refuses_a_recipe_that_is_no_file(lndp: Lndp, tmp_path: Path, target: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "recipe.json").symlink_to(target)
    assert_refused(lndp("train", "--recipe", tmp_path / "recipe.json"), "no recipe and no file")


def test_train_refuses_a_folder_with_something_in_it(
    lndp: Lndp, train_options: list[str], finished: Path
) -> None:
    result = lndp(*train_options, "--out", finished)
    assert_refused(result, f"{finished} holds a run: go on with `lndp resume {finished}`, or name another")


def test_train_refuses_a_folder_that_cannot_be(lndp: Lndp, train_options: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = lndp(*train_options, "--out", tmp_path / "file" / "run")
    assert_refused(result, f"{tmp_path / 'file' / 'run'}: Not a directory", "name another place")


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC])
def test_a_disk_that_refuses_is_told_with_a_remedy(
    lndp: Lndp, train_options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    remedies = {
        errno.EACCES: "name a place that you may use",
        errno.ENOSPC: "make room on the disk, then `lndp resume`",
    }
    write_checkpoint = RunWriter.write_checkpoint

    def refuse(self: RunWriter, checkpoint: Checkpoint) -> None:
        if checkpoint[0].generation == 2:
            raise OSError(number, os.strerror(number), str(self.folder / "checkpoints"))
        write_checkpoint(self, checkpoint)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "write_checkpoint", refuse)
        result = lndp(*train_options, "--generations", 4, "--out", tmp_path / "run")
    assert result.code == 2
    place = tmp_path / "run" / "checkpoints"
    last = result.err.splitlines()[-1]
    assert last.startswith(f"lndp: error: {place}: {os.strerror(number)}; {remedies[number]}")
    assert Run.open(tmp_path / "run").generation == 1


def test_resume_refuses_what_is_no_run(lndp: Lndp, tmp_path: Path, finished: Path) -> None:
    assert_refused(lndp("resume", tmp_path / "nowhere"), "nowhere holds no run", "give the folder of a run")
    assert_refused(lndp("resume", tmp_path), "holds no run", "give the folder of a run")
    assert_refused(lndp("resume", finished / "best"), "such as an agent", "give the folder of a run")
    assert_refused(lndp("resume", finished / "metrics.csv"), "holds no run")


@pytest.mark.parametrize("command", ["resume", "verify"])
def test_workers_that_cannot_be_are_refused(lndp: Lndp, finished: Path, command: str) -> None:
    assert_refused(lndp(command, finished, "--actors", 0), "actors=0", "give an integer from 1")
    assert_refused(lndp(command, finished, "--device", "abacus"), "'abacus' is not there", "such as cpu")


def test_resume_refuses_a_budget_that_is_spent(lndp: Lndp, finished: Path) -> None:
    assert_refused(lndp("resume", finished, "--generations", 2), "generations=2", "has 4 already, give more")
    assert_refused(lndp("resume", finished, "--generations", 0), "generations=0", "give an integer from 1")


def test_resume_refuses_a_run_without_a_sound_checkpoint(lndp: Lndp, run_folder: Path) -> None:
    for path in (run_folder / "checkpoints").iterdir():
        (path / "search.safetensors").write_bytes(b"\x80\x04\x95 not safe")
    assert_refused(lndp("resume", run_folder), "no checkpoint", "000000004", "000000003", "its hash")


def test_resume_refuses_a_run_whose_environment_is_gone(lndp: Lndp, run_folder: Path) -> None:
    data = json.loads((run_folder / "config.json").read_text())
    data["recipe"]["environment"] = "lndp/Gone-v0"
    (run_folder / "config.json").write_text(json.dumps(data))
    assert_refused(lndp("resume", run_folder), "lndp/Gone-v0", "see `lndp envs`")


@pytest.mark.parametrize("command", [["evaluate"], ["zoo", "show"], ["watch", "--gif", "unused.gif"]])
def test_unknown_agents_are_refused(lndp: Lndp, one_zoo: Path, command: list[str]) -> None:
    assert_refused(lndp(*command, "smal"), "'smal'", "known agents are small", "did you mean 'small'?")


def test_evaluate_refuses_foreign_and_damaged_files(lndp: Lndp, tmp_path: Path, one_zoo: Path) -> None:
    assert_refused(lndp("evaluate", tmp_path), "config.json: no such file")
    model = one_zoo / "small" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-3])
    assert_refused(lndp("evaluate", "small"), "model.safetensors")
    (one_zoo / "small" / "config.json").write_text("{}")
    assert_refused(lndp("evaluate", "small"), "config.json")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"score": {"interval": 3}}', '{"score": {"interval": [1]}}']
)
def test_damaged_results_are_told(lndp: Lndp, one_zoo: Path, content: str) -> None:
    (one_zoo / "small" / "results.json").write_text(content)
    assert_refused(lndp("zoo", "list"), "results.json is damaged", "install lndp-agents again")
    assert_refused(lndp("evaluate", "small"), "results.json is damaged")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("--lives 0", ("lives=0", "give 1 to 1000000")),
        ("--lives 99999999", ("lives=99999999", "give 1 to 1000000")),
        ("--env CartPole-v1", ("CartPole-v1 gives observations", "was evolved on")),
        ("--env lndp/No-v0", ("lndp/No-v0", "see `lndp envs`")),
        ("--env-kwargs sise=3", ("sise", "give those that it takes")),
        ("--device cuda:99", ("device 'cuda:99' is not there", "give another, such as cpu")),
    ],
)
def test_evaluate_refuses(lndp: Lndp, finished: Path, options: str, parts: tuple[str, ...]) -> None:
    assert_refused(lndp("evaluate", finished, *options.split()), *parts)


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    lndp: Lndp, train_options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("evotorch_search", "evotorch_library"):
        monkeypatch.delitem(sys.modules, f"lndp_agents.search.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "evotorch", None)
    assert_refused(lndp(*train_options), "this searcher needs evotorch", 'pip install "lndp-agents[train]"')


def test_evaluation_needs_no_extra(lndp: Lndp, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("evotorch", "rich", "tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    assert lndp("evaluate", finished, "--lives", 2).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["train", "--population", "many"],
        ["evaluate", "small", "--env-kwargs", "size"],
        ["zoo"],
        ["verify"],
        ["verify", "run", "--all", "--generation", "3"],
        ["train", "CartPole-v1", "--actors", "many"],
    ],
)
def test_the_parser_refuses_with_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2
    assert "error: " in capsys.readouterr().err
