"""Learners of a rollout, and evolved policies: P genomes x L lifetimes in one batch on a device."""

from typing import Any, NamedTuple, Protocol, Self

import torch
from gymnasium import Space
from lndp_envs.randomness import fold
from torch import Tensor

from lndp_agents.parameters import Parameters, num_genomes
from lndp_agents.policies.policy import Policy
from lndp_agents.rollout.streams import INIT
from lndp_agents.spaces import ActionDecoding, ObservationEncoding


class StepInput(NamedTuple):
    """Input of a learner in one step: P genomes x L lifetimes, which are P * L rows of the world."""

    observation: Tensor
    """(P * L, *shape), not yet encoded."""
    reward: Tensor
    """(P, L) float64: that of the step before. No policy receives it where an episode begins."""
    episode_start: Tensor
    """(P, L) bool."""
    alive: Tensor | None = None
    """(P, L) bool: which lifetimes have not ended; all if None."""


class Coding(Protocol):
    """Observation encoder and action decoder; a `World` has both, and so has an agent."""

    @property
    def encoding(self) -> ObservationEncoding:
        """The observation encoder."""
        ...

    @property
    def decoding(self) -> ActionDecoding:
        """The action decoder."""
        ...


class Network(Protocol):
    """The networks of P x L lifetimes under way."""

    @property
    def state(self) -> Any:
        """State that changes from step to step: that of a policy, or the memory of `predict`."""
        ...

    @property
    def num_edges(self) -> Tensor | float:
        """(P, L): number of edges; 0 where edges do not come and go."""
        ...

    def step(self, coding: Coding, given: StepInput, *, donate: bool) -> tuple[Self, Tensor]:
        """Advance by one step; return the networks, and actions (P * L, *shape) of the action space.

        The memory of the state may be reused if it is donated, after which this network is void.
        """
        ...

    def with_state(self, state: Any) -> Self:
        """Return the same networks in another state."""
        ...

    def select(self, genomes: Tensor, lifetimes: Tensor) -> "Network | None":
        """Return some genomes and lifetimes, by index; None if rows cannot leave the batch."""
        ...


class Learner(Protocol):
    """A learner that `rollout` takes: `Evolved` or `Predicting`."""

    @property
    def num_genomes(self) -> int:
        """Number of genomes, P."""
        ...

    @property
    def step_bytes(self) -> int:
        """Approximate number of bytes that one lifetime takes."""
        ...

    @property
    def num_allowed_edges(self) -> int:
        """Largest number of edges; 0 where edges do not come and go."""
        ...

    def init(self, keys: Tensor, observation_space: Space[Any]) -> Network:
        """Return initial networks (P, L) from the keys (L,) of lifetimes, for observations of a space."""
        ...

    def split(self, at_once: int) -> "list[Learner]":
        """Return the same genomes as learners of at most so many genomes."""
        ...


class Phenotype(NamedTuple):
    """Evolved policies at work: pure functions, named parameters, and the state of P x L lifetimes."""

    policy: Policy[Any]
    parameters: Parameters
    """(P, ...); or (P * L, ...), where an intervention gave each lifetime parameters of its own."""
    state: Any

    @property
    def num_edges(self) -> Tensor:
        """As `Network.num_edges`."""
        return self.policy.num_edges(self.state)

    def advance(
        self,
        inputs: Tensor,
        reward: Tensor,
        episode_start: Tensor,
        *,
        alive: Tensor | None = None,
        donate: bool = False,
    ) -> tuple["Phenotype", Tensor]:
        """Advance the policy by one step; arguments and results are those of `Policy.step`."""
        if not self._has_own_parameters:
            given = self.state, inputs, reward, episode_start
            state, output = self.policy.step(self.parameters, *given, alive=alive, donate=donate)
            return self._replace(state=state), output
        shape = reward.shape  # P x L lifetimes become one lifetime of each of P * L genomes
        alone = type(self.state)(*(tensor.flatten(0, 1)[:, None] for tensor in self.state))
        rows = (tensor.flatten(0, 1)[:, None] for tensor in (inputs, reward, episode_start))
        is_alive = None if alive is None else alive.flatten()[:, None]
        alone, output = self.policy.step(self.parameters, alone, *rows, alive=is_alive, donate=donate)
        state = type(alone)(*(tensor.reshape(*shape, *tensor.shape[2:]) for tensor in alone))
        return self._replace(state=state), output.reshape(*shape, -1)

    def step(self, coding: Coding, given: StepInput, *, donate: bool) -> tuple["Phenotype", Tensor]:
        """As `Network.step`."""
        inputs = coding.encoding.encode(given.observation).reshape(*given.reward.shape, -1)
        sensed = inputs, given.reward.float(), given.episode_start
        after, output = self.advance(*sensed, alive=given.alive, donate=donate)
        return after, coding.decoding.decode(output.flatten(0, 1))

    def with_state(self, state: Any) -> "Phenotype":
        """As `Network.with_state`."""
        return self._replace(state=state)

    def own_parameters(self) -> dict[str, Tensor]:
        """Return the parameters of each lifetime, (P * L, ...)."""
        if self._has_own_parameters:
            return dict(self.parameters)
        num_lifetimes = self.state.key.shape[1]
        return {name: tensor.repeat_interleave(num_lifetimes, 0) for name, tensor in self.parameters.items()}

    def select(self, genomes: Tensor, lifetimes: Tensor) -> "Phenotype":
        """As `Network.select`."""
        rows = genomes
        if self._has_own_parameters:
            rows = (genomes[:, None] * self.state.key.shape[1] + lifetimes).flatten()
        parameters = {name: tensor[rows] for name, tensor in self.parameters.items()}
        state = type(self.state)(*(tensor[genomes][:, lifetimes] for tensor in self.state))
        return Phenotype(self.policy, parameters, state)

    def to(self, device: torch.device | str) -> "Phenotype":
        """Return the same on another device."""
        parameters = {name: tensor.to(device) for name, tensor in self.parameters.items()}
        return Phenotype(self.policy, parameters, self.state.to(device))

    @property
    def _has_own_parameters(self) -> bool:
        return num_genomes(self.parameters) != len(self.state.key)


class Evolved(NamedTuple):
    """An evolved policy with P genomes.

    Attributes:
        policy: the pure functions.
        parameters: named parameters (P, ...).
    """

    policy: Policy[Any]
    parameters: Parameters

    @property
    def num_genomes(self) -> int:
        """As `Learner.num_genomes`."""
        return num_genomes(self.parameters)

    @property
    def step_bytes(self) -> int:
        """As `Learner.step_bytes`."""
        return self.policy.step_bytes

    @property
    def num_allowed_edges(self) -> int:
        """As `Learner.num_allowed_edges`."""
        return self.policy.num_allowed_edges

    def init(self, keys: Tensor, observation_space: Space[Any]) -> Phenotype:
        """As `Learner.init`."""
        state = self.policy.birth(fold(keys, INIT)[None]).expand_genomes(self.num_genomes)
        return Phenotype(self.policy, self.parameters, self.policy.develop(self.parameters, state))

    def split(self, at_once: int) -> list[Learner]:
        """As `Learner.split`."""
        starts = range(0, self.num_genomes, at_once)
        parts = [{name: t[s : s + at_once] for name, t in self.parameters.items()} for s in starts]
        return [Evolved(self.policy, part) for part in parts]
