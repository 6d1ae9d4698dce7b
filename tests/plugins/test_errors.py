"""What goes wrong in somebody's plug-in is told with his file and line, whatever the kind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lndp_agents import cli

from .conftest import FORAGING, PLUGINS, SIZES

TRAIN = ["train", FORAGING, *SIZES, "--generations", "1", "--out", "run"]
FAULTS = {
    "mechanism": ("WireCost", "def log_odds(self, now):", [*TRAIN, "--mechanism"]),
    "policy": ("LeakyConfig", "def __post_init__(self):", [*TRAIN, "--policy"]),
    "searcher": ("OnePlusLambda", "def tell(self, *arguments):", [*TRAIN, "--searcher"]),
    "objective": ("with_bandit", "", [*TRAIN, "--objective"]),
    "environment": ("Moth", "def observe(self, state):", ["train", "{}", *TRAIN[2:]]),
    "intervention": (
        "Clamp",
        "def on_state(self, step, network):",
        ["lesion", "foraging-reversal", "--at", "5", "--lives", "2", "--lesion"],
    ),
}
"""By kind: the class or function of examples/plugins, the method in which `None + 1` stands, the command."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; what is imported from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(PLUGINS)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("faulty_"):
            del sys.modules[name]


def write_fault(here: Path, kind: str, name: str, method: str, fault: str) -> Path:
    """A plug-in like that of examples/plugins, but for one method, whose line is the last of the file."""
    file = here / f"faulty_{kind}.py"
    base = {"environment": "world"}.get(kind, kind)
    head = f"import {base}\n\n\nclass {name}({base}.{name}):\n    {method}\n        "
    if kind == "objective":
        head = f"def {name}(description):\n    return lambda genomes, generation: "
        fault = fault.removeprefix("return ")
    file.write_text(f"{head}{fault}\n")
    return file


@pytest.mark.filterwarnings("ignore:running eagerly, slower by 10 times:RuntimeWarning")
@pytest.mark.parametrize("debug", [False, True], ids=["one line", "traceback"])
@pytest.mark.parametrize("kind", FAULTS)
def test_an_error_names_the_file_and_line_of_the_plug_in(
    kind: str,
    debug: bool,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if debug:
        monkeypatch.setenv("LNDP_DEBUG", "1")
    name, method, command = FAULTS[kind]
    file = write_fault(here, kind, name, method, "return None + 1")
    plug_in = f"{file}:{name}"
    arguments = [each.format(plug_in) for each in command]
    assert cli.main(arguments if plug_in in arguments else [*arguments, plug_in]) == 2
    told = capsys.readouterr().err
    lines = len(file.read_text().splitlines())
    error = (
        f"lndp: error: {kind} '{plug_in}' raised TypeError: unsupported operand type(s) for +: "
        f"'NoneType' and 'int' in {file}, line {lines} ("
    )
    assert told.splitlines()[-1].startswith(error), told
    assert ("Traceback (most recent call last)" in told) is debug
    assert not (here / "run").exists()


@pytest.mark.parametrize(
    ("kind", "option", "message"),
    [
        ("policy", ["--program", "units=0"], "lndp: error: units=0: give an integer from 1 to 1024"),
        ("searcher", ["--searcher-options", "pace=1"], "got an unexpected keyword argument 'pace'"),
        ("objective", ["--objective-options", "pace=1"], "got an unexpected keyword argument 'pace'"),
    ],
)
def test_what_a_person_gives_a_plug_in_is_told_as_for_what_is_built_in(
    kind: str, option: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = FAULTS[kind][0]
    assert cli.main([*TRAIN, f"--{kind}", f"{PLUGINS / kind}.py:{name}", *option]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_keywords_that_dynamics_do_not_take_are_told_with_those_that_they_do(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", f"{PLUGINS / 'world.py'}:Moth", *TRAIN[2:], "--env-kwargs", "cell=3"]) == 2
    assert "(did you mean 'cells'?); known are cells, hazard" in capsys.readouterr().err
