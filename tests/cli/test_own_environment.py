"""Environments of one's own, from the folder where their module lies, through the installed command."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lndp_agents.encoding_names import ENCODINGS

SMALL = ["--population", "4", "--lives", "2", "--held-out-lives", "2", "--generations", "2"]
LNDP = Path(sys.executable).with_name("lndp")
NO_LIMIT = "lndp: note: my_doors:Rich has no limit of steps, so it gets 1000; --max-steps gives another"


def lndp(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, run in a folder."""
    return subprocess.run(
        [str(LNDP), *map(str, arguments)],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def run(own_folder: Path) -> Path:
    """A run on an id that the module registers."""
    result = lndp(own_folder, "train", "my_doors:Doors-v0", *SMALL, "--out", "run")
    assert result.returncode == 0, result.stderr
    return own_folder / "run"


@pytest.fixture(scope="module")
def rich(own_folder: Path) -> Path:
    """A run on a class of many parts, which the module does not register."""
    result = lndp(own_folder, "train", "my_doors:Rich", *SMALL, "--encoding", "auto", "--out", "rich")
    assert result.returncode == 0, result.stderr
    assert [line for line in result.stderr.splitlines() if line.startswith("lndp: note: ")] == [
        NO_LIMIT,
        "lndp: note: my_doors:Rich: agents do not read mission, which holds no numbers",
    ]
    return own_folder / "rich"


def test_a_run_on_ones_own_module_can_be_evaluated(run: Path) -> None:
    with (run / "metrics.csv").open() as file:
        assert [int(row["steps"]) for row in csv.DictReader(file)] == [4 * 2 * 4, 2 * 4 * 2 * 4]
    result = lndp(run.parent, "evaluate", run.name, "--trust", "--lives", "4", "--json", "--max-steps", "3")
    assert 0 <= json.loads(result.stdout)["mean"] <= 3, result.stderr


def test_a_run_on_a_class_of_it_can_be_resumed_and_verified(rich: Path) -> None:
    result = lndp(rich.parent, "resume", rich.name, "--trust", "--generations", "3", "--json")
    assert json.loads(result.stdout)["generations"] == 3, result.stderr
    result = lndp(rich.parent, "verify", rich.name, "--trust")
    assert result.returncode == 0, result.stderr
    assert "computed again with the same metrics and hashes" in result.stdout


@pytest.mark.slow
def test_it_can_be_watched(run: Path) -> None:
    result = lndp(run.parent, "watch", run.name, "--trust", "--gif", "life.gif", "--steps", "2")
    assert result.returncode == 0, result.stderr
    assert (run.parent / "life.gif").stat().st_size > 1000


@pytest.mark.slow
def test_actors_find_the_module(run: Path) -> None:
    result = lndp(run.parent, "verify", run.name, "--trust", "--actors", "2")
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_processes_of_a_comparison_find_it_too(rich: Path) -> None:
    options = ["--seeds", "2", "--workers", "2", "--budget-steps", "400", "--lives", "4", "--out", "compared"]
    policies = f"agent:{rich.name},mlp,random"
    result = lndp(
        rich.parent,
        *("compare", "--env", "my_doors:Rich", "--policies", policies, *options, "--json"),
        *("--set", "mlp:population=4", "mlp:lives=2", "mlp:held_out_lives=2"),
    )
    assert result.returncode == 0, result.stderr
    assert [row["policy"] for row in json.loads(result.stdout)["policies"]] == policies.split(",")
    assert result.stderr.splitlines().count(NO_LIMIT) == 1
    result = lndp(rich.parent, "compare", "--env", "my_doors:Rich", "--policies", "ppo", *options)
    assert result.stderr.splitlines()[-1].startswith("lndp: error: my_doors:Rich takes actions Dict(")


def test_the_help_names_every_encoding(own_folder: Path) -> None:
    text = " ".join(lndp(own_folder, "train", "--help").stdout.split())
    for name, what in ENCODINGS.items():
        assert f"{name}: {what}" in text


def error_of(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that a person is told beside notes."""
    assert (result.returncode, result.stdout) == (2, "")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("lndp: note: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ("my_door:Doors-v0", ("'my_door' is neither in ", "nor installed; install it, or run where it lies")),
        ("my_doors:Doors-v9", ("`v9`", "`v0`", "or a class of it, such as Doors, Rich")),
        ("my_doors:Door", ("Did you mean: `Doors`?",)),
        ("doors.py:Doors", ("no file 'doors.py'",)),
        ("broken:Doors", ("raised SyntaxError: invalid syntax", "broken.py, line 3;", "LNDP_DEBUG=1")),
        ("needy:Doors", ("raised ModuleNotFoundError: No module named 'no_such_package_here'", "line 2")),
        ("leaving:Doors", ("raised SystemExit: 3 in ", "leaving.py, line 3 (<module>);")),
    ],
)
def test_a_module_that_is_not_as_it_should_be_is_told_in_one_line(
    own_folder: Path, environment: str, parts: tuple[str, ...]
) -> None:
    error = error_of(lndp(own_folder, "train", environment))
    assert error.startswith(f"lndp: error: environment '{environment}'")
    for part in parts:
        assert part in error


def test_what_goes_wrong_in_an_environment_is_told_with_file_and_line(own_folder: Path) -> None:
    options = ["--env-kwargs", "fault=none", "--max-steps", "9", "--lives", "2"]
    result = lndp(own_folder, "evaluate", "bandit", "--env", "my_doors:Doors", *options)
    assert "raised TypeError: float() argument must be a string or a real number" in error_of(result)
    assert "lndp: note: The reward returned by `step()` must be a float" in result.stderr  # by Gymnasium


def test_what_goes_wrong_in_the_first_step_leaves_no_run(own_folder: Path) -> None:
    options = [*SMALL, "--encoding", "scaled", "--env-kwargs", "fault=step", "--out", "failed"]
    result = lndp(own_folder, "train", "my_doors:Doors", *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert "raised KeyError: 'handle'" in result.stderr.splitlines()[-1]
    assert not (own_folder / "failed").exists()


def test_the_traceback_is_there_for_whom_asks(own_folder: Path) -> None:
    options = ["--env-kwargs", "fault=step", "--max-steps", "9", "--lives", "2"]
    result = lndp(own_folder, "evaluate", "bandit", "--env", "my_doors:Doors", *options, LNDP_DEBUG="1")
    assert 'return {}["handle"]' in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "lndp: error: environment 'my_doors:Doors' raised KeyError: 'handle' in "
        f"{own_folder / 'my_doors.py'}, line 33 (step); for the traceback put LNDP_DEBUG=1 before the command"
    )
