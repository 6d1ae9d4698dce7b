"""A loan of the global generators of Python, NumPy and torch, from which stable-baselines3 samples."""

import random
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def lent_generators(seed: int) -> Generator[None]:
    """Seed the global generators, and restore them afterwards.

    Args:
        seed: at least 0.
    """
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 (theirs)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType] (its argument is bare)
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        torch.set_rng_state(kept[2])
