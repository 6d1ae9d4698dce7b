"""Tasks side by side: order, errors, ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_comparison import REVERSAL, read_csv

from lndp_agents.compare.processes import side_by_side

AT_IMPORT = signal.getsignal(signal.SIGINT)
"""In a process of `side_by_side` this is before it has begun its task."""


def write_handler(path: Path) -> None:
    path.write_text(str(AT_IMPORT))


def write_pid(path: Path) -> None:
    """A task; its name says how it goes."""
    path.write_text(str(os.getpid()))
    if path.name == "bad":
        raise ValueError("it is\nbad: mend it")
    if path.name == "dead":
        os._exit(3)
    if path.name == "long":
        time.sleep(600)


def test_one_worker_is_this_process(tmp_path: Path) -> None:
    tasks = [tmp_path / name for name in "abc"]
    assert list(side_by_side(write_pid, tasks, 1)) == tasks
    assert {path.read_text() for path in tasks} == {str(os.getpid())}
    with pytest.raises(ValueError, match="mend it"):
        list(side_by_side(write_pid, [tmp_path / "bad"], 1))


@pytest.mark.slow
def test_each_task_has_a_process_and_the_first_error_ends_all(tmp_path: Path) -> None:
    tasks = [tmp_path / name for name in "abc"]
    assert sorted(side_by_side(write_pid, tasks, 2)) == tasks
    assert len({path.read_text() for path in tasks} | {str(os.getpid())}) == 4
    for name, message in (
        ("bad", "^it is bad: mend it$"),
        ("dead", "dead.* ended with exit code 3: the same"),
    ):
        kind = ValueError if name == "bad" else ChildProcessError
        with pytest.raises(kind, match=message):
            list(side_by_side(write_pid, [tmp_path / "long", tmp_path / name], 2))
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "long").read_text()), 0)


@pytest.mark.slow
def test_ctrl_c_is_for_the_parent_even_while_a_process_starts(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    tasks = [tmp_path / name for name in "ab"]
    list(side_by_side(write_handler, tasks, 2))
    assert {path.read_text() for path in tasks} == {str(signal.SIG_IGN)}
    assert signal.getsignal(signal.SIGINT) is before is not signal.SIG_IGN


COMMAND = [
    sys.executable,
    "-m",
    "lndp_agents.cli",
    "compare",
    "--env",
    REVERSAL,
    "--policies",
    "linear,random",
]
COMMAND += ["--set", "linear:population=4", "linear:lives=1", "--lives", "4", "--seeds", "2"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_stopped_goes_on(number: int, tmp_path: Path) -> None:
    command = [*COMMAND, "--out", str(tmp_path / "run"), "--workers", "2", "--budget-steps", "12000"]
    metrics = [tmp_path / "run" / "trainings" / f"linear_s{seed}" / "metrics.csv" for seed in (1, 2)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while not all(path.is_file() and path.read_text().count("\n") > 3 for path in metrics):
            assert child.poll() is None, child.communicate()[1]
            time.sleep(0.05)
        child.send_signal(number)
        out, err = child.communicate()  # returns when the children have closed their ends too
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert (child.returncode, out) == (130, "")
        assert f"go on with: lndp {' '.join(command[3:])}\n" in err
    before = [path.read_text().splitlines() for path in metrics]
    assert all(4 <= len(lines) < 31 for lines in before)
    time.sleep(0.5)
    assert [path.read_text().splitlines() for path in metrics] == before  # nobody goes on alone
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    for path, lines in zip(metrics, before, strict=True):
        whole = path.read_text().splitlines()
        assert whole[: len(lines) - 1] == lines[:-1]  # the last one may have been half done
        assert whole[-1].split(",")[:2] == ["30", "12000"]
    assert len(read_csv(tmp_path / "run" / "scores.csv")) == 3 * 4
