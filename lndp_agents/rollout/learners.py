"""What a rollout rolls out: evolved policies in batches on a device, and anything with `predict`."""

from typing import Any, NamedTuple, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import torch
from gymnasium import Space
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.genome import Parameters, num_genomes
from lndp_agents.policies.policy import Policy
from lndp_agents.rollout.sensing import array_encoding, sense
from lndp_agents.rollout.streams import INIT
from lndp_agents.rollout.world import World
from lndp_agents.spaces import to_numbers

Memory: TypeAlias = tuple[NDArray[Any], ...]
"""What a policy with `predict` remembers of B rows between two steps."""


class StepInput(NamedTuple):
    """What a learner receives in one step: P genomes x L lifetimes, which are P * L rows of the world."""

    observation: Tensor
    """(P * L, *shape), not yet encoded."""
    reward: Tensor
    """(P, L) float64: the last one. No policy senses it where an episode begins."""
    episode_start: Tensor
    """(P, L) bool."""
    alive: Tensor
    """(P, L) bool: which lifetimes have not ended."""


class Network(Protocol):
    """The networks of P x L lifetimes under way."""

    @property
    def state(self) -> Any:
        """What changes from step to step: the state of a policy, or the memory of `predict`."""
        ...

    @property
    def num_edges(self) -> Tensor | float:
        """(P, L): how many edges exist; 0 where edges do not come and go."""
        ...

    def step(self, world: World, given: StepInput, *, donate: bool) -> tuple[Self, Tensor]:
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
    """What `rollout` takes: `Evolved` or `Predicting`."""

    @property
    def num_genomes(self) -> int:
        """P."""
        ...

    @property
    def step_bytes(self) -> int:
        """About how much memory one lifetime takes."""
        ...

    @property
    def num_allowed_edges(self) -> int:
        """How many edges may exist; 0 where edges do not come and go."""
        ...

    def init(self, keys: Tensor) -> Network:
        """Return initial networks (P, L) from the keys (L,) of lifetimes."""
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
        """Advance the policy by one step; arguments and results are those of `Policy.experience`."""
        if not self._has_own_parameters:
            given = self.state, inputs, reward, episode_start
            state, output = self.policy.experience(self.parameters, *given, alive=alive, donate=donate)
            return self._replace(state=state), output
        shape = reward.shape  # P x L lifetimes become one lifetime of each of P * L genomes
        alone = type(self.state)(*(tensor.flatten(0, 1)[:, None] for tensor in self.state))
        rows = (tensor.flatten(0, 1)[:, None] for tensor in (inputs, reward, episode_start))
        is_alive = None if alive is None else alive.flatten()[:, None]
        alone, output = self.policy.experience(self.parameters, alone, *rows, alive=is_alive, donate=donate)
        state = type(alone)(*(tensor.reshape(*shape, *tensor.shape[2:]) for tensor in alone))
        return self._replace(state=state), output.reshape(*shape, -1)

    def step(self, world: World, given: StepInput, *, donate: bool) -> tuple["Phenotype", Tensor]:
        """As `Network.step`."""
        inputs = world.encoding.encode(given.observation).reshape(*given.alive.shape, -1)
        sensed = inputs, given.reward.float(), given.episode_start
        after, output = self.advance(*sensed, alive=given.alive, donate=donate)
        return after, world.decoding.decode(output.flatten(0, 1))

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

    def init(self, keys: Tensor) -> Phenotype:
        """As `Learner.init`."""
        state = self.policy.birth(fold(keys, INIT)[None]).expand_genomes(self.num_genomes)
        return Phenotype(self.policy, self.parameters, self.policy.develop(self.parameters, state))

    def split(self, at_once: int) -> list[Learner]:
        """As `Learner.split`."""
        starts = range(0, self.num_genomes, at_once)
        parts = [{name: t[s : s + at_once] for name, t in self.parameters.items()} for s in starts]
        return [Evolved(self.policy, part) for part in parts]


class PredictPolicy(Protocol):
    """A policy as stable-baselines3 has it; its models and agents are such policies."""

    @property
    def action_space(self) -> Space[Any]:
        """The actions that it gives."""
        ...

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """stable-baselines3's `PolicyPredictor`.

        Args:
            observation: a batch of what `lndp_envs.SenseReward` gives.
            state: the memory that the last call returned; None begins lifetimes.
            episode_start: (B,) true where a new lifetime begins; a gymnasium episode is one lifetime.
            deterministic: the likeliest action instead of a sampled one.

        Returns:
            Actions (B, *shape), and the memory, or None where there is none.
        """
        ...


@runtime_checkable
class BornPolicy(Protocol):
    """A policy with `predict` whose initial memory is random."""

    def births(self, keys: NDArray[Any]) -> Memory:
        """The initial memory, a pure function of the keys (B,) int64."""
        ...


class PredictNetwork(NamedTuple):
    """A policy with `predict` at work, in L lifetimes (P = 1)."""

    policy: PredictPolicy
    state: Any
    """Its memory."""
    key: Tensor
    """(1, L) int64: the randomness of each lifetime."""
    is_new: bool
    """Whether `predict` is still to be told that lifetimes begin."""
    deterministic: bool

    num_edges = 0.0

    def step(self, world: World, given: StepInput, *, donate: bool) -> tuple["PredictNetwork", Tensor]:
        """As `Network.step`."""
        observation = given.observation
        if array_encoding(world.dynamics.observation_space) is not None:
            observation = world.encoding.encode(observation)
        seen, starts = observation.numpy().copy(), given.episode_start[0].numpy()
        seen[~given.alive[0].numpy()] = 0  # what a world shows after the end may be anything, even NaN
        sensed = sense(seen, given.reward[0].numpy(), starts)
        begins = np.full(len(seen), self.is_new)
        action, memory = self.policy.predict(sensed, self.state, begins, self.deterministic)
        actions = torch.as_tensor(to_numbers(self.policy.action_space, action, "action"))
        return self._replace(state=memory, is_new=False), actions

    def with_state(self, state: Any) -> "PredictNetwork":
        """As `Network.with_state`."""
        return self._replace(state=state)

    def select(self, genomes: Tensor, lifetimes: Tensor) -> None:
        """As `Network.select`: only the policy knows which part of its memory is a row's."""


class Predicting(NamedTuple):
    """A policy with `predict`: a model of stable-baselines3, a rule, anything else; one genome.

    Actions that are sampled come from torch's global generator: see `generators.lent_generators`.
    """

    policy: PredictPolicy
    deterministic: bool = True

    num_genomes = 1
    step_bytes = 0
    num_allowed_edges = 0

    def init(self, keys: Tensor) -> PredictNetwork:
        """As `Learner.init`."""
        own = fold(keys, INIT)
        memory = self.policy.births(own.numpy()) if isinstance(self.policy, BornPolicy) else None
        return PredictNetwork(self.policy, memory, own[None], memory is None, self.deterministic)

    def split(self, at_once: int) -> list[Learner]:
        """As `Learner.split`."""
        return [self]
