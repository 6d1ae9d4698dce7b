"""What every policy is to those who let it live: pure functions over a state that they hold."""

from typing import Any, ClassVar, Protocol, Self, TypeVar

import torch
from torch import Tensor

from lndp_agents.config import PolicyConfig
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.shapes import Bool, Float, Int


class AnyState(Protocol):
    """A named tuple of tensors (P, L, ...), P genomes and L lives of each."""

    _fields: ClassVar[tuple[str, ...]]
    integer_fields: ClassVar[tuple[str, ...]]
    """Names of the fields that hold int64; the others hold float32."""

    @property
    def age(self) -> Tensor:
        """(P, L) int64: steps lived."""
        ...

    @property
    def key(self) -> Tensor:
        """(P, L) int64: the randomness of each life."""
        ...

    def __init__(self, *fields: Tensor) -> None: ...

    def __iter__(self) -> Any: ...

    def to(self, device: torch.device | str) -> Self:
        """The same state on another device."""
        ...

    def with_lives(self, index: Tensor, lives: Self) -> Self:
        """These lives, but for those at an index (I,) of the second axis, which are replaced by others."""
        ...

    def expand_genomes(self, num_genomes: int) -> Self:
        """The lives of one genome (P = 1) repeated for so many genomes, in memory of their own."""
        ...


State = TypeVar("State", bound=Any)


class Policy(Protocol[State]):
    """What lives: brains are born, develop and step; `lndp_agents.lndp.Program` is one."""

    @property
    def config(self) -> PolicyConfig:
        """What is fixed about it."""
        ...

    @property
    def state_type(self) -> type[State]:
        """A class like `AnyState`."""
        ...

    @property
    def parameter_shapes(self) -> Shapes:
        """Shape of each named parameter of one genome, in the order of the genotype."""
        ...

    @property
    def num_allowed_edges(self) -> int:
        """How many edges there may be; 0 where edges do not come and go."""
        ...

    @property
    def step_bytes(self) -> int:
        """About how much memory one step of one lifetime takes, its state included."""
        ...

    def state_shapes(self, state: State) -> dict[str, tuple[int, ...]]:
        """The shape in one life of each field that a state like this one must have."""
        ...

    def birth(self, key: Int[Tensor, "P L"]) -> State:
        """Newborns, one for each key (P, L) int64."""
        ...

    def develop(self, parameters: Parameters, state: State) -> State:
        """What newborns become before they meet the world, with parameters (P, ...)."""
        ...

    def is_newborn(self, state: State) -> Bool[Tensor, "P L"]:
        """(P, L) bool: which lives have not met the world yet."""
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
            state: the lives.
            observation: (P, L, O) float32.
            reward: (P, L) float32, the last one; it is not sensed where an episode begins.
            episode_start: (P, L) bool.
            alive: (P, L) bool, which lives go on; the others keep their state. All if none.
            donate: whether the memory of `state` may be reused for the result, after which `state` is void.

        Returns:
            The next state, and outputs (P, L, M), never NaN, which an `ActionDecoding` makes actions of.
        """
        ...

    def num_edges(self, state: State) -> Float[Tensor, "P L"]:
        """(P, L) float32: how many edges there are."""
        ...
