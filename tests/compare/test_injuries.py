"""The script that injures the policies of a comparison, tiny."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_comparison import read_csv, script

from lndp_agents import load_pretrained
from lndp_agents.baselines import load_baseline
from lndp_agents.compare import Comparison
from lndp_agents.interventions import Lesion
from lndp_agents.plotting.figures import png
from lndp_agents.studies.evaluation import evaluate_policy_lives
from lndp_agents.studies.statistics import interquartile_mean

LIVES = 4


@pytest.fixture(scope="module")
def injuries() -> Any:
    return script("injuries")


def test_a_row_has_the_rewards_after_the_injury(injuries: Any, folder: Path) -> None:
    known = json.loads((folder / "comparison.json").read_text())
    names = ["zoo:foraging-reversal", "linear", "ppo", "random"]
    (folder / "comparison.json").write_text(json.dumps(known | {"policies": names}))
    injuries.main(["--world", folder.name, "--lives", str(LIVES), "--results", str(folder.parent)])
    rows = {(row["policy"], row["injury"]): row for row in read_csv(folder / "injuries.csv")}
    assert len(rows) == 3 * 6
    cut = Lesion(at=50, cut_reward=True)
    lives = [
        evaluate_policy_lives(policy, known["environment"], lives=LIVES, seed=7, lesion=cut)
        for policy in (load_baseline(folder / "trainings" / f"ppo_s{seed}") for seed in (1, 2))
    ]
    row = rows["ppo", "reward cut"]
    assert row["trainings"] == "2"
    rewards = interquartile_mean([own.rewards[:, 50:].mean() for own in lives])
    assert float(row["reward"]) == pytest.approx(rewards, abs=5e-5)
    assert float(row["low"]) <= float(row["reward"]) <= float(row["high"])
    zoo = evaluate_policy_lives(
        load_pretrained("foraging-reversal"), known["environment"], lives=LIVES, seed=7
    )
    intact = rows["zoo:foraging-reversal", "intact"]
    assert float(intact["reward"]) == pytest.approx(zoo.rewards[:, 50:].mean(), abs=5e-5)
    silent = rows["linear", "a quarter of the hidden nodes silenced"]
    assert (silent["trainings"], silent["reward"]) == ("0", "")  # it has none
    table = (folder / "injuries.md").read_text()
    assert f"| {float(row['reward']):.2f} ({float(row['low']):.2f} to" in table
    curves = read_csv(folder / "injury_curves.csv")
    own = [row for row in curves if (row["policy"], row["injury"]) == ("ppo", "reward cut")]
    assert [float(row["time"]) for row in own] == [10 * window + 5 for window in range(10)]  # whole trials
    means = np.mean([run.rewards.mean(0) for run in lives], axis=0).reshape(10, 10).mean(1)
    assert [float(row["reward"]) for row in own] == pytest.approx(means, abs=5e-5)
    assert {row["policy"] for row in curves} == {"zoo:foraging-reversal", "linear", "ppo"}
    assert png(injuries.figure_of(known["environment"], curves, 50)) == (folder / "injuries.png").read_bytes()
    with Image.open(folder / "injuries.png") as figure:
        assert min(figure.size) > 500


def test_a_training_that_goes_on_is_not_injured(injuries: Any, folder: Path) -> None:
    (folder / "trainings" / "ppo_s2" / "lives.safetensors").unlink()
    with pytest.raises(ValueError, match=r"ppo_s2 has not come to its end: let compare.py go on"):
        injuries.main(["--world", folder.name, "--lives", "2", "--results", str(folder.parent)])


def test_rules_have_nothing_to_injure(injuries: Any, tmp_path: Path) -> None:
    Comparison(environment="lndp/Bandit-v0", policies=("scripted", "random")).claim(tmp_path)
    with pytest.raises(ValueError, match="nothing but rules, which have no brain: add other policies"):
        injuries.main(["--world", tmp_path.name, "--results", str(tmp_path.parent)])
