"""Modules that runs and recipes name are imported only if the user says so."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from lndp_agents.baselines import Job, train_baseline

Lndp = Callable[..., Any]
LNDP = Path(sys.executable).with_name("lndp")
ENV = "of_a_stranger:Short-v0"
MODULE = """
from pathlib import Path
import gymnasium
Path("was_run").touch()
if "Short-v0" not in gymnasium.registry:
    entry_point = "gymnasium.envs.classic_control:CartPoleEnv"
    gymnasium.register("Short-v0", entry_point, max_episode_steps=5)
"""
REFUSAL = (
    f"lndp: error: {{}} names the environment {ENV}, for which the module of_a_stranger is imported and so "
    "run; if you trust it: lndp {}"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the module and with a run of its environment, whose name must be quoted."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "of_a_stranger.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        from lndp_agents import cli

        options = "--generations 1 --population 4 --lives 1 --held-out-lives 1 --out 'a run'"
        assert cli.main(["train", ENV, *shlex.split(options)]) == 0
    yield folder / "a run"
    gymnasium.registry.pop("Short-v0", None)


@pytest.fixture
def here(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder with a copy of the run; the module can be imported, and was not yet."""
    shutil.copytree(run, tmp_path / "a run")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(run.parent))
    monkeypatch.delitem(sys.modules, "of_a_stranger", raising=False)
    return tmp_path


COMMANDS = {
    "evaluate": "evaluate 'a run' --lives 2",
    "an agent of it": "evaluate 'a run/last' --lives 2",
    "diagnose": "diagnose 'a run' --lives 2",
    "lesion": "lesion 'a run' --freeze --at 1 --lives 2",
    "watch": "watch 'a run' --gif x.gif --steps 2",
    "verify": "verify 'a run'",
    "resume": "resume 'a run'",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_imported_before_it_is_trusted(
    name: str, here: Path, lndp: Lndp, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = shlex.split(COMMANDS[name])
    monkeypatch.setattr(sys, "argv", ["lndp", *command])
    result = lndp(*command)
    assert (result.code, result.out) == (2, "")
    assert result.err == REFUSAL.format(command[1], shlex.join([*command, "--trust"])) + "\n"
    assert not (here / "was_run").exists()
    assert "of_a_stranger" not in sys.modules
    assert lndp(*command, "--trust").code == 0
    assert (here / "was_run").exists()


@pytest.mark.parametrize("name", ["evaluate", "diagnose", "lesion", "watch"])
def test_who_names_it_again_trusts_it(name: str, here: Path, lndp: Lndp) -> None:
    assert lndp(*shlex.split(COMMANDS[name]), "--env", ENV).code == 0
    assert (here / "was_run").exists()


@pytest.mark.parametrize("other", ["of_a_stranger:Other-v0", "CartPole-v1"])
def test_who_names_another_environment_imports_only_that(other: str, here: Path, lndp: Lndp) -> None:
    result = lndp("evaluate", "a run", "--lives", "2", "--env", other)
    assert result.code == (0 if other == "CartPole-v1" else 2)
    assert (here / "was_run").exists() == other.startswith("of_a_stranger")


def test_a_recipe_is_not_trusted_either(here: Path, lndp: Lndp) -> None:
    recipe = json.loads((here / "a run" / "config.json").read_text())["recipe"]
    (here / "recipe.json").write_text(json.dumps(recipe))
    command = ["train", "--recipe", "recipe.json", "--out", "again"]
    result = lndp(*command)
    assert result.code == 2
    assert f"recipe recipe.json names the environment {ENV}" in result.err
    assert not (here / "again").exists()
    assert not (here / "was_run").exists()
    assert lndp(*command[:1], ENV, *command[1:]).code == 0
    shutil.rmtree(here / "again")
    assert lndp(*command, "--trust").code == 0


WORLDS: dict[str, dict[str, Any]] = {
    "policy": {"policy": "of_a_stranger:X"},
    "mechanism": {"program": {"mechanisms": ["of_a_stranger:X"]}},
    "searcher": {"searcher": "of_a_stranger:X"},
    "objective": {"objective": "of_a_stranger:X"},
}


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("is_further", [False, True])
def test_whatever_a_recipe_names_is_not_trusted_however_deep(
    kind: str, is_further: bool, here: Path, lndp: Lndp
) -> None:
    """In its own fields, and in those of a further world of its objective."""
    recipe: dict[str, Any] = {"environment": "lndp/Foraging-v0", "preset": "default"}
    if is_further:
        world = {"environment": "lndp/Bandit-v0"} | WORLDS[kind]
        recipe |= {"objective": "mean_of_ranks", "objective_options": {"worlds": [world]}}
    else:
        recipe |= WORLDS[kind]
    (here / "recipe.json").write_text(json.dumps(recipe))
    result = lndp("train", "--recipe", "recipe.json", "--out", "again")
    assert result.code == 2
    assert f"recipe recipe.json names the {kind} of_a_stranger:X, for which the module" in result.err
    assert not (here / "was_run").exists()
    assert not (here / "again").exists()


@pytest.mark.parametrize("command", ["resume", "verify", "evaluate"])
def test_a_body_of_a_run_is_not_trusted_either(command: str, here: Path, lndp: Lndp) -> None:
    path = here / "a run" / "config.json"
    data = json.loads(path.read_text())
    body = {"program": data["program"] | {"mechanisms": ["of_a_stranger:X"]}, "encoding": data["encoding"]}
    data["recipe"]["environment"] = "lndp/Foraging-v0"
    path.write_text(json.dumps(data | {"bodies": [body]}))
    result = lndp(command, "a run")
    assert result.code == 2
    assert "names the mechanism of_a_stranger:X" in result.err
    assert not (here / "was_run").exists()


def test_a_baseline_is_not_trusted_either(here: Path, lndp: Lndp) -> None:
    train_baseline("random", Job("CartPole-v1"), here / "random")
    file = here / "random" / "baseline.json"
    file.write_text(file.read_text().replace("CartPole-v1", ENV))
    command = ["lesion", "random", "--saturate", "2", "--at", "1", "--lives", "2"]
    result = lndp(*command)
    assert result.code == 2
    assert f"random names the environment {ENV}" in result.err
    assert not (here / "was_run").exists()
    assert lndp(*command, "--trust").code == 0


def test_a_training_that_is_stopped_says_how_it_goes_on(
    here: Path, lndp: Lndp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lndp_agents.run.writer.append_records", stop)
        stopped = lndp("resume", "a run", "--generations", "2", "--trust")
    assert stopped.code == 130
    command = stopped.err.splitlines()[-1].partition("go on with: ")[2]
    assert command == "lndp resume 'a run' --trust"
    assert lndp(*shlex.split(command)[1:]).code == 0
    assert (here / "a run" / "metrics.csv").read_text().splitlines()[-1].startswith("2,")


def test_the_command_that_is_named_can_be_typed(
    run: Path, here: Path, lndp: Lndp, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["evaluate", "a run", "--lives", "2"]
    monkeypatch.setattr(sys, "argv", ["lndp", *command])
    named = lndp(*command).err.partition("if you trust it: ")[2]
    environment = {"PYTHONPATH": str(run.parent), "PATH": str(LNDP.parent)}
    typed = subprocess.run(named, shell=True, env=environment, capture_output=True, text=True, check=False)
    assert typed.returncode == 0, typed.stderr
    assert typed.stdout.startswith(f"a run on {ENV}: ")
    assert (here / "was_run").exists()
