"""Each plug-in of examples/plugins, as it lies there, through each command where it makes sense."""

import csv
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from lndp_agents import load_pretrained
from lndp_agents.interventions import find_intervention
from lndp_agents.run.view import RunView
from lndp_agents.studies.evaluation import evaluate

from .conftest import FORAGING, MOTH, OPTIONS, PLUGINS, SIZES

Lndp = Callable[..., Any]
Runs = Callable[[str], Path]
pytestmark = pytest.mark.filterwarnings("ignore:running eagerly, slower by 10 times:RuntimeWarning")
CLAMP = f"{PLUGINS / 'intervention.py'}:Clamp"
WITH_NODES = [kind for kind in OPTIONS if kind != "policy"]
"""Those whose agents have a network of nodes to look at."""


def world_of(kind: str) -> str:
    return MOTH if kind == "environment" else FORAGING


@pytest.mark.parametrize("kind", OPTIONS)
def test_evaluate_scores_the_agent_as_python_does(kind: str, runs: Runs, lndp: Lndp) -> None:
    found = lndp("evaluate", runs(kind), "--lives", 4, "--seed", 3, "--trust", "--json")
    agent = load_pretrained(runs(kind) / "best", trust=True)
    keywords = {"max_episode_steps": 12}
    assert found["mean"] == evaluate(agent, world_of(kind), keywords, lives=4, seed=3).mean
    assert found["environment_keywords"] == keywords


@pytest.mark.parametrize("kind", OPTIONS)
def test_compare_scores_the_agent(kind: str, runs: Runs, lndp: Lndp, tmp_path: Path) -> None:
    policies = f"agent:{runs(kind)},random"
    options = ["--policies", policies, "--lives", 4, "--max-steps", 12, "--out", tmp_path / "all"]
    found = lndp("compare", "--env", world_of(kind), *options, "--trust", "--json")
    assert [row["policy"] for row in found["policies"]] == policies.split(",")
    with (tmp_path / "all" / "scores.csv").open(newline="") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file) if row["policy"] != "random"]
    assert found["policies"][0]["mean"] == pytest.approx(sum(scores) / len(scores))


@pytest.mark.parametrize("kind", OPTIONS)
def test_lesion_leaves_the_intact_score_and_the_steps_before_it(
    kind: str, runs: Runs, lndp: Lndp, tmp_path: Path
) -> None:
    given = [runs(kind), "--lives", 4, "--trust", "--json"]
    intact = lndp("evaluate", *given)["mean"]
    lesion = ["--cut-reward"] if kind == "policy" else ["--lesion", CLAMP]
    found = lndp("lesion", *given, *lesion, "--at", 4, "--out", tmp_path)
    assert found["score_intact"] == pytest.approx(intact)
    (curve,) = tmp_path.glob("*_at-4.csv")
    with curve.open(newline="") as file:
        rows = list(csv.DictReader(file))
    before = [row for row in rows if int(row["last_step"]) < 4]
    assert before
    assert all(row["intact"] == row["lesioned"] for row in before)


@pytest.mark.parametrize("kind", WITH_NODES)
def test_diagnose_looks_at_its_network(kind: str, runs: Runs, lndp: Lndp) -> None:
    found = lndp("diagnose", runs(kind), "--lives", 2, "--trust", "--json")
    assert found["environment"] == world_of(kind)
    assert len(found["curves"]["density"]) == 1 + 12


@pytest.mark.parametrize("kind", WITH_NODES)
def test_watch_films_it(kind: str, runs: Runs, lndp: Lndp, tmp_path: Path) -> None:
    film = tmp_path / "life.gif"
    options = ["--lesion", CLAMP, "--at", 1] if kind == "mechanism" else []
    lndp("watch", runs(kind), "--trust", "--gif", film, "--steps", 2, "--width", 320, *options)
    assert film.read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize("kind", ["diagnose", "watch"])
def test_a_policy_without_nodes_is_told_apart(
    kind: str, runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lndp_agents import cli

    assert cli.main([kind, str(runs("policy")), "--trust"]) == 2
    assert "policy.py:LeakyConfig, which has no brain that rewires" in capsys.readouterr().err


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_run_that_is_resumed_is_the_one_that_never_stopped(
    kind: str, runs: Runs, lndp: Lndp, tmp_path: Path
) -> None:
    resumed, whole = tmp_path / "resumed", tmp_path / "whole"
    shutil.copytree(runs(kind), resumed)
    lndp("resume", resumed, "--generations", 3, "--trust")
    lndp("train", *OPTIONS[kind], *SIZES, "--generations", 3, "--out", whole)
    for name in ("best", "last", "mean"):
        agents = [load_pretrained(run / name, trust=True) for run in (resumed, whole)]
        assert torch.equal(agents[0].genome, agents[1].genome)
    assert RunView(resumed, trust=True).metrics == RunView(whole, trust=True).metrics
    lndp("verify", resumed, "--all", "--trust")


@pytest.mark.parametrize("kind", ["mechanism", "policy"])
def test_an_agent_with_a_plug_in_is_trusted_saved_and_forked(
    kind: str, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = runs(kind) / "best"
    module = sys.modules[kind]
    monkeypatch.delitem(sys.modules, kind)
    with pytest.raises(ValueError, match=f"names the {kind} .*add --trust"):
        load_pretrained(folder)
    assert kind not in sys.modules
    monkeypatch.setitem(sys.modules, kind, module)
    agent = load_pretrained(folder, trust=True)
    agent.save_pretrained(tmp_path / "again")
    again = load_pretrained(tmp_path / "again", trust=True)
    assert again.config == agent.config
    assert torch.equal(again.genome, agent.genome)
    observations = torch.linspace(0, 1, 8)[:, None].numpy()
    agent.birth(5)
    for observation in observations[:4]:
        agent.act(observation)
    again.birth(6)
    again.state = agent.state  # the fork
    assert [again.act(each) for each in observations] == [agent.act(each) for each in observations]


def test_an_intervention_needs_no_trust_where_a_person_types_it(runs: Runs) -> None:
    lesion = find_intervention(CLAMP, 3)
    assert (lesion.at, lesion.kind, lesion.value) == (3, "clamp", 1.0)
