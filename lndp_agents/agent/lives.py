"""Lives as plain NumPy arrays, one row a life: what `predict` hands out and takes back."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, SupportsIndex

import numpy as np
import torch
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.agent.senses import per_row
from lndp_agents.policies.capabilities import HasConsistency
from lndp_agents.policies.policy import Policy, State
from lndp_agents.validation import shorten

NEXT_LIFE, LIVES = 6, 7
"""Folded into a key for the life after it, and for the lives of an agent; the program uses 0 to 5 and 8."""


def valid_seed(seed: SupportsIndex) -> int:
    """The seed as an int.

    Raises:
        ValueError: it is no integer from 0 to 2**64 - 1.
    """
    try:
        number = index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 2**64:
        raise ValueError(f"seed={shorten(seed)}: give an integer from 0 to 2**64 - 1")
    return number


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
    if isinstance(state, HasConsistency) and not state.is_consistent:
        raise ValueError(f"state whose fields contradict each other: give back what it was given for {whose}")


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
    state = own_memory(program.state_type, arrays, device)
    check_lives(program, state, (num_lives,), f"{num_lives} rows of this agent")
    return type(state)(*(tensor[None] for tensor in state))


def own_memory(kind: type[State], fields: Iterable[Tensor | NDArray[Any]], device: torch.device) -> State:
    """Lives of a kind that came from outside, as if a program had made them: all of them come this way.

    They get its types, and memory that is nobody else's: contiguous, and at addresses that are multiples of
    64 bytes. Otherwise a product of matrices may have other last bits for equal numbers.

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


def with_newborns(lives: State, restart: NDArray[Any] | None, born: Callable[[Tensor], State]) -> State:
    """Lives (1, L, ...), those replaced that are over.

    Args:
        lives: the lives so far.
        restart: (L,) true where a life is over; nowhere if None.
        born: newborns (1, I, ...) from keys (1, I), one for each.
    """
    if restart is None:
        return lives
    is_over = per_row("episode_start", restart, lives.key.shape[1], np.bool_)
    if not is_over.any():
        return lives
    rows = torch.tensor(np.flatnonzero(is_over), device=lives.key.device)
    return lives.with_lives(rows, born(fold(lives.key[:, rows], NEXT_LIFE)))


@dataclass
class StatelessCalls:
    """Those calls of `predict` that began lives; says once what it means to do so again and again."""

    matters: bool
    """Whether the policy remembers anything of a life; false once it was said."""
    was_last: bool = False
    """Whether the call before was one."""

    def note(self, *, is_stateless: bool, begins: bool) -> None:
        """Take note of a call: whether it came without a state, and an episode begins in all its rows."""
        if self.matters and is_stateless and self.was_last and not begins:
            self.matters = False
            message = (
                "predict without state lives the first step of a newborn at every call: "
                "action, state = agent.predict(observation, state, episode_start) goes on with the life"
            )
            warnings.warn(message, UserWarning, stacklevel=4)  # where predict was called
        self.was_last = is_stateless
