"""Lives as plain NumPy arrays, one row a life: what `predict` hands out and takes back."""

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp import AnyLifeState, LifeState, SparseLifeState
from lndp_agents.lndp.state import brain_shapes

_INTEGERS = ("pair", "age", "key")


def life_kind(config: LNDPConfig) -> type[AnyLifeState]:
    """The form of the lives of a configuration."""
    return SparseLifeState if config.candidates else LifeState


def check_lives(config: LNDPConfig, state: AnyLifeState, rows: tuple[int, ...], whose: str) -> None:
    """See that lives are those of a configuration.

    Args:
        config: of the program.
        state: the lives.
        rows: the leading axes that they must have.
        whose: what the message says that they are to be for.

    Raises:
        ValueError: they are of the other form, or a field has another shape or holds impossible edges.
    """
    kind = life_kind(config)
    if not isinstance(state, kind):
        raise ValueError(f"state of the form {type(state).__name__}: give a {kind.__name__} for {whose}")
    slots = state.pair.shape[-1] if isinstance(state, SparseLifeState) else 0
    for name, shape, tensor in zip(kind._fields, _shapes(config, slots), state, strict=True):
        if tensor.shape != (*rows, *shape):
            raise ValueError(
                f"state with {name} of shape {tuple(tensor.shape)}: give {(*rows, *shape)} for {whose}"
            )
    if isinstance(state, SparseLifeState) and not _are_pairs(state.pair, config.nodes**2):
        raise ValueError(f"state whose pairs are not in order: give back what it was given for {whose}")


def lives_to_arrays(state: AnyLifeState) -> tuple[NDArray[Any], ...]:
    """The fields of the lives (1, L, ...) of one genome, as arrays (L, ...)."""
    return tuple(tensor[0].cpu().numpy() for tensor in state)


def arrays_to_lives(
    arrays: Sequence[NDArray[Any]], num_lives: int, config: LNDPConfig, device: torch.device
) -> AnyLifeState:
    """Lives (1, L, ...) in memory of their own, from what `lives_to_arrays` gave.

    Raises:
        ValueError: the arrays are not those of so many lives of this configuration.
    """
    names = life_kind(config)._fields
    if len(arrays) != len(names):
        raise ValueError(f"state of {len(arrays)} arrays: give back the {len(names)} that predict returned")
    tensors = (
        torch.tensor(array, dtype=torch.int64 if name in _INTEGERS else torch.float32, device=device)
        for name, array in zip(names, arrays, strict=True)
    )
    state = life_kind(config)(*tensors)
    check_lives(config, state, (num_lives,), f"{num_lives} rows of this agent")
    return type(state)(*(tensor[None] for tensor in state))


def _shapes(config: LNDPConfig, slots: int) -> list[tuple[int, ...]]:
    """The shape in one life of each field of a state, in order."""
    shapes = brain_shapes(config) | {"age": (), "key": ()}
    shapes |= {"pair": (slots,), "present": (slots,)}
    if config.candidates:
        shapes["edge_state"] = (slots, config.edge_features)
    return [shapes[name] for name in life_kind(config)._fields]


def _are_pairs(pair: Tensor, num_pairs: int) -> bool:
    """Whether pairs (..., S) ascend strictly, and only free slots follow them."""
    if not pair.shape[-1]:
        return False
    ascends = (pair.diff(dim=-1) > 0) | (pair[..., 1:] == num_pairs)
    return bool(ascends.all() & (pair[..., 0] >= 0).all() & (pair[..., -1] <= num_pairs).all())
