"""Signals at any moment of the installed command: no traceback, the promised exit code, nothing lost."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lndp_agents.interrupts import interruptible
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

LNDP = str(Path(sys.executable).with_name("lndp"))
TINY = ["nodes=11", "node_features=2", "edge_features=1", "attention_heads=1", "query_features=1"]
TINY += ["value_features=1", "decision_features=2", "initial_density=0.5"]
TRAIN = [LNDP, "train", "lndp/Foraging-v0", "--population", "4", "--lives", "1", "--held-out-lives", "2"]
TRAIN += ["--evaluate-every", "2", "--generations", "1000000", "--program", *TINY]
AT_IMPORT = """
import os, signal, sys

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPTED_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupter())
"""


def interrupted_at(module: str, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command that gets Ctrl-C at the moment when it imports a module."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(AT_IMPORT)
    environment = os.environ | {"PYTHONPATH": str(folder / "site"), "INTERRUPTED_AT": module}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "module",
    [
        *("lndp_agents", "numpy", "lndp_agents.arguments", "torch"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                *(
                    "torch.fx",
                    "torch.nn.functional",
                    "lndp_agents.commands.zoo",
                    "evotorch",
                    "ray",
                    "ray._raylet",
                ),
                *("pandas", "evotorch.algorithms", "lndp_agents.run.run", "rich.live", "tensorboard"),
            )
        ),
    ],
)
def test_ctrl_c_while_libraries_load_is_no_traceback(tmp_path: Path, module: str) -> None:
    done = interrupted_at(module, tmp_path, *TRAIN, "--out", "run")
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        ("lndp: interrupted", "stopped at once, whole generations")
    )


class Training:
    """`lndp train` without end in a process, which has done some generations."""

    def __init__(self, folder: Path, **streams: int) -> None:
        self.folder = folder
        self.child = subprocess.Popen([*TRAIN, "--out", str(folder)], text=True, **streams)
        while self.rows < 2:
            assert self.child.poll() is None, self.child.communicate()
            time.sleep(0.02)

    @property
    def rows(self) -> int:
        path = self.folder / "hashes.csv"
        return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0

    def end(self, *numbers: int) -> tuple[int, str]:
        """Send signals, as fast as they go; the exit code, and what was said on stderr."""
        for number in numbers:
            self.child.send_signal(number)
        _, err = self.child.communicate()
        return self.child.returncode, err or ""

    def require_sound(self) -> None:
        """All that was recorded is there and goes on."""
        done = self.rows
        with Run.open(self.folder, done + 2) as run:
            assert run.generation in (done, done - 1)
            list(run.generations())
        assert verify(self.folder, seed=0).differences == []


INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@pytest.mark.slow
@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        ([INT], {130}),
        ([INT, INT], {130}),
        ([INT] * 20, {130}),
        ([TERM], {130}),
        ([TERM, INT] * 10, {130, -TERM}),
        ([HUP], {-HUP}),
        ([INT, HUP], {-HUP}),
    ],
)
def test_a_storm_of_signals_ends_a_training_without_a_traceback(
    tmp_path: Path, numbers: Sequence[int], codes: set[int]
) -> None:
    training = Training(tmp_path / "run", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    code, err = training.end(*numbers)
    assert code in codes, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    training.require_sound()


@pytest.mark.slow
def test_whoever_reads_the_progress_may_leave(tmp_path: Path) -> None:
    training = Training(tmp_path / "run", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert training.child.stdout
    assert training.child.stdout.readline().startswith("lndp/Foraging-v0, ")
    training.child.stdout.close()
    assert training.child.wait() == 2
    training.require_sound()


@pytest.mark.slow
def test_a_terminal_may_be_closed(tmp_path: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(LNDP, [*TRAIN, "--out", str(tmp_path / "run")])
    path = tmp_path / "run" / "hashes.csv"
    while not path.exists() or path.read_bytes().count(b"\n") < 3:
        assert os.waitpid(child, os.WNOHANG) == (0, 0), os.read(terminal, 10_000)
        time.sleep(0.02)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (-HUP, 2)
    done = path.read_bytes().count(b"\n") - 1
    with Run.open(tmp_path / "run") as run:
        assert run.generation in (done, done - 1)


def test_signals_that_are_ignored_stay_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible(signal.SIGHUP, signal.SIGTERM) as received:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert received == []
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_first_signal_raises_or_tells_and_then_raises() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible(signal.SIGTERM) as received:
        signal.raise_signal(signal.SIGTERM)
    assert received == [signal.SIGTERM]
    told: list[str] = []
    with interruptible(signal.SIGTERM, tell=lambda: told.append("once")):
        signal.raise_signal(signal.SIGTERM)
        assert told == ["once"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert told == ["once"]


def test_where_nothing_can_be_told_the_signal_counts_all_the_same() -> None:
    def gone() -> None:
        raise BrokenPipeError

    with interruptible(signal.SIGTERM, tell=gone) as received:
        signal.raise_signal(signal.SIGTERM)
    assert received == [signal.SIGTERM]
