"""What leads lives that its callers hold: a genome, the program of its policy, senses and muscles."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from lndp_envs.randomness import fold, key_of
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lndp_agents.agent.lives import (
    LIVES,
    StatelessCalls,
    arrays_to_lives,
    lives_to_arrays,
    valid_seed,
    with_newborns,
)
from lndp_agents.agent.senses import Senses, sense
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

Config = TypeVar("Config", bound=PolicyConfig)


class Predictor(Generic[Config]):
    """A genome with all that it takes to live, by stable-baselines3's protocol; it holds no life itself.

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
        """What lives; made at first use, for a kernel may have to be built."""
        return make_policy(self.config, self.backend if self.device.type == "cpu" else "eager")

    @property
    def device(self) -> torch.device:
        """Where the brain is computed."""
        return self._genome.device

    @property
    def genome(self) -> Tensor:
        """(D,) float32: a copy of the numbers that evolution found."""
        return self._genome.clone()

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The named parameters of the policy, one tensor each."""
        return MappingProxyType({name: tensor[0] for name, tensor in self._parameters.items()})

    @property
    def learner(self) -> Evolved:
        """What `rollout` takes: the policy with this one genome."""
        return Evolved(self.program, self._parameters)

    @property
    def num_parameters(self) -> int:
        """D."""
        return len(self._genome)

    def to(self, device: torch.device | str) -> Self:
        """Move the genome to a device; returns the agent.

        Raises:
            ValueError: it is no device, or it is not there.
        """
        self._genome = self._genome.to(find_device(device))
        self._parameters = genome_to_parameters(self.config, self._genome[None])
        vars(self).pop("program", None)
        return self

    def seed(self, seed: int) -> None:
        """Choose the lives to come: of the rows of `predict`.

        Raises:
            ValueError: the seed is no integer from 0 to 2**64 - 1.
        """
        self._lives_key = key_of(valid_seed(seed), LIVES)

    @torch.inference_mode()
    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...]]:
        """Live one step of many lives, by stable-baselines3's `PolicyPredictor`.

        Pure: row i's first life is the i-th birth of the agent's seed, and a life's key leads to the next.
        Natively a row is the life that `act` leads, bit for bit, whatever the other rows, the place of the
        state in memory and the number of threads. Eagerly it is so but for rounding: products of matrices
        have other last bits with other numbers of rows or threads, and a life may amplify them.

        Warns, once, if a second call in a row begins lives while an episode goes on.

        Args:
            observation: of `lndp_envs.SenseReward`, with an axis of B rows or without.
            state: what the last call returned; None begins lives.
            episode_start: (B,) true where a new life begins (one gymnasium episode is one life); nowhere if
                None. Where an episode begins *within* a life is in the observation.
            deterministic: accepted; the action is that of the largest output in any case.

        Returns:
            Actions of the space, with an axis of B rows if the observation had one, and the lives.

        Raises:
            ValueError: the observation is not of the space or lacks the reward, or the rows do not match.
        """
        senses = sense(observation, self.observation_space)
        if self.config.reward_input:
            senses.require_reward()
        self._stateless.note(is_stateless=state is None, begins=bool(senses.episode_start.all()))
        num_rows = len(senses.observation)
        if state is None:
            rows = torch.arange(num_rows, device=self.device)
            lives = self._born(fold(self._key(self._lives_key), rows[None]))
        else:
            lives = arrays_to_lives(state, num_rows, self.program, self.device)
            lives = with_newborns(lives, episode_start, self._born)
        network = self._network(lives)
        network, action = network.step(self, self._given(network, senses), donate=True)
        numbers = action.cpu().numpy()
        numbers = from_numbers(self.action_space, numbers if senses.is_batched else numbers.squeeze(0))
        return numbers, lives_to_arrays(network.state)

    @torch.inference_mode()
    def births(self, keys: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """Newborns for `predict`, one for each key (B,), of which they are a pure function."""
        return lives_to_arrays(self._born(torch.as_tensor(keys, device=self.device)[None]))

    def _key(self, key: int) -> Tensor:
        return torch.full((1, 1), key, dtype=torch.int64, device=self.device)

    def _born(self, key: Tensor) -> Any:
        """Newborns (1, L, ...) of the program's form, developed, one for each key (1, L)."""
        return self.program.develop(self._parameters, self.program.birth(key))

    def _network(self, state: Any) -> Phenotype:
        return Phenotype(self.program, self._parameters, state)

    def _given(self, network: Phenotype, senses: Senses) -> StepInput:
        """What the networks of lifetimes (1, L, ...) receive."""
        observation, reward, starts = (
            torch.from_numpy(values).to(self.device)  # pyright: ignore[reportUnknownMemberType]
            for values in (senses.observation, senses.reward, senses.episode_start)
        )
        return StepInput(observation, reward[None], starts | network.policy.is_newborn(network.state))
