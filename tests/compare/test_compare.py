"""A whole comparison: equal steps, the same lives, tables that follow from raw numbers, stops and returns."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from small_comparison import POLICIES, REVERSAL, ROLLOUT, SETTINGS, outputs, read_csv

from lndp_agents import load_pretrained
from lndp_agents.baselines import Job, load_baseline
from lndp_agents.baselines.rules import random_policy, win_stay_lose_shift
from lndp_agents.compare import Comparison, Row, compare, training
from lndp_agents.compare.comparison import SCORE_SEED
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.run.folder import lock_folder
from lndp_agents.run.run import Run
from lndp_agents.studies.evaluation import evaluate, evaluate_policy_lives
from lndp_agents.studies.statistics import bootstrap_interval, interquartile_mean, probability_of_improvement
from lndp_agents.zoo import zoo_folder

Finished = tuple[Path, list[Row]]


def scores_of(folder: Path, policy: str) -> NDArray[np.float64]:
    """(R, L) as scores.csv has them."""
    rows = [row for row in read_csv(folder / "scores.csv") if row["policy"] == policy]
    seeds = sorted({row["seed"] for row in rows})
    lives = [
        [(int(row["life"]), float(row["score"])) for row in rows if row["seed"] == seed] for seed in seeds
    ]
    assert all([life for life, _ in own] == list(range(SETTINGS["lives"])) for own in lives)
    return np.array([[score for _, score in own] for own in lives])


def test_the_table_follows_from_the_raw_scores(finished: Finished) -> None:
    folder, rows = finished
    assert [row.policy for row in rows] == list(POLICIES)
    first = scores_of(folder, POLICIES[0])
    for row, cells in zip(rows, read_csv(folder / "comparison.csv"), strict=True):
        scores = scores_of(folder, row.policy)
        assert row.runs == len(scores) == (2 if row.policy in ("linear", "ppo") else 1)
        assert row.iqm == interquartile_mean(scores.mean(1))
        assert (row.low, row.high) == bootstrap_interval(scores)
        assert row.mean == pytest.approx(scores.mean())
        if row.policy == POLICIES[0]:
            assert row.improvement is None
        else:
            share, ends = probability_of_improvement(first, scores)
            assert (row.improvement, row.improvement_low, row.improvement_high) == (share, *ends)
        assert cells == {name: "" if value is None else str(value) for name, value in asdict(row).items()}
    lines = (folder / "comparison.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(rows)
    assert f"| linear | {rows[2].iqm:.1f} ({rows[2].low:.1f} to {rows[2].high:.1f}) |" in table[4]
    assert "the same 12 held-out lives" in lines[2]


def test_learners_have_equal_steps_and_the_others_none(finished: Finished) -> None:
    rows = {row.policy: row for row in finished[1]}
    assert rows["linear"].steps == 800
    assert rows["ppo"].steps == 900 // ROLLOUT * ROLLOUT
    assert rows["random"].steps is rows["random"].minutes is None
    for name in ("linear", "ppo"):
        minutes = rows[name].minutes
        assert minutes is not None
        assert minutes > 0
    curves = read_csv(finished[0] / "learning_curves.csv")
    steps = [int(row["steps"]) for row in curves if (row["policy"], row["seed"]) == ("linear", "2")]
    assert steps == [800]
    last = [int(row["steps"]) for row in curves if (row["policy"], row["seed"]) == ("ppo", "2")]
    assert (last[0], last[-1], len(last)) == (0, 896, 3)


def test_all_live_the_same_lives(finished: Finished) -> None:
    folder, lives = finished[0], SETTINGS["lives"]
    for name, rule in (("random", random_policy), ("win-stay-lose-shift", win_stay_lose_shift)):
        expected = evaluate_policy_lives(rule(Job(REVERSAL)), REVERSAL, lives=lives, seed=SCORE_SEED)
        np.testing.assert_array_equal(scores_of(folder, name), expected.scores[None])
    for seed in (1, 2):
        ppo = load_baseline(folder / "trainings" / f"ppo_s{seed}")
        expected = evaluate_policy_lives(ppo, REVERSAL, lives=lives, seed=SCORE_SEED)
        np.testing.assert_array_equal(scores_of(folder, "ppo")[seed - 1], expected.scores)
        best = load_pretrained(folder / "trainings" / f"linear_s{seed}" / "best")
        score = evaluate(best, REVERSAL, lives=lives, seed=SCORE_SEED)
        np.testing.assert_array_equal(scores_of(folder, "linear")[seed - 1], score.scores)


def test_within_life_has_the_rewards_of_the_scores(finished: Finished) -> None:
    rows = read_csv(finished[0] / "within_life.csv")
    for policy in POLICIES:
        own = [row for row in rows if row["policy"] == policy and row["since"] == "birth"]
        rewards = np.array([float(row["reward"]) for row in own])
        assert rewards.mean() * 100 == pytest.approx(scores_of(finished[0], policy).mean())  # 100 steps
    assert {row["since"] for row in rows} == {"birth", "change"}


def test_figures_are_pictures(finished: Finished) -> None:
    for name in ("learning_curves.png", "within_life.png"):
        with Image.open(finished[0] / name) as figure:
            assert min(figure.size) > 500


def test_again_nothing_is_trained_and_everything_is_the_same(
    folder: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("train_baseline", "load_baseline"):
        monkeypatch.setattr(training, name, None)
    monkeypatch.setattr(Run, "open", None)
    before = outputs(folder)
    assert compare(Comparison(**SETTINGS), folder) == finished[1]
    assert outputs(folder) == before


def test_more_lives_need_no_training(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "train_baseline", None)
    rows = compare(Comparison(**SETTINGS | {"lives": 14, "seeds": 1}), folder)
    assert [row.runs for row in rows] == [1, 1, 1, 1]
    assert len(read_csv(folder / "scores.csv")) == 4 * 14
    ppo = evaluate_policy_lives(
        load_baseline(folder / "trainings" / "ppo_s1"), REVERSAL, lives=14, seed=SCORE_SEED
    )
    assert rows[3].mean == ppo.score.mean


def test_a_damaged_file_of_lives_is_made_again(folder: Path, finished: Finished) -> None:
    before = outputs(folder)
    for name in ("linear_s1", "ppo_s2"):
        file = folder / "trainings" / name / "lives.safetensors"
        file.write_bytes(file.read_bytes()[:-100])
    assert compare(Comparison(**SETTINGS), folder) == finished[1]
    assert outputs(folder) == before


def test_an_evolution_between_two_looks_has_the_point_of_its_end(tmp_path: Path) -> None:
    changes = {"linear": SETTINGS["changes"]["linear"] | {"evaluate_every": 9}}
    settings = SETTINGS | {"policies": ("linear",), "seeds": 1, "changes": changes}
    compare(Comparison(**settings), tmp_path / "run")
    (point,) = read_csv(tmp_path / "run" / "learning_curves.csv")
    assert (point["steps"], float(point["seconds"]) > 0) == ("800", True)
    with Run.open(tmp_path / "run" / "trainings" / "linear_s1") as run:
        assert list(run.generations(900)) == []
        assert run.best_score == float(point["held_out"])


def test_a_folder_in_use_stays_as_it_is(folder: Path) -> None:
    before = (folder / "comparison.json").read_bytes()
    with lock_folder(folder), pytest.raises(BlockingIOError, match="is in use"):
        compare(Comparison(**SETTINGS | {"lives": 14}), folder)
    assert (folder / "comparison.json").read_bytes() == before


@pytest.mark.parametrize("policy", ["linear", "ppo"])
def test_stopped_in_the_middle_the_same_command_comes_to_the_same_end(
    policy: str, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str) -> None:
        if text.startswith(f"{policy}, seed 1: ") and "held-out" in text:
            raise KeyboardInterrupt

    changes = SETTINGS["changes"] if policy == "linear" else {}
    alone = Comparison(**SETTINGS | {"policies": (policy,), "seeds": 1, "changes": changes})
    with monkeypatch.context() as patch:
        patch.setattr("lndp_agents.compare.runner.say", stop)
        with pytest.raises(KeyboardInterrupt):
            compare(alone, tmp_path / "stopped")
    trained = tmp_path / "stopped" / "trainings" / f"{policy}_s1"
    assert not (trained / "lives.safetensors").exists()
    compare(alone, tmp_path / "stopped")
    np.testing.assert_array_equal(scores_of(tmp_path / "stopped", policy), scores_of(finished[0], policy)[:1])
    if policy == "linear":
        undisturbed = finished[0] / "trainings" / "linear_s1" / "metrics.csv"
        assert (trained / "metrics.csv").read_bytes() == undisturbed.read_bytes()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"environment": "lndp/Foraging-v0"}, "environment is 'lndp/ForagingReversal-v0' there and"),
        ({"budget_steps": 1400}, "budget_steps is 900 there and 1400 here"),
        ({"keywords": {"size": 7}}, "keywords is {} there and {'size': 7} here"),
    ],
)
def test_the_folder_of_another_comparison_is_refused(folder: Path, change: dict[str, Any], part: str) -> None:
    before = (folder / "comparison.json").read_bytes()
    with pytest.raises(ValueError, match="holds another comparison") as error:
        compare(replace(Comparison(**SETTINGS), **change), folder)
    assert part in str(error.value)
    assert "give another folder" in str(error.value)
    assert (folder / "comparison.json").read_bytes() == before


def test_a_training_by_another_recipe_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"linear_s1 holds another training: remove it, or give"):
        compare(Comparison(**SETTINGS | {"changes": {"linear": {"population": 6}}}), folder)


def test_a_damaged_comparison_is_refused(folder: Path) -> None:
    another_version = (
        (folder / "comparison.json").read_text().replace('"format_version": 1', '"format_version": 2')
    )
    for content in ("{", "[]", "{}", "[" * 10**5, "{}" * 2**20, another_version):
        (folder / "comparison.json").write_text(content)
        with pytest.raises(ValueError, match=r"comparison\.json: .*give another folder"):
            compare(Comparison(**SETTINGS), folder)


def test_a_budget_below_a_generation_is_refused(tmp_path: Path) -> None:
    settings = SETTINGS | {"policies": ("linear",), "budget_steps": 399}
    with pytest.raises(ValueError, match=r"budget_steps=399: the first generation of linear takes more"):
        compare(Comparison(**settings), tmp_path / "new")


def test_a_run_and_a_zoo_agent_compete_as_they_are(folder: Path, tmp_path: Path) -> None:
    run = folder / "trainings" / "linear_s1"
    names = ("zoo:foraging-reversal", f"agent:{run}", f"agent:{run / 'best'}")
    rows = compare(Comparison(environment=REVERSAL, policies=names, lives=8), tmp_path / "fixed")
    results = json.loads((zoo_folder("foraging-reversal") / "results.json").read_text())
    assert rows[0].mean == np.mean(results["score"]["scores"][:8])  # the lives of the card
    own, before = results["evolution_seeds"][0]["steps"], results["steps_before"]
    assert rows[0].steps == own + before
    assert rows[0].note == f"an evolution of its own, {own:,} after {before:,} steps"
    assert rows[1].mean == rows[2].mean == scores_of(folder, "linear")[0, :8].mean()
    assert (rows[1].steps, rows[1].note) == (800, "a run of its own")
    assert not math.isnan(rows[0].low)
    assert not (tmp_path / "fixed" / "learning_curves.csv").exists()


def test_a_search_around_a_zoo_agent_competes_with_what_that_had_spent(tmp_path: Path) -> None:
    small = {"population": 4, "lives": 1, "evaluate_every": 9, "held_out_lives": 2}
    settings = SETTINGS | {
        "policies": ("lndp@cartpole",),
        "seeds": 1,
        "budget_steps": 400,
        "lives": 2,
        "changes": {"lndp@cartpole": small},
    }
    (row,) = compare(Comparison(**settings), tmp_path / "new")
    before = json.loads((zoo_folder("cartpole") / "results.json").read_text())["evolution_seeds"][0]["steps"]
    assert (row.steps, row.note) == (400, f"1 here, around cartpole ({before:,} steps before)")
    with Run.open(tmp_path / "new" / "trainings" / "lndp@cartpole_s1") as run:
        assert run.config.start == "cartpole"


def test_a_run_that_has_just_begun_competes_too(tmp_path: Path) -> None:
    recipe = EvolutionConfig(environment=REVERSAL, policy="linear", population=4, lives=1)
    with Run.create(recipe, tmp_path / "run"):
        pass
    settings = SETTINGS | {"policies": (f"agent:{tmp_path / 'run'}",), "changes": {}, "lives": 2}
    (row,) = compare(Comparison(**settings), tmp_path / "new")
    assert (row.steps, row.note) == (0, "a run of its own")
