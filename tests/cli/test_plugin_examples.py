"""Plug-ins, one file each, through the installed command: train, resume, verify, and agents that load."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from lndp_agents import load_pretrained
from lndp_agents.run.view import RunView

Lndp = Callable[..., Any]
PLUGINS = Path(__file__).parents[2] / "examples" / "plugins"
LNDP = Path(sys.executable).with_name("lndp")
SIZES = ["--population", "6", "--lives", "2", "--generations", "2", "--evaluate-every", "1"]
SIZES += ["--held-out-lives", "2", "--max-steps", "20"]
DOORS = {
    "searcher": ["--searcher", f"{PLUGINS / 'searcher.py'}:OnePlusLambda", "--searcher-options", "rate=0.3"],
    "objective": ["--objective", f"{PLUGINS / 'objective.py'}:with_bandit", "--objective-options", "lives=4"],
}


@pytest.mark.parametrize("kind", DOORS)
def test_a_plug_in_trains_and_its_run_needs_trust(kind: str, tmp_path: Path, lndp: Lndp) -> None:
    command = [LNDP, "train", "lndp/Foraging-v0", *SIZES, *DOORS[kind], "--out", "run", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generations"] == 2
    run = tmp_path / "run"
    for command in (["resume", run, "--generations", "3"], ["verify", run, "--all"]):
        refused = lndp(*command)
        assert refused.code == 2
        assert f"{run} names the {kind} {DOORS[kind][1]}, for which the module" in refused.err
        assert "if you trust it: lndp " in refused.err
        assert lndp(*command, "--trust").code == 0
    assert RunView(run).metrics["generation"] == [1, 2, 3]
    assert load_pretrained(run / "best").genome.isfinite().all()


def test_trust_reaches_the_agent_that_a_search_starts_from_and_one_that_is_compared(tmp_path: Path) -> None:
    """In processes of their own, where nothing is imported yet."""

    def run(*command: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run([LNDP, *command], cwd=tmp_path, capture_output=True, text=True, check=False)

    mechanism = ["--mechanism", f"{PLUGINS / 'mechanism.py'}:WireCost"]
    train = ["train", "lndp/Foraging-v0", *SIZES, "--generations", "1"]
    assert run(*train, *mechanism, "--out", "run").returncode == 0
    others = [
        [*train, "--start", "run/best", "--out", "again"],
        [
            "compare",
            "--env",
            "lndp/Foraging-v0",
            "--policies",
            "agent:run,random",
            "--lives",
            "2",
            "--out",
            "all",
        ],
    ]
    for command in others:
        refused = run(*command)
        assert refused.returncode == 2
        assert "names the mechanism" in refused.stderr
        assert "does not describe a run" not in refused.stderr
        done = run(*command, "--trust")
        assert done.returncode == 0, done.stderr


def test_the_objective_scores_one_genome_in_two_worlds(tmp_path: Path, lndp: Lndp) -> None:
    assert lndp("train", "lndp/Foraging-v0", *SIZES, *DOORS["objective"], "--out", tmp_path / "run").code == 0
    view = RunView(tmp_path / "run")
    foraging, bandit = (view.worlds[f"population lndp/{name}-v0"] for name in ("Foraging", "Bandit"))
    shares = [(one / 490 + (two - 100) / 70.7) / 2 for one, two in zip(foraging, bandit, strict=True)]
    assert view.metrics["score_mean"] == pytest.approx(shares, rel=1e-5)
    assert view.metrics["fitness_mean"] == pytest.approx([0.5, 0.5])  # of ranks
    home, away = view.agent("best"), view.agent("best", "lndp/Bandit-v0")
    assert torch.equal(home.genome, away.genome)
    assert (home.config.action_size, away.config.action_size) == (3, 2)
    with pytest.raises(
        ValueError, match=r"environment 'CartPole-v1' is no world of .*: give lndp/Foraging-v0"
    ):
        view.agent("best", "CartPole-v1")


def test_the_searcher_keeps_the_fittest_as_parent(tmp_path: Path, lndp: Lndp) -> None:
    assert lndp("train", "lndp/Foraging-v0", *SIZES, *DOORS["searcher"], "--out", tmp_path / "run").code == 0
    last, mean = (load_pretrained(tmp_path / "run" / name).genome for name in ("last", "mean"))
    assert torch.equal(last, mean)


FAULTS = {
    "init": ("raise KeyError('no mean')", "raised KeyError: 'no mean' in .*mine.py, line 6"),
    "tell": ("return {}", "raised TypeError: tell gives a state of {}, init one of"),
    "ask": ("1 / 0", "raised ZeroDivisionError: division by zero in .*mine.py, line 6"),
}


@pytest.mark.parametrize("method", FAULTS)
def test_a_fault_in_a_searcher_is_told_with_its_place(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lndp: Lndp
) -> None:
    monkeypatch.syspath_prepend(PLUGINS)
    body, message = FAULTS[method]
    text = f"""from searcher import OnePlusLambda


class Mine(OnePlusLambda):
    def {method}(self, *arguments):
        {body}
"""
    (tmp_path / "lndp_test_mine.py").write_text(text)
    result = lndp("train", "lndp/Foraging-v0", "--searcher", f"{tmp_path / 'lndp_test_mine.py'}:Mine")
    sys.modules.pop("lndp_test_mine", None)
    assert result.code == 2
    assert re.search(message, result.err), result.err


def test_a_recipe_with_worlds_of_modules_is_not_trusted(tmp_path: Path, lndp: Lndp) -> None:
    worlds = [{"environment": "lndp_test_no_such:World"}]
    recipe = {"environment": "lndp/Foraging-v0", "objective": "mean_of_ranks"}
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe | {"objective_options": {"worlds": worlds}}))
    refused = lndp("train", "--recipe", path)
    assert refused.code == 2
    assert (
        "names the environment lndp_test_no_such:World, for which the module lndp_test_no_such" in refused.err
    )


def test_worlds_of_many_bodies_in_a_recipe(tmp_path: Path, lndp: Lndp) -> None:
    """Of other numbers of inputs, outputs and nodes, with one genome."""
    limit = {"environment_keywords": {"max_episode_steps": 10}}
    worlds = [
        {"scale": [0, 490]},
        {"environment": "lndp/Bandit-v0", "lives": 3, "scale": [100, 170.7], **limit},
        {"environment": "CartPole-v1", "encoding": "scaled", "program": {"nodes": 20}, **limit},
        {"environment": "CartPole-v1", "encoding": "scaled", "program": {"nodes": 14}, **limit},
    ]
    path = tmp_path / "recipe.json"
    recipe = {"preset": "default", "environment": "lndp/Foraging-v0", "objective": "mean_of_ranks"}
    path.write_text(json.dumps(recipe | {"objective_options": {"worlds": worlds}}))
    assert lndp("train", "--recipe", path, *SIZES, "--out", tmp_path / "run").code == 0
    with (tmp_path / "run" / "worlds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["lndp/Foraging-v0", "lndp/Bandit-v0", "CartPole-v1 3", "CartPole-v1 4"]
    assert list(rows[0]) == [
        "generation",
        *(f"{what} {name}" for name in names for what in ("population", "held-out")),
    ]
    assert all(float(cell) == float(cell) for row in rows for cell in row.values())
    assert lndp("verify", tmp_path / "run", "--all").code == 0


def test_a_fault_in_an_objective_is_told_with_its_place_and_what_is_no_number_never_wins(
    tmp_path: Path, lndp: Lndp
) -> None:
    text = """from dataclasses import replace

import torch
from lndp_agents.search import Evaluation


def broken(description):
    return lambda genomes, generation: 1 / 0


def poisoned(description, bad=float("nan")):
    def objective(genomes, generation):
        values = genomes[:, 0].double()
        best = values == values.max()
        return replace(Evaluation.of_fitness(values), fitness=torch.where(best, bad, values))

    return objective
"""
    path = tmp_path / "lndp_test_objectives.py"
    path.write_text(text)
    train = ["train", "lndp/Foraging-v0", *SIZES, "--out", tmp_path / "run", "--objective"]
    broken = lndp(*train, f"{path}:broken")
    assert broken.code == 2
    assert re.search(r"objective '.*:broken' raised ZeroDivisionError: .*objectives.py, line 8", broken.err)
    assert not (tmp_path / "run").exists()
    assert lndp(*train, f"{path}:poisoned").code == 0  # a plain function, without any world
    assert RunView(tmp_path / "run").metrics["nan_count"] == [1.0, 1.0]
    assert lndp("verify", tmp_path / "run", "--all", "--trust").code == 0
    sys.modules.pop("lndp_test_objectives", None)
