"""The command line in this process, a small run, and a zoo of one agent."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lndp_agents import cli, zoo

TINY = ["nodes=11", "node_features=3", "edge_features=2", "attention_heads=1", "query_features=2"]
TINY += ["value_features=2", "decision_features=3", "initial_density=0.5"]
TRAIN = ["train", "lndp/Foraging-v0", "--encoding", "place", "--population", "8", "--lives", "4"]
TRAIN += ["--evaluate-every", "2", "--held-out-lives", "8", "--program", *TINY]


class Result(NamedTuple):
    code: int
    out: str
    err: str


Lndp = Callable[..., Result]


@pytest.fixture
def lndp(capsys: pytest.CaptureFixture[str]) -> Lndp:
    """Run a command and catch what it prints."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def train_options() -> list[str]:
    """A training of a second; add --generations and --out."""
    return TRAIN


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 4 generations that nothing disturbed; copy it before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert cli.main([*TRAIN, "--generations", "4", "--out", str(folder), "--json"]) == 0
    return folder


@pytest.fixture
def run_folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


RESULTS: dict[str, Any] = {
    "environment": "lndp/Foraging-v0",
    "environment_keywords": {"switch_probability": 0.25},
    "episodes": 1,
    "score": {"mean": 321.0, "interval": [300.5, 340.5], "seed": 7, "lives": 128},
    "evolution_seeds": [],
    "recipe": {},
    "commit": "",
    "system": {},
    "steps_before": 0,
    "score_of_many": {"mean": 320.0, "interval": [310.5, 330.5], "seed": 8, "lives": 2048},
    "sha256": {},
}


@pytest.fixture
def one_zoo(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo with the agent `small`."""
    folder = tmp_path / "zoo"
    shutil.copytree(finished / "best", folder / "small")
    (folder / "small" / "results.json").write_text(json.dumps(RESULTS))
    (folder / "small" / "README.md").write_text("# small\n\nIts card.\n")
    monkeypatch.setattr(zoo, "_PLACES", (folder,))
    return folder
