"""`lndp lesion`: its table, its files, and what it refuses."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import load_pretrained
from lndp_agents.baselines import Job, train_baseline
from lndp_agents.interventions import Lesion
from lndp_agents.studies.recovery import measure_recovery

Lndp = Callable[..., Any]
FORAGING = "lndp/Foraging-v0"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_json_is_pure_and_equals_the_function(lndp: Lndp, finished: Path) -> None:
    result = lndp("lesion", finished, "--zero", 0.5, "--at", 40, "--lives", 6, "--seed", 3, "--json")
    agent = load_pretrained(finished / "best")
    expected = measure_recovery(agent, FORAGING, lesion=Lesion(at=40, zero=0.5), lives=6, seed=3)
    assert result.code == 0
    found = json.loads(result.out)
    assert found["lesion"] == {"at": 40, "zero": 0.5}
    assert found["score_intact"] == expected.intact.score.mean
    assert found["score_lesioned"] == expected.lesioned.score.mean
    assert found["recovered"] == (expected.recovered and list(expected.recovered))
    assert [window["damage"] for window in found["windows"]] == [
        list(window.damage) for window in expected.windows
    ]
    stem = f"lesions/{finished.name}_zero-0.5_at-40"
    assert result.err.splitlines() == [
        "6 lives, 50 % of the weights zeroed at step 40",
        "6 lives, intact",
        f"wrote {stem}.csv and .png",
    ]
    rows = list(csv.DictReader(Path(f"{stem}.csv").read_text().splitlines()))
    assert [float(row["intact"]) for row in rows] == [window.intact.mean for window in expected.windows]
    assert Path(f"{stem}.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("option", "text_and_file"),
    [
        ("--freeze", ("plasticity frozen at step 9", "freeze_at-9")),
        ("--cut-reward", ("reward cut at step 9", "cut-reward_at-9")),
        ("--saturate 30", ("actuators saturated for 30 steps at step 9", "saturate-30_at-9")),
        ("--nodes 2", ("2 hidden nodes lesioned at step 9", "nodes-2_at-9")),
    ],
)
def test_people_get_a_table(
    lndp: Lndp, finished: Path, tmp_path: Path, option: str, text_and_file: tuple[str, str]
) -> None:
    text, file = text_and_file
    out = tmp_path / "new" / "folder"
    result = lndp("lesion", finished, *option.split(), "--at", 9, "--lives", 4, "--out", out)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == f"{finished.name} in {FORAGING}, 4 lives, seed 0: {text}"
    assert lines[1].split() == ["reward", "per", "step", "steps", "intact", "lesioned", "damage"]
    assert [line.split("  ")[0] for line in lines[2:6]] == ["before", "right after", "worst", "at the end"]
    assert lines[6].startswith(("recovered: ", "nothing to recover from: "))
    assert lines[7].startswith("score per episode: intact ")
    assert sorted(path.name for path in out.iterdir()) == [
        f"{finished.name}_{file}.csv",
        f"{finished.name}_{file}.png",
    ]


@pytest.mark.parametrize("name", ["a$b$", "$\\frac{$"])
def test_a_folder_whose_name_matplotlib_would_read_is_drawn(
    lndp: Lndp, finished: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(finished / "best", tmp_path / name)
    result = lndp("lesion", name, "--env", FORAGING, "--freeze", "--at", 9, "--lives", 2)
    assert result.code == 0, result.err
    assert (tmp_path / "lesions" / f"{name}_freeze_at-9.png").stat().st_size > 10_000
    assert (tmp_path / "lesions" / f"{name}_freeze_at-9.csv").is_file()


def test_a_baseline_is_named_by_its_folder(lndp: Lndp, tmp_path: Path) -> None:
    train_baseline("scripted", Job(FORAGING, {"size": 7}), tmp_path / "best")
    result = lndp("lesion", tmp_path / "best", "--saturate", 20, "--at", 30, "--lives", 4, "--json")
    found = json.loads(result.out)
    assert (found["environment"], found["environment_keywords"]) == (FORAGING, {"size": 7})
    assert found["score_intact"] > found["score_lesioned"]
    other = lndp(
        "lesion", tmp_path / "best", "--freeze", "--at", 0, "--lives", 2, "--json", "--env", "lndp/Bandit-v0"
    )
    assert other.code == 2  # of another action space


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--zero 2 --at 5", "zero=2.0: give a share from 0 to 1"),
        ("--zero 0.5 --at 100", "at=100: a life has 100 steps; give 0 to 99"),
        ("--freeze --at -1", "at=-1: give an integer from 0"),
        ("--saturate 0 --at 5", "saturate=0: give an integer from 1"),
        ("--nodes 99 --at 5", "nodes=99: this policy has"),
        ("--freeze --at 5 --lives 0", "lives=0: give 1 to 1000000"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    lndp: Lndp, finished: Path, tmp_path: Path, options: str, message: str
) -> None:
    result = lndp("lesion", finished, *options.split())
    assert (result.code, result.out) == (2, "")
    assert message in result.err.splitlines()[-1]
    assert result.err.splitlines()[-1].startswith("lndp: error: ")
    assert "Traceback" not in result.err
    assert not (tmp_path / "lesions").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--at 5",
            "one of the arguments --zero --freeze --saturate --cut-reward --nodes --lesion is required",
        ),
        ("--freeze", "the following arguments are required: --at"),
        ("--freeze --at 5 --nodes 2", "not allowed with argument"),
        ("--zero much --at 5", "invalid float value: 'much'"),
    ],
)
def test_a_real_process_refuses_wrong_arguments(finished: Path, options: str, message: str) -> None:
    command = [sys.executable, "-m", "lndp_agents.cli", "lesion", str(finished), *options.split()]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


def test_the_core_install_prints_all_and_draws_no_picture(finished: Path, tmp_path: Path) -> None:
    """Without the extras, of which matplotlib is one: they are hidden by packages that cannot be imported."""
    for name in ("matplotlib", "evotorch", "ray", "rich", "tensorboard", "stable_baselines3", "sb3_contrib"):
        (tmp_path / "hidden" / name).mkdir(parents=True)
        text = f"raise ModuleNotFoundError({f'No module named {name!r}'!r}, name={name!r})\n"
        (tmp_path / "hidden" / name / "__init__.py").write_text(text)
    command = [Path(sys.executable).with_name("lndp"), "lesion", finished, "--zero", "1", "--at", "50"]
    result = subprocess.run(
        [*command, "--lives", "4", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "hidden")},
    )
    assert result.returncode == 0, result.stderr
    assert "100 % of the weights zeroed at step 50" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("score per episode: intact ")
    file = tmp_path / "out" / f"{finished.name}_zero-1.0_at-50.csv"
    assert result.stderr.splitlines()[-1] == (
        f'wrote {file}, but no picture: plots need matplotlib: pip install "lndp-agents[train]"'
    )
    assert [path.name for path in (tmp_path / "out").iterdir()] == [file.name]


def test_a_real_process_lesions(finished: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lndp_agents.cli", "lesion", str(finished)]
    options = ["--zero", "1", "--at", "50", "--lives", "4", "--out", str(tmp_path / "out")]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "100 % of the weights zeroed at step 50" in result.stdout
    assert len(list((tmp_path / "out").iterdir())) == 2
    told = subprocess.run([*command[:-1], "--help"], capture_output=True, text=True, check=False).stdout
    assert all(option in told for option in ("--zero", "--freeze", "--saturate", "--cut-reward", "--nodes"))
