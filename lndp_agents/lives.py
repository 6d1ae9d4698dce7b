"""Lives as plain NumPy arrays, one row a life: what `predict` hands out and takes back."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.lndp import SparseLifeState
from lndp_agents.policies.policy import Policy, State
from lndp_agents.senses import per_row

NEXT_LIFE, LIVES = 6, 7
"""Folded into a key for the life after it, and for the lives of an agent; the program uses 0 to 5 and 8."""
_INTEGERS = ("pair", "age", "key")


def check_lives(program: Policy[Any], state: Any, rows: tuple[int, ...], whose: str) -> None:
    """See that lives are those of a program.

    Args:
        program: of the lives.
        state: the lives.
        rows: the leading axes that they must have.
        whose: what the message says that they are to be for.

    Raises:
        ValueError: they are of another form, or a field has another shape or holds impossible edges.
    """
    kind = program.state_type
    if not isinstance(state, kind):
        raise ValueError(f"state of the form {type(state).__name__}: give a {kind.__name__} for {whose}")
    shapes = program.state_shapes(state)
    for name, tensor in zip(kind._fields, state, strict=True):
        if tensor.shape != (*rows, *shapes[name]):
            raise ValueError(
                f"state with {name} of shape {tuple(tensor.shape)}: give {(*rows, *shapes[name])} for {whose}"
            )
    if isinstance(state, SparseLifeState) and not _are_pairs(state.pair, state.node_state.shape[-2] ** 2):
        raise ValueError(f"state whose pairs are not in order: give back what it was given for {whose}")


def lives_to_arrays(state: Any) -> tuple[NDArray[Any], ...]:
    """The fields of the lives (1, L, ...) of one genome, as arrays (L, ...)."""
    return tuple(tensor[0].cpu().numpy() for tensor in state)


def arrays_to_lives(
    arrays: Sequence[NDArray[Any]], num_lives: int, program: Policy[State], device: torch.device
) -> State:
    """Lives (1, L, ...) in memory of their own, from what `lives_to_arrays` gave.

    Raises:
        ValueError: the arrays are not those of so many lives of this program.
    """
    names = program.state_type._fields
    if len(arrays) != len(names):
        raise ValueError(f"state of {len(arrays)} arrays: give back the {len(names)} that predict returned")
    tensors = (
        torch.tensor(array, dtype=torch.int64 if name in _INTEGERS else torch.float32, device=device)
        for name, array in zip(names, arrays, strict=True)
    )
    state = program.state_type(*tensors)
    check_lives(program, state, (num_lives,), f"{num_lives} rows of this agent")
    return type(state)(*(tensor[None] for tensor in state))


def with_newborns(lives: State, restart: NDArray[Any] | None, born: Callable[[Tensor], State]) -> State:
    """Lives (1, L, ...), those replaced that are over.

    Args:
        lives: the lives so far.
        restart: (L,) true where a life is over; nowhere if None.
        born: newborns (1, I, ...) from keys (1, I), one for each.
    """
    is_over = np.zeros(0) if restart is None else per_row("episode_start", restart, lives.key.shape[1])
    if not is_over.any():
        return lives
    rows = torch.tensor(np.flatnonzero(is_over), device=lives.key.device)
    return lives.with_lives(rows, born(fold(lives.key[:, rows], NEXT_LIFE)))


def _are_pairs(pair: Tensor, num_pairs: int) -> bool:
    """Whether pairs (..., S) ascend strictly, and only free slots follow them."""
    if not pair.shape[-1]:
        return False
    ascends = (pair.diff(dim=-1) > 0) | (pair[..., 1:] == num_pairs)
    return bool(ascends.all() & (pair[..., 0] >= 0).all() & (pair[..., -1] <= num_pairs).all())
