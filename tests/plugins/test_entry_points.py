"""Plug-ins that an installed package announces, through the installed command, from an empty folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import FORAGING, PLUGINS, SIZES

LNDP = Path(sys.executable).with_name("lndp")
NAMES = {
    "mechanism": ("wire-cost", "WireCost"),
    "policy": ("leaky", "LeakyConfig"),
    "searcher": ("one-plus-lambda", "OnePlusLambda"),
    "objective": ("with-bandit", "with_bandit"),
    "environment": ("moth", "Moth"),
    "intervention": ("clamp", "Clamp"),
}
MODULES = {"environment": "world"}
Run = Callable[..., subprocess.CompletedProcess[str]]
TRAIN = [*SIZES, "--generations", "1", "--json"]


def test_each_is_one_file_of_less_than_80_lines() -> None:
    files = [PLUGINS / f"{MODULES.get(kind, kind)}.py" for kind in NAMES]
    assert sorted(PLUGINS.glob("*.py")) == sorted(files)
    assert all(len(file.read_text("utf-8").splitlines()) < 80 for file in files)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip leaves it: modules of another package, and what the package announces."""
    folder = tmp_path_factory.mktemp("site")
    lines = ["[lndp_agents.plugins]"]
    for kind, (name, attribute) in NAMES.items():
        module = f"my_{kind}"
        shutil.copy(PLUGINS / f"{MODULES.get(kind, kind)}.py", folder / f"{module}.py")
        lines.append(f"{kind}.{name} = {module}:{attribute}")
    about = folder / "my_plugins-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-plugins\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("\n".join([*lines, ""]))
    return folder


@pytest.fixture
def lndp(installed: Path, tmp_path: Path) -> Run:
    """The installed command where the package is installed, or with `bare` where it is not."""

    def run(*arguments: object, bare: bool = False) -> subprocess.CompletedProcess[str]:
        paths = [*([] if bare else [str(installed)]), os.environ.get("PYTHONPATH", "")]
        return subprocess.run(
            [str(LNDP), *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def check(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_announced_is_listed_and_used_by_its_name_without_trust(lndp: Run) -> None:
    assert "moth/Moth-v0" in check(lndp("envs"))
    searched = ["--searcher", "one-plus-lambda", "--mechanism", "wire-cost"]
    check(lndp("train", "moth", *searched, *TRAIN, "--out", "run"))
    found = json.loads(check(lndp("evaluate", "run", "--lives", 4, "--json")))
    assert found["environment"] == "moth"
    refused = lndp("evaluate", "run", "--lives", 4, bare=True)
    assert refused.returncode == 2
    assert "mechanism='wire-cost': give MODULE:NAME" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind != "intervention"])
def test_an_announced_name_goes_through_every_command(kind: str, lndp: Run, tmp_path: Path) -> None:
    name = NAMES[kind][0]
    environment = name if kind == "environment" else FORAGING
    option = [] if kind == "environment" else [f"--{kind}", name]
    check(lndp("train", environment, *option, *TRAIN, "--out", "run"))
    check(lndp("resume", "run", "--generations", 2))
    assert "same metrics and hashes" in check(lndp("verify", "run", "--all"))
    some = ["--lives", 2, "--json"]
    mean = json.loads(check(lndp("evaluate", "run", *some)))["mean"]
    lesion = ["--cut-reward"] if kind == "policy" else ["--lesion", "clamp"]
    hurt = json.loads(check(lndp("lesion", "run", *some, *lesion, "--at", 4)))
    assert hurt["score_intact"] == pytest.approx(mean)
    compared = ["--env", environment, "--policies", "agent:run,random", "--max-steps", 12]
    rows = json.loads(check(lndp("compare", *compared, *some, "--out", "all")))["policies"]
    assert [row["policy"] for row in rows] == ["agent:run", "random"]
    if kind != "policy":
        assert json.loads(check(lndp("diagnose", "run", *some)))["environment"] == environment
        check(lndp("watch", "run", "--gif", "life.gif", "--steps", 2, "--width", 320))
        assert (tmp_path / "life.gif").read_bytes()[:6] == b"GIF89a"


@pytest.mark.slow
def test_one_that_is_named_by_its_module_needs_no_trust_where_it_is_announced(lndp: Run) -> None:
    check(lndp("train", FORAGING, "--policy", "my_policy:LeakyConfig", *TRAIN, "--out", "run"))
    mean = json.loads(check(lndp("evaluate", "run", "--lives", 4, "--json")))["mean"]
    assert mean == json.loads(check(lndp("evaluate", "run", "--lives", 4, "--json", "--trust")))["mean"]


@pytest.mark.slow
def test_a_file_of_ones_own_is_used_from_another_folder_and_needs_trust(lndp: Run) -> None:
    check(lndp("train", f"{PLUGINS / 'world.py'}:moth/Moth-v0", *TRAIN, "--out", "run", bare=True))
    refused = lndp("evaluate", "run", "--lives", 4, "--json", bare=True)
    assert refused.returncode == 2
    assert "if you trust it: lndp evaluate run --lives 4 --json --trust" in refused.stderr
    assert (
        json.loads(check(lndp("evaluate", "run", "--lives", 4, "--json", "--trust", bare=True)))["lives"] == 4
    )
