"""Annotated shapes are those of real tensors, and the package needs no library to have them."""

import subprocess
import sys
from pathlib import Path

WITHOUT = """
import sys

sys.modules["jaxtyping"] = None
import torch
from lndp_agents import cli
from lndp_agents.genome import genome_to_parameters, genome_size
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.shapes import Bool, Float, Int, Shaped
from typing import Annotated, get_type_hints

assert Bool is Float is Int is Shaped is Annotated
assert get_type_hints(genome_to_parameters)["genomes"] is torch.Tensor
assert cli.main(["train", "lndp/Foraging-v0", "--max-steps", "5", "--population", "4", "--lives", "2",
    "--generations", "1", "--held-out-lives", "2", "--searcher", "SepCMAES", "--out", "run"]) == 0
"""


def run(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_shapes_of_rollouts_and_of_a_search_are_as_annotated(tmp_path: Path) -> None:
    done = run(str(Path(__file__).with_name("checked.py")), folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "checked\n"), done.stderr


def test_all_goes_on_without_jaxtyping(tmp_path: Path) -> None:
    done = run("-c", WITHOUT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
