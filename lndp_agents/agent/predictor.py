"""Predictors: a genome with policy, observation encoder and action decoder; callers hold the states."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import index
from types import MappingProxyType
from typing import Any, Generic, Self, SupportsIndex, TypeAlias, TypeVar

import numpy as np
import torch
from lndp_envs.randomness import fold, key_of
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lndp_agents.agent.observations import Rows, read_observation
from lndp_agents.agent.states import LIFETIMES, arrays_to_state, restart_lifetimes, state_to_arrays
from lndp_agents.config import PolicyConfig
from lndp_agents.devices import find_device
from lndp_agents.genome import genome_to_parameters, valid_genome
from lndp_agents.policies import make_policy
from lndp_agents.policies.policy import Policy
from lndp_agents.rollout.learners import Evolved, Phenotype, StepInput
from lndp_agents.spaces import (
    ActionDecoding,
    ObservationEncoding,
    Space,
    check_fit,
    config_for,
    from_numbers,
    plain_space,
)
from lndp_agents.validation import shorten

Config = TypeVar("Config", bound=PolicyConfig)
Arrays: TypeAlias = tuple[NDArray[Any], ...]
"""The state of B lifetimes: its fields as arrays (B, ...)."""


class Predictor(Generic[Config]):
    """A genome with policy, encoder and decoder, by stable-baselines3's protocol; it holds no state itself.

    Arguments and errors are those of `lndp_agents.Agent`.
    """

    def __init__(
        self,
        observation_space: Space,
        action_space: Space,
        config: Config | None = None,
        *,
        genome: ArrayLike | Tensor | None = None,
        encoding: ObservationEncoding | None = None,
        device: torch.device | str = "cpu",
        backend: str = "auto",
    ) -> None:
        self.observation_space = plain_space(observation_space)
        self.action_space = action_space
        self.encoding = encoding or ObservationEncoding.of(observation_space)
        self.decoding = ActionDecoding.of(action_space)
        own = config_for(observation_space, action_space, self.encoding) if config is None else config
        self.config: Config = own
        check_fit(self.config, observation_space, action_space, self.encoding)
        self.backend = backend
        self._genome = valid_genome(self.config, genome)
        self._stateless = StatelessCalls(self.config.needs_state)
        if backend != "auto":
            _ = self.program  # fails now, if at all
        self.seed(0)
        self.to(device)

    def __repr__(self) -> str:
        spaces, name = f"{self.observation_space}, {self.action_space}", type(self).__name__
        return f"{name}({spaces}, {self.num_parameters} parameters)"

    @cached_property
    def program(self) -> Policy[Any]:
        """The policy; made at first use, for a kernel may have to be built."""
        return make_policy(self.config, self.backend if self.device.type == "cpu" else "eager")

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        return self._genome.device

    @property
    def genome(self) -> Tensor:
        """(D,) float32: a copy of the evolved numbers."""
        return self._genome.clone()

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The named parameters of the policy, one tensor each."""
        return MappingProxyType({name: tensor[0] for name, tensor in self._parameters.items()})

    @property
    def learner(self) -> Evolved:
        """The policy with this one genome, as `rollout` takes it."""
        return Evolved(self.program, self._parameters)

    @property
    def num_parameters(self) -> int:
        """D: length of the genome."""
        return len(self._genome)

    def to(self, device: torch.device | str) -> Self:
        """Move the genome to a device; return the agent.

        Raises:
            ValueError: there is no such device.
        """
        self._genome = self._genome.to(find_device(device))
        self._parameters = genome_to_parameters(self.config, self._genome[None])
        vars(self).pop("program", None)
        return self

    def seed(self, seed: int) -> None:
        """Seed the lifetimes to come: those of the rows of `predict`.

        Raises:
            ValueError: the seed is no integer from 0 to 2**64 - 1.
        """
        self._lifetimes_key = key_of(valid_seed(seed), LIFETIMES)

    @torch.inference_mode()
    def predict(
        self,
        observation: Any,
        state: Arrays | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Arrays]:
        """Advance B lifetimes by one step, by stable-baselines3's `PolicyPredictor`.

        The function is pure: the first lifetime of row i follows from the agent's seed and i, and the key of
        a lifetime gives that of the next. With the native kernel a row equals the lifetime of `act` bit for
        bit, whatever the other rows, the addresses in memory and the number of threads. The eager backend
        rounds differently with other numbers of rows or threads, and a lifetime may amplify the differences.

        Warns, once, if a second call in a row begins lifetimes while an episode goes on.

        Args:
            observation: of `lndp_envs.SenseReward`, with an axis of B rows or without.
            state: result of the last call; None begins lifetimes.
            episode_start: (B,) true where a new lifetime begins (one episode of the Gymnasium environment is
                one lifetime); nowhere if None. The observation tells where episodes begin within it.
            deterministic: accepted; the action is that of the largest output in any case.

        Returns:
            Actions of the space, with an axis of B rows if the observation had one, and the state.

        Raises:
            ValueError: the observation is not of the space or lacks the reward, or the rows do not match.
        """
        rows = read_observation(observation, self.observation_space)
        if self.config.reward_input:
            rows.require_reward()
        self._stateless.note(is_stateless=state is None, begins=bool(rows.episode_start.all()))
        num_rows = len(rows.observation)
        if state is None:
            numbers = torch.arange(num_rows, device=self.device)
            before = self._init(fold(self._key(self._lifetimes_key), numbers[None]))
        else:
            before = arrays_to_state(state, num_rows, self.program, self.device)
            before = restart_lifetimes(before, episode_start, self._init)
        network = self._network(before)
        network, action = network.step(self, self._given(network, rows), donate=True)
        actions = action.cpu().numpy()
        actions = from_numbers(self.action_space, actions if rows.is_batched else actions.squeeze(0))
        return actions, state_to_arrays(network.state)

    @torch.inference_mode()
    def births(self, keys: NDArray[np.int64]) -> Arrays:
        """Return initial states for `predict`, a pure function of the keys (B,) of lifetimes."""
        return state_to_arrays(self._init(torch.as_tensor(keys, device=self.device)[None]))

    def _key(self, key: int) -> Tensor:
        return torch.full((1, 1), key, dtype=torch.int64, device=self.device)

    def _init(self, key: Tensor) -> Any:
        """Return initial states (1, L, ...) after development, one for each key (1, L)."""
        return self.program.develop(self._parameters, self.program.birth(key))

    def _network(self, state: Any) -> Phenotype:
        return Phenotype(self.program, self._parameters, state)

    def _given(self, network: Phenotype, rows: Rows) -> StepInput:
        """Return the input of the networks of lifetimes (1, L, ...)."""
        observation, reward, starts = (
            torch.from_numpy(values).to(self.device)  # pyright: ignore[reportUnknownMemberType]
            for values in (rows.observation, rows.reward, rows.episode_start)
        )
        return StepInput(observation, reward[None], starts | network.policy.is_newborn(network.state))


def valid_seed(seed: SupportsIndex) -> int:
    """Return the seed as an int.

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


@dataclass
class StatelessCalls:
    """Detects repeated calls of `predict` without a state, and warns of them once."""

    matters: bool
    """Whether the policy has memory; false once the warning was given."""
    was_last: bool = False
    """Whether the last call came without a state."""

    def note(self, *, is_stateless: bool, begins: bool) -> None:
        """Note a call: whether it came without a state, and whether an episode begins in all its rows."""
        if self.matters and is_stateless and self.was_last and not begins:
            self.matters = False
            message = (
                "predict without state takes the first step of a new lifetime at every call: "
                "action, state = agent.predict(observation, state, episode_start) goes on with the lifetime"
            )
            warnings.warn(message, UserWarning, stacklevel=4)  # where predict was called
        self.was_last = is_stateless
