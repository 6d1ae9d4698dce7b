"""Lets the tests import the modules beside them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def fresh_kernels() -> Iterator[None]:
    """As in a process that has neither loaded a kernel nor waited for a compiler, before and after a test."""
    from lndp_agents.lndp import kernel_build

    def forget() -> None:
        kernel_build.load_kernel.cache_clear()
        kernel_build._target.cache_clear()
        kernel_build._hanging.clear()

    forget()
    yield
    forget()
