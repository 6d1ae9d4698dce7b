"""Runs that were recorded with commit 132210a, before a description had the hash of its first genome.

`plain` was begun with `lndp train`, `started` with `--start plain/best`, a folder that is gone. They must
open, resume and verify for ever. On another processor the last bits of what is computed are others: only
formats are compared, and what was recorded.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lndp_agents import LNDPAgent
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify
from lndp_agents.run.view import RunView

RECORDED = Path(__file__).parent / "recorded"
LNDP = Path(sys.executable).with_name("lndp")
IDENTITIES = {
    "plain": "b12278b3f301f043ba4a391adc56f78d4ced9b5b033a6297c42e9f5f71bd6559",
    "started": "9ac112e3929b53afcc12f792bdeeb035f54c061b039c7481efc20a983bb4949f",
}


@pytest.fixture(params=sorted(IDENTITIES))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a recorded run."""
    return Path(shutil.copytree(RECORDED / request.param, tmp_path / request.param))


def test_a_recorded_run_is_read_as_it_was(folder: Path) -> None:
    identity = IDENTITIES[folder.name]
    assert RunView(folder).description.identity == identity
    counters = json.loads((folder / "checkpoints" / "generation_000000002" / "counters.json").read_text())
    assert counters["run"] == identity
    assert all(LNDPAgent.from_pretrained(folder / name) for name in ("last", "best", "centre"))


def test_a_recorded_run_is_resumed_by_the_installed_command_and_keeps_its_rows(folder: Path) -> None:
    tables = {name: (folder / name).read_text() for name in ("metrics.csv", "hashes.csv")}
    command = [LNDP, "resume", folder.name, "--generations", "3", "--json"]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generations"] == 3
    for name, text in tables.items():
        assert (folder / name).read_text().startswith(text)
        assert (folder / name).read_text().count("\n") == 4
    assert verify(folder, 3).differences == []


def test_what_was_recorded_is_verified(folder: Path) -> None:
    verdict = verify(folder, everything=True)
    assert (verdict.generations, verdict.num_checkpoints) == (range(1, 3), 3)
    # What another processor computes has other last bits; all else is the same everywhere.
    assert all("was recorded as" in difference for difference in verdict.differences)


def test_the_mean_of_a_recorded_run_stays_in_its_folder_of_the_old_name(folder: Path) -> None:
    before = LNDPAgent.from_pretrained(folder / "centre").genome
    assert all(torch.equal(RunView(folder).agent(name).genome, before) for name in ("mean", "centre"))
    with Run.open(folder, generations=3) as run:
        assert [record.generation for record in run.generations()] == [3]
    after = LNDPAgent.from_pretrained(folder / "centre").genome
    newest = load_file(folder / "checkpoints" / "generation_000000003" / "search.safetensors")
    assert torch.equal(after, newest["search.m"])
    assert not torch.equal(after, before)
    assert torch.equal(RunView(folder).agent("mean").genome, after)
    assert not (folder / "mean").exists()


def test_a_search_can_start_around_the_mean_of_a_recorded_run(folder: Path, tmp_path: Path) -> None:
    recipe = replace(RunView(folder).recipe, start=str(folder / "centre"))
    Run.create(recipe, tmp_path / "next").close()
    first = LNDPAgent.from_pretrained(tmp_path / "next" / "mean").genome
    assert torch.equal(first, LNDPAgent.from_pretrained(folder / "centre").genome)
    assert not (tmp_path / "next" / "centre").exists()
