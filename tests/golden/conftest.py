"""Lets the tests import the replay script beside them, and keeps kernels out of the user's cache."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def kernels_of_the_tests(pytestconfig: pytest.Config) -> Iterator[None]:
    """Compiled kernels stay in pytest's own cache, from one run to the next."""
    assert pytestconfig.cache
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LNDP_AGENTS_CACHE", str(pytestconfig.cache.mkdir("kernels")))
        yield
