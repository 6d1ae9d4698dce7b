"""Folders of comparisons that others have written in, and names that mean something to matplotlib."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from safetensors.numpy import load, save
from small_comparison import REVERSAL, ROLLOUT, SETTINGS, outputs, read_csv
from stable_baselines3 import PPO

from lndp_agents.baselines import load_baseline
from lndp_agents.baselines.vec_env import make_vec_env
from lndp_agents.compare import Comparison, Row, compare
from lndp_agents.plotting.figures import plain

Finished = tuple[Path, list[Row]]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *(("linear_s1", change) for change in ("lives", "model", "pipe")),
        *(("ppo_s2", change) for change in ("lives", "no rewards", "no record", "deep record")),
    ],
)
def test_lives_are_believed_only_as_they_were_written(
    folder: Path, finished: Finished, name: str, change: str
) -> None:
    """Of a file that is sound but of other lives, nothing comes into the table."""
    before, place = outputs(folder), folder / "trainings" / name
    file, record = place / "lives.safetensors", place / "lives.json"
    lives, hashes = load(file.read_bytes()), json.loads(record.read_text())
    forged = save(lives | {"rewards": np.full_like(lives["rewards"], 5.0)})
    file.write_bytes(forged if change != "no rewards" else save({"steps": lives["steps"]}))
    if change == "model":  # another one lived these lives
        others = {file.name: hashlib.sha256(forged).hexdigest(), "best/model.safetensors": "0" * 64}
        assert set(others) == set(hashes)
        record.write_text(json.dumps(hashes | others))
    if change == "no record":
        record.unlink()
    if change == "deep record":
        record.write_text("[" * 4000)
    if change == "pipe":
        file.unlink()
        os.mkfifo(file)
    assert compare(Comparison(**SETTINGS), folder) == finished[1]
    assert outputs(folder) == before


def test_a_training_with_other_settings_is_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lndp_agents.baselines.ppo.BATCH_SIZE", 64)
    with pytest.raises(ValueError, match=r"ppo_s1 holds another training: remove it, or give"):
        compare(Comparison(**SETTINGS), folder)


def test_a_training_that_lost_its_curve_is_told(folder: Path) -> None:
    for name in ("lives.safetensors", "curve.csv"):
        (folder / "trainings" / "ppo_s1" / name).unlink()
    with pytest.raises(ValueError, match=r"ppo_s1 has lost its curve\.csv: remove it, to train again$"):
        compare(Comparison(**SETTINGS), folder)


def test_models_of_format_1_must_be_trusted(folder: Path, finished: Finished) -> None:
    place = folder / "trainings" / "ppo_s1"
    model: Any = load_baseline(place)
    data = json.loads((place / "baseline.json").read_text()) | {"format_version": 1}
    (place / "baseline.json").write_text(json.dumps(data))
    (place / "model.safetensors").unlink()
    envs = make_vec_env(REVERSAL, {}, 4, 1)
    saved = PPO("MultiInputPolicy", envs, n_steps=ROLLOUT // 4, batch_size=ROLLOUT, device="cpu")
    saved.policy.load_state_dict(model.policy.state_dict())
    saved.save(place / "model.zip")
    with pytest.raises(ValueError, match=r"ppo_s1/model\.zip can run code, .* add --trust"):
        compare(Comparison(**SETTINGS), folder)
    assert compare(Comparison(**SETTINGS), folder, trust=True) == finished[1]
    assert compare(Comparison(**SETTINGS), folder) == finished[1]  # the lives are there, nothing is loaded


@pytest.mark.parametrize("name", ["a$b$", "$\\frac{$", "a|b"])
def test_a_folder_of_any_name_is_drawn_as_it_is_called(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder / "trainings" / "linear_s1" / "best", tmp_path / name)
    policy = f"agent:{tmp_path / name}"
    settings = SETTINGS | {"policies": (policy, "random"), "changes": {}, "lives": 2}
    rows = compare(Comparison(**settings), tmp_path / "out")
    assert rows[0].policy == policy
    assert {row["policy"] for row in read_csv(tmp_path / "out" / "scores.csv")} == {policy, "random"}
    table = (tmp_path / "out" / "comparison.md").read_text()
    assert table.count(policy.replace("|", r"\|")) >= 1
    with Image.open(tmp_path / "out" / "within_life.png") as figure:
        assert min(figure.size) > 300


def test_in_a_figure_a_name_is_no_mathematics() -> None:
    figure = Figure()
    for name in ("a$b$", r"$\frac{$", "$x$", r"\$x$"):
        text = figure.text(0, 0, plain(name))
        shown, is_math = text._preprocess_math(text.get_text())
        assert (shown, is_math) == (name, False)


@pytest.mark.parametrize("name", ["agent:a\nb", "agent:\udcff", "agent:\x1b[2J"])
def test_a_name_that_cannot_be_written_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match=r"^policy 'agent:[^\n]*' cannot be written into a table: rename"):
        Comparison(**SETTINGS | {"policies": (name,), "changes": {}})
