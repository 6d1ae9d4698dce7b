"""States of lifetimes as NumPy arrays, one row a lifetime, which `predict` hands out and takes back."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.agent.observations import per_row
from lndp_agents.policies.capabilities import HasConsistency
from lndp_agents.policies.policy import Policy, State

NEXT_LIFETIME, LIFETIMES = 6, 7
"""Folded into a key for the next lifetime, and for the lifetimes of an agent; the LNDP uses 0 to 5 and 8."""


def check_state(policy: Policy[Any], state: Any, rows: tuple[int, ...], owner: str) -> None:
    """Check that a state is one of a policy.

    Args:
        policy: of the state.
        state: to check.
        rows: its leading axes.
        owner: named in the message.

    Raises:
        ValueError: it is of another form, or a field has another shape or holds impossible edges.
    """
    kind = policy.state_type
    if not isinstance(state, kind):
        raise ValueError(f"state of the form {type(state).__name__}: give a {kind.__name__} for {owner}")
    shapes = policy.state_shapes(state)
    for name, tensor in zip(kind._fields, state, strict=True):
        if tensor.shape != (*rows, *shapes[name]):
            raise ValueError(
                f"state with {name} of shape {tuple(tensor.shape)}: give {(*rows, *shapes[name])} for {owner}"
            )
    if isinstance(state, HasConsistency) and not state.is_consistent:
        raise ValueError(f"state whose fields contradict each other: give back what it was given for {owner}")


def state_to_arrays(state: Any) -> tuple[NDArray[Any], ...]:
    """Return the fields of a state (1, L, ...) as arrays (L, ...)."""
    return tuple(tensor[0].cpu().numpy() for tensor in state)


def arrays_to_state(
    arrays: Sequence[NDArray[Any]], num_rows: int, policy: Policy[State], device: torch.device
) -> State:
    """Return a state (1, L, ...) in memory of its own; invert `state_to_arrays`.

    Raises:
        ValueError: the arrays are not those of so many lifetimes of this policy.
    """
    names = policy.state_type._fields
    if len(arrays) != len(names):
        raise ValueError(f"state of {len(arrays)} arrays: give back the {len(names)} that predict returned")
    state = own_memory(policy.state_type, arrays, device)
    check_state(policy, state, (num_rows,), f"{num_rows} rows of this agent")
    return type(state)(*(tensor[None] for tensor in state))


def own_memory(kind: type[State], fields: Iterable[Tensor | NDArray[Any]], device: torch.device) -> State:
    """Copy a state that came from outside into tensors of the right types.

    Their memory is contiguous, at addresses that are multiples of 64 bytes. Otherwise a product of matrices
    may have other last bits for equal numbers.

    Raises:
        ValueError: a field holds integers that its kind does not declare in `integer_fields`.
    """
    tensors: list[Tensor] = []
    for name, field in zip(kind._fields, fields, strict=True):
        is_integer = name in kind.integer_fields
        if not is_integer and not _is_floating(field):
            raise ValueError(f"state with {name} of {field.dtype}: give float32")
        own = torch.empty(np.shape(field), dtype=torch.int64 if is_integer else torch.float32)
        if isinstance(field, Tensor):
            own.copy_(field.detach())
        else:
            own.numpy()[...] = field
        tensors.append(own.to(device))
    return kind(*tensors)


def _is_floating(field: Tensor | NDArray[Any]) -> bool:
    return field.is_floating_point() if isinstance(field, Tensor) else field.dtype.kind == "f"


def restart_lifetimes(state: State, restart: NDArray[Any] | None, init: Callable[[Tensor], State]) -> State:
    """Return the state (1, L, ...) with the next lifetime in rows that restart.

    Args:
        state: so far.
        restart: (L,) true where a lifetime is over; nowhere if None.
        init: returns initial states (1, I, ...) for keys (1, I).
    """
    if restart is None:
        return state
    is_over = per_row("episode_start", restart, state.key.shape[1], np.bool_)
    if not is_over.any():
        return state
    rows = torch.tensor(np.flatnonzero(is_over), device=state.key.device)
    return state.with_lives(rows, init(fold(state.key[:, rows], NEXT_LIFETIME)))
