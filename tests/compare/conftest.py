"""The comparison of `small_comparison`, run once; and that module made importable."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from lndp_agents.compare import Comparison, Row, compare
from lndp_agents.studies import statistics

sys.path.insert(0, str(Path(__file__).parent))
from small_comparison import ROLLOUT, SETTINGS


@contextmanager
def small_settings() -> Iterator[None]:
    """Short rollouts, few looks and resamples."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "RESAMPLES", 200)
        patch.setattr("lndp_agents.baselines.learning.EVALUATION_LIVES", 4)
        patch.setattr("lndp_agents.baselines.learning.EVALUATIONS", 1)
        patch.setattr("lndp_agents.baselines.ppo.NUM_ENVS", 4)
        patch.setattr("lndp_agents.baselines.ppo.NUM_STEPS", ROLLOUT // 4)
        patch.setattr("lndp_agents.baselines.ppo.BATCH_SIZE", ROLLOUT)
        yield
    assert torch.get_num_threads() == threads


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """`small_settings` for every test of this folder, and for no other."""
    with small_settings():
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """The comparison, undisturbed; copy the folder before changing it."""
    folder = tmp_path_factory.mktemp("compare") / "finished"
    with small_settings():
        return folder, compare(Comparison(**SETTINGS), folder)


@pytest.fixture
def folder(finished: tuple[Path, list[Row]], tmp_path: Path) -> Path:
    """A copy of its folder."""
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))
