"""Makes the helpers of this folder importable."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["linear", "mlp", "gru", "hebbian"])
def rival(request: pytest.FixtureRequest) -> str:
    return request.param
