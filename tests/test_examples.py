"""The example scripts run as a user would run them, in another folder."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example in a folder of its own, without a display."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(EXAMPLES / script), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_load_and_play_prints_a_life_that_finds_its_food(tmp_path: Path) -> None:
    result = run("load_and_play.py", tmp_path, "--seed", "3")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    fed = [int(line.split("fed")[1].split()[0]) for line in lines[:-1]]
    assert len(fed) == 5
    assert lines[-1] == f"return of the life: {10 * sum(fed)}"
    assert sum(fed) > 25  # one side at most finds food in every second life, and then 50 times or never


def test_stable_baselines3_scores_the_agent(tmp_path: Path) -> None:
    result = run("evaluate_with_sb3.py", tmp_path, "--lives", "8")
    assert result.returncode == 0, result.stderr
    mean = float(result.stdout.split(":")[1].split("+-")[0])
    assert 330 < mean <= 500


def test_evolving_on_an_environment_of_ones_own(tmp_path: Path) -> None:
    result = run("evolve_your_own.py", tmp_path, "--generations", "2", "--out", "run")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("right doors in 20 steps: ")
    with (tmp_path / "run" / "metrics.csv").open() as file:
        assert [row["generation"] for row in csv.DictReader(file)] == ["1", "2"]
    commands = re.findall("lndp [^,\n]+", result.stdout)
    assert [command.split()[1] for command in commands] == ["resume", "evaluate", "verify"]
    for command in commands:
        done = subprocess.run(
            [Path(sys.executable).with_name("lndp"), *command.split()[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with (tmp_path / "run" / "metrics.csv").open() as file:
        assert [row["generation"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("arguments", [["--generations", "2", "--seed", "5"]])
def test_first_run_leaves_a_run_a_plot_and_a_film(tmp_path: Path, arguments: list[str]) -> None:
    result = run("first_run.py", tmp_path, *arguments)
    assert result.returncode == 0, result.stderr
    for word in ("random", "one side", "optimum", "the agent just evolved", "zoo/foraging"):
        assert word in result.stdout
    folder = tmp_path / "runs" / "first_run_1"
    with Image.open(folder / "evolution.png") as plot:
        assert plot.size > (300, 200)
    with Image.open(folder / "life.gif") as film:
        assert film.n_frames > 50
