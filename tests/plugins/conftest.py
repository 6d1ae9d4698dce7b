"""Tiny runs, one with each plug-in of examples/plugins, and the command line in this process."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from lndp_envs.registration import WORLDS

from lndp_agents import cli

PLUGINS = Path(__file__).parents[2] / "examples" / "plugins"
FORAGING = "lndp/Foraging-v0"
MOTH = f"{PLUGINS / 'world.py'}:Moth"
SIZES = ["--population", "6", "--lives", "2", "--evaluate-every", "1", "--held-out-lives", "2"]
SIZES += ["--max-steps", "12"]
OPTIONS = {
    "mechanism": [FORAGING, "--mechanism", f"{PLUGINS / 'mechanism.py'}:WireCost"],
    "policy": [FORAGING, "--policy", f"{PLUGINS / 'policy.py'}:LeakyConfig", "--program", "units=3"],
    "searcher": [FORAGING, "--searcher", f"{PLUGINS / 'searcher.py'}:OnePlusLambda"],
    "objective": [FORAGING, "--objective", f"{PLUGINS / 'objective.py'}:with_bandit"],
    "environment": [MOTH],
}
"""What `lndp train` is given to use a plug-in, by its kind."""

Lndp = Callable[..., Any]


@pytest.fixture
def lndp(capsys: pytest.CaptureFixture[str]) -> Lndp:
    """Run a command that prints JSON and read it."""

    def run(*arguments: object) -> Any:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert code == 0, err
        return json.loads(out) if "--json" in arguments else out

    return run


@pytest.fixture(scope="module", autouse=True)
def clean() -> Iterator[None]:
    """No later module meets the worlds of this one."""
    before = set(WORLDS)
    yield
    for env_id in set(WORLDS) - before:
        del WORLDS[env_id], gymnasium.registry[env_id]
    sys.modules.pop("world", None)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a run of 2 generations with a plug-in of this kind; it is made once."""
    folder = tmp_path_factory.mktemp("runs")

    def run(kind: str) -> Path:
        if not (folder / kind).exists():
            options = [*OPTIONS[kind], *SIZES, "--generations", "2", "--out", str(folder / kind)]
            assert cli.main(["train", *options]) == 0
        return folder / kind

    return run
