"""The interface of policies: pure functions over a state that the caller holds."""

from typing import Any, ClassVar, Protocol, Self, TypeVar

import torch
from torch import Tensor

from lndp_agents.config import PolicyConfig
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.shapes import Bool, Float, Int


class AnyState(Protocol):
    """A named tuple of tensors (P, L, ...), P genomes and L lifetimes of each."""

    _fields: ClassVar[tuple[str, ...]]
    integer_fields: ClassVar[tuple[str, ...]]
    """Names of the fields that hold int64; the others hold float32."""

    @property
    def age(self) -> Tensor:
        """(P, L) int64: steps since birth."""
        ...

    @property
    def key(self) -> Tensor:
        """(P, L) int64: the random key of each lifetime."""
        ...

    def __init__(self, *fields: Tensor) -> None: ...

    def __iter__(self) -> Any: ...

    def to(self, device: torch.device | str) -> Self:
        """Return the same state on another device."""
        ...

    def with_lives(self, index: Tensor, lives: Self) -> Self:
        """Replace the lifetimes at an index (I,) of the second axis."""
        ...

    def expand_genomes(self, num_genomes: int) -> Self:
        """Repeat the lifetimes of one genome (P = 1) for `num_genomes` genomes.

        A step may take the memory of the result (`donate`).
        """
        ...


State = TypeVar("State", bound=Any)


class Policy(Protocol[State]):
    """A policy: networks are initialized, develop and step; `lndp_agents.lndp.Program` is one."""

    @property
    def config(self) -> PolicyConfig:
        """Its settings."""
        ...

    @property
    def state_type(self) -> type[State]:
        """A class like `AnyState`."""
        ...

    @property
    def parameter_shapes(self) -> Shapes:
        """Shape of each named parameter of one genome, in the order of the genome."""
        ...

    @property
    def num_allowed_edges(self) -> int:
        """Number of edges that may exist; 0 where edges do not come and go."""
        ...

    @property
    def step_bytes(self) -> int:
        """About how many bytes one step of one lifetime takes, its state included."""
        ...

    def state_shapes(self, state: State) -> dict[str, tuple[int, ...]]:
        """Return the shape in one lifetime of each field that a state like this one must have."""
        ...

    def birth(self, key: Int[Tensor, "P L"]) -> State:
        """Return initial states, one for each random key."""
        ...

    def develop(self, parameters: Parameters, state: State) -> State:
        """Develop initial states before their first observation, with parameters (P, ...)."""
        ...

    def is_newborn(self, state: State) -> Bool[Tensor, "P L"]:
        """Return which lifetimes have had no observation yet."""
        ...

    def step(
        self,
        parameters: Parameters,
        state: State,
        observation: Float[Tensor, "P L O"],
        reward: Float[Tensor, "P L"],
        episode_start: Bool[Tensor, "P L"],
        *,
        alive: Bool[Tensor, "P L"] | None = None,
        donate: bool = False,
    ) -> tuple[State, Float[Tensor, "P L M"]]:
        """Advance by one step.

        Args:
            parameters: named parameters (P, ...).
            state: of the lifetimes.
            observation: encoded.
            reward: the last one; it is not received where an episode begins.
            episode_start: whether an episode begins.
            alive: which lifetimes go on; the others keep their state. All if None.
            donate: whether the memory of `state` may be reused for the result, after which `state` is void.

        Returns:
            The next state, and outputs, never NaN, which an `ActionDecoding` decodes.
        """
        ...

    def num_edges(self, state: State) -> Float[Tensor, "P L"]:
        """Return how many edges exist."""
        ...
