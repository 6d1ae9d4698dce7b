"""`lndp train` and `lndp resume`: results, resumption, Ctrl-C."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lndp_agents.run.progress import Progress
from lndp_agents.run.run import Run
from lndp_agents.run.writer import Checkpoint, RunWriter

Lndp = Callable[..., Any]
FILES = ("metrics.csv", "last/model.safetensors", "best/model.safetensors", "mean/model.safetensors")
LNDP = Path(sys.executable).with_name("lndp")
COMMAND = [sys.executable, "-m", "lndp_agents.cli"]


def contents(folder: Path) -> dict[str, bytes]:
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    files = [folder / name for name in FILES] + sorted(newest.iterdir())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def num_rows(folder: Path) -> int:
    path = folder / "metrics.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def test_train_says_where_it_works_and_what_it_found(
    lndp: Lndp, train_options: list[str], tmp_path: Path
) -> None:
    result = lndp(*train_options, "--generations", 3, "--out", tmp_path / "run")
    assert result.code == 0
    lines = result.err.splitlines()
    assert lines[0].startswith("lndp/Foraging-v0: preset default: policy lndp (")
    assert "5 inputs (place), 3 outputs; CMAES of 8 genomes x 4 lives; sigma 0.25, update_bias 5" in lines[0]
    assert lines[1] == f"run folder: {tmp_path / 'run'}; a generation has at most 3,200 steps of life"
    assert lines[2].startswith("generation 2/3: held-out ")
    run = Run.open(tmp_path / "run")
    for _ in run.generations():
        pass
    assert (
        result.out == f"best held-out score: {run.best_score:.1f} per episode; "
        f"the agent is in {tmp_path / 'run' / 'best'}\n"
    )


def test_json_is_all_there_is_on_stdout(lndp: Lndp, train_options: list[str], tmp_path: Path) -> None:
    result = lndp(*train_options, "--generations", 2, "--out", tmp_path / "run", "--json")
    with (tmp_path / "run" / "metrics.csv").open() as file:
        scores = [float(row["held_out"]) for row in csv.DictReader(file) if row["held_out"]]
    assert json.loads(result.out) == {"run": str(tmp_path / "run"), "generations": 2, "held_out": max(scores)}


def test_the_score_that_train_prints_is_in_the_table_whatever_the_schedule(
    lndp: Lndp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the installed command; the run that goes on is the one that never ended there."""
    monkeypatch.chdir(tmp_path)

    def table(run: str) -> list[str]:
        with (tmp_path / run / "metrics.csv").open() as file:
            return [row["held_out"] for row in csv.DictReader(file)]

    train = ["train", "lndp/Foraging-v0", "--population", 4, "--lives", 1, "--held-out-lives", 2]
    train += ["--program", "nodes=11", "--evaluate-every", 2]
    command = [str(option) for option in (LNDP, *train, "--generations", 3, "--out", "run", "--json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    score = json.loads(done.stdout)["held_out"]
    assert [bool(cell) for cell in table("run")] == [False, True, True]
    assert score == max(float(cell) for cell in table("run") if cell)
    assert lndp("verify", "run", "--all").out.startswith("run: generations 1 to 3 computed again")
    assert json.loads(lndp("resume", "run", "--json").out)["held_out"] == score
    assert lndp("resume", "run", "--generations", 5).code == 0
    assert lndp("verify", "run", "--all").out.startswith("run: generations 1 to 5 computed again")
    assert lndp(*train, "--generations", 5, "--out", "whole").code == 0
    assert [bool(cell) for cell in table("run")] == [False, True, False, True, True]
    for name in ("metrics.csv", "hashes.csv", "best/model.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_every_option_reaches_the_recipe(lndp: Lndp, tmp_path: Path) -> None:
    recipe = {
        "environment": "CartPole-v1",
        "population": 6,
        "lives": 2,
        "program": {"nodes": 16, "bias": True},
    }
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    options = "--generations 1 --seed 5 --sigma 0.25 --episodes 2 --evaluate-every 3 --held-out-lives 2"
    options += " --worst-weight 0.75 --density-penalty 2 --full-covariance --program node_features=2 nodes=12"
    options += " --searcher-options c_m=0.5 active=false --population 4 --max-steps 30"
    result = lndp("train", "--recipe", tmp_path / "recipe.json", "--out", tmp_path / "run", *options.split())
    assert result.code == 0, result.err
    saved = json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]
    assert saved == {
        "environment": "CartPole-v1",
        "environment_keywords": {"max_episode_steps": 30},
        "episodes": 2,
        "program": {"nodes": 12, "bias": True, "node_features": 2},
        "encoding": "scaled",
        "seed": 5,
        "generations": 1,
        "population": 4,
        "lives": 2,
        "searcher": "CMAES",
        "searcher_options": {"c_m": 0.5, "active": False},
        "separable": False,
        "sigma": 0.25,
        "worst_weight": 0.75,
        "density_penalty": 2.0,
        "evaluate_every": 3,
        "held_out_lives": 2,
    }


def test_resume_in_a_fresh_process_gives_the_bytes_of_one_run_and_no_warnings(
    lndp: Lndp, train_options: list[str], finished: Path, tmp_path: Path
) -> None:
    assert lndp(*train_options, "--generations", 2, "--out", tmp_path / "run").code == 0
    environment = os.environ | {"PYTHONWARNINGS": "always", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*COMMAND, "resume", "run", "--generations", "4", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generations"] == 4
    assert "arning" not in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(tmp_path / "run") == contents(finished)


def test_a_finished_run_says_so(lndp: Lndp, run_folder: Path) -> None:
    before = contents(run_folder)
    result = lndp("resume", run_folder)
    assert result.code == 0
    assert f"{run_folder} is finished: all 4 generations are done, --generations gives more" in result.err
    assert result.out.startswith("best held-out score: ")
    assert contents(run_folder) == before


def test_resume_tells_what_it_skipped(lndp: Lndp, run_folder: Path, finished: Path) -> None:
    manifest = sorted((run_folder / "checkpoints").iterdir())[-1] / "manifest.json"
    manifest.unlink()
    result = lndp("resume", run_folder)
    assert result.code == 0
    assert result.err.startswith("skipped checkpoint generation_000000004: ")
    assert contents(run_folder) == contents(finished)


def test_ctrl_c_finishes_the_generation_and_tells_how_to_go_on(
    lndp: Lndp, train_options: list[str], finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Progress.show

    def interrupted(self: Progress, record: Any) -> None:
        shown(self, record)
        if record.generation == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(Progress, "show", interrupted)
        result = lndp(*train_options, "--generations", 4, "--out", tmp_path / "run")
    assert result.code == 130
    assert result.out == ""
    assert "finishing this generation; once more to quit at once" in result.err
    assert result.err.endswith(f"stopped after generation 2; go on with: lndp resume {tmp_path / 'run'}\n")
    assert signal.getsignal(signal.SIGINT) is before
    assert Run.open(tmp_path / "run").generation == 2
    assert lndp("resume", tmp_path / "run").code == 0
    assert contents(tmp_path / "run") == contents(finished)


def test_a_second_ctrl_c_quits_at_once(
    lndp: Lndp, train_options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint = RunWriter.write_checkpoint

    def interrupted_twice(self: RunWriter, checkpoint: Checkpoint) -> None:
        if checkpoint[0].generation == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
        write_checkpoint(self, checkpoint)

    monkeypatch.setattr(RunWriter, "write_checkpoint", interrupted_twice)
    result = lndp(*train_options, "--generations", 4, "--out", tmp_path / "run")
    assert result.code == 130
    assert f"go on with: lndp resume {tmp_path / 'run'}" in result.err
    assert Run.open(tmp_path / "run").generation == 1


def test_ctrl_c_before_the_evolution_leaves_no_traceback(
    lndp: Lndp, train_options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "create", interrupt)
    result = lndp(*train_options, "--out", tmp_path / "run")
    assert (result.code, result.out, result.err) == (130, "", "lndp: interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_child_stops_at_sigint_and_can_be_resumed(
    lndp: Lndp, train_options: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    command = [*COMMAND, *train_options, "--generations", "100000", "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while num_rows(folder) < 2:
            assert child.poll() is None, child.communicate()[1]
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate()
    assert child.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    done = num_rows(folder)
    assert f"stopped after generation {done}; go on with: lndp resume {folder}" in err
    result = lndp("resume", folder, "--generations", done + 1, "--json")
    assert json.loads(result.out)["generations"] == done + 1
    score = lndp("evaluate", folder, "--lives", 4, "--json")
    assert json.loads(score.out)["environment"] == "lndp/Foraging-v0"
