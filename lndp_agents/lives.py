"""Lives as plain NumPy arrays, one row a life: what `predict` hands out and takes back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp import LifeState
from lndp_agents.lndp.state import brain_shapes


def life_shapes(config: LNDPConfig) -> LifeState:
    """The shape of each field of one life, without the axes of genomes and lives."""
    shapes: dict[str, Any] = {**brain_shapes(config), "age": (), "key": ()}
    return LifeState(**shapes)


def lives_to_arrays(state: LifeState) -> tuple[NDArray[Any], ...]:
    """The fields of the lives (1, L, ...) of one genome, as arrays (L, ...)."""
    return tuple(tensor[0].cpu().numpy() for tensor in state)


def arrays_to_lives(
    arrays: Sequence[NDArray[Any]], num_lives: int, config: LNDPConfig, device: torch.device
) -> LifeState:
    """Lives (1, L, ...) in memory of their own, from what `lives_to_arrays` gave.

    Raises:
        ValueError: the arrays are not those of so many lives of this configuration.
    """
    if len(arrays) != len(LifeState._fields):
        raise ValueError(
            f"state of {len(arrays)} arrays: give back the {len(LifeState._fields)} that predict returned"
        )
    shapes = life_shapes(config)
    for name, shape, array in zip(LifeState._fields, shapes, arrays, strict=True):
        if np.shape(array) != (num_lives, *shape):
            raise ValueError(
                f"state with {name} of shape {np.shape(array)}: "
                f"give {(num_lives, *shape)} for {num_lives} rows of this agent"
            )
    types = [torch.int64 if name in ("age", "key") else torch.float32 for name in LifeState._fields]
    return LifeState(
        *(
            torch.tensor(array, dtype=dtype, device=device)[None]
            for array, dtype in zip(arrays, types, strict=True)
        )
    )
