"""The base of policies of a fixed wiring, with a memory that may be empty."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Self, TypeVar

import torch
from torch import Tensor

from lndp_agents.config import PolicyConfig
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.shapes import Bool, Float, Int
from lndp_agents.validation import about

MAX_INPUTS, MAX_UNITS = 2**15, 2**12


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(PolicyConfig):
    """Fields of all policies of a fixed wiring.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import ClassVar
        >>> from lndp_agents import NetworkConfig
        >>> @dataclass(frozen=True, kw_only=True)
        ... class BiasConfig(NetworkConfig):
        ...     policy: ClassVar[str] = "bias"
        >>> BiasConfig(observation_size=4, action_size=2).input_size  # the reward, too
        6
    """

    observation_size: int = field(metadata=about("size of the encoded observation", 1, MAX_INPUTS))
    """O."""
    action_size: int = field(
        metadata=about("number of outputs that the action is decoded from", 1, MAX_UNITS)
    )
    """M."""
    discrete_actions: bool = field(
        default=True,
        metadata=about("argmax of the outputs as the action, in place of the outputs themselves"),
    )
    reward_input: bool = field(
        default=True, metadata=about("last reward and start of an episode as two more inputs")
    )
    reward_scale: float = field(default=1.0, metadata=about("factor on the reward input", 0, 1e6))

    @property
    def input_size(self) -> int:
        """I: numbers that the network receives in a step."""
        return self.observation_size + 2 * self.reward_input


Config = TypeVar("Config", bound=NetworkConfig)


class NetworkState(NamedTuple):
    """All that changes during a lifetime: a value. The leading axes are P genomes and L lifetimes."""

    memory: Tensor
    """(P, L, W) float32: memory of the network; W is 0 where it has none."""
    age: Tensor
    """(P, L) int64: steps since birth."""
    key: Tensor
    """(P, L) int64: the random key of the lifetime."""

    integer_fields = ("age", "key")

    def to(self, device: torch.device | str) -> Self:
        """Return the same state on another device."""
        return type(self)(*(tensor.to(device) for tensor in self))

    def with_lives(self, index: Tensor, lives: Self) -> Self:
        """Replace the lifetimes at an index (I,) of the second axis."""
        return type(self)(*(old.index_copy(1, index, new) for old, new in zip(self, lives, strict=True)))

    def expand_genomes(self, num_genomes: int) -> Self:
        """Repeat the lifetimes of one genome (P = 1) for so many genomes, in memory of their own."""
        return type(self)(*(tensor.repeat(num_genomes, *[1] * (tensor.dim() - 1)) for tensor in self))


class Lives(NamedTuple):
    """Which lifetimes a step advances."""

    alive: Tensor
    """(P, L) bool: which go on."""
    newborn: Tensor
    """(P, L) bool: which of them are at their first step."""


class Network(ABC, Generic[Config]):
    """A policy whose wiring never changes (see `Policy`); subclasses define memory and outputs.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import ClassVar
        >>> from lndp_agents import Network, NetworkConfig, policy_of
        >>> @dataclass(frozen=True, kw_only=True)
        ... class BiasConfig(NetworkConfig):
        ...     policy: ClassVar[str] = "bias"
        >>> @policy_of(BiasConfig)
        ... class Bias(Network[BiasConfig]):
        ...     @property
        ...     def parameter_shapes(self):
        ...         return {"bias": (self.config.action_size,)}
        ...
        ...     def respond(self, parameters, memory, inputs, lives):
        ...         return memory, parameters["bias"][:, None].expand(*inputs.shape[:2], -1)
        >>> Bias(BiasConfig(observation_size=4, action_size=2)).parameter_shapes
        {'bias': (2,)}
    """

    def __init__(self, config: Config, backend: str = "eager") -> None:
        """Take a backend: networks are eager on any device.

        Raises:
            ValueError: the backend is another than "auto" and "eager".
        """
        if backend not in ("auto", "eager"):
            raise ValueError(
                f"backend {backend!r} for {config.policy}: give 'eager', or 'auto', now the same"
            )
        self.config = config

    @property
    def state_type(self) -> type[NetworkState]:
        """As `Policy.state_type`."""
        return NetworkState

    @property
    @abstractmethod
    def parameter_shapes(self) -> Shapes:
        """As `Policy.parameter_shapes`."""

    @property
    def num_allowed_edges(self) -> int:
        """As `Policy.num_allowed_edges`: none come and go."""
        return 0

    @property
    def step_bytes(self) -> int:
        """As `Policy.step_bytes`: memory before and after a step, and the activations in between."""
        return 4 * (3 * self.memory_size + 4 * self.config.input_size + 4 * self.config.action_size)

    @property
    def memory_size(self) -> int:
        """W: size of the memory."""
        return 0

    @abstractmethod
    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        """Advance the network by one step.

        Args:
            parameters: named parameters (P, ...).
            memory: (P, L, W), whose buffer may be reused.
            inputs: (P, L, I).
            lives: which lifetimes go on, and which of them are at their first step.

        Returns:
            The next memory (P, L, W), unchanged in lifetimes that do not go on, and outputs (P, L, M).
        """

    def state_shapes(self, state: NetworkState) -> dict[str, tuple[int, ...]]:
        """As `Policy.state_shapes`."""
        return {"memory": (self.memory_size,), "age": (), "key": ()}

    def birth(self, key: Int[Tensor, "P L"]) -> NetworkState:
        """As `Policy.birth`: the memory is 0."""
        memory = torch.zeros(*key.shape, self.memory_size, device=key.device)
        return NetworkState(memory, torch.zeros_like(key), key)

    def develop(self, parameters: Parameters, state: NetworkState) -> NetworkState:
        """As `Policy.develop`: there is no development."""
        return state

    def is_newborn(self, state: NetworkState) -> Bool[Tensor, "P L"]:
        """As `Policy.is_newborn`."""
        return state.age == 0

    def num_edges(self, state: NetworkState) -> Float[Tensor, "P L"]:
        """As `Policy.num_edges`: there are none that come and go."""
        return torch.zeros_like(state.age, dtype=torch.float32)

    def step(
        self,
        parameters: Parameters,
        state: NetworkState,
        observation: Float[Tensor, "P L O"],
        reward: Float[Tensor, "P L"],
        episode_start: Bool[Tensor, "P L"],
        *,
        alive: Bool[Tensor, "P L"] | None = None,
        donate: bool = False,
    ) -> tuple[NetworkState, Float[Tensor, "P L M"]]:
        """As `Policy.step`."""
        inputs = observation
        if self.config.reward_input:
            reward = torch.where(episode_start, 0.0, reward * self.config.reward_scale)
            inputs = torch.cat([observation, reward[..., None], episode_start[..., None].float()], -1)
        alive = torch.ones_like(episode_start) if alive is None else alive
        memory = state.memory if donate else state.memory.clone()
        lives = Lives(alive, self.is_newborn(state))
        memory, output = self.respond(parameters, memory, torch.nan_to_num(inputs), lives)
        return NetworkState(memory, state.age + alive, state.key), torch.nan_to_num(output)
