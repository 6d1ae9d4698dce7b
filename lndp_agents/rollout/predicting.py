"""Policies with stable-baselines3's `predict`, as learners of a rollout: the slow way, for others' models."""

from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from gymnasium import Space
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.rollout.learners import Coding, Learner, StepInput
from lndp_agents.rollout.sensing import array_encoding, sense_reward
from lndp_agents.rollout.streams import INIT
from lndp_agents.spaces import to_numbers

Memory: TypeAlias = tuple[NDArray[Any], ...]
"""Memory of a policy with `predict` between two steps, B rows."""


class PredictPolicy(Protocol):
    """A policy as stable-baselines3 has it; its models and agents are such policies."""

    @property
    def action_space(self) -> Space[Any]:
        """Space of its actions."""
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
        """Return the initial memory, a pure function of the keys (B,) int64."""
        ...


class PredictNetwork(NamedTuple):
    """A policy with `predict` at work, in L lifetimes (P = 1)."""

    policy: PredictPolicy
    state: Any
    """Memory of the policy."""
    key: Tensor
    """(1, L) int64: the randomness of each lifetime."""
    is_new: bool
    """Whether `predict` is still to be told that lifetimes begin."""
    has_parts: bool
    """Whether observations have several parts, which are encoded to one array."""
    deterministic: bool

    num_edges = 0.0

    def step(self, coding: Coding, given: StepInput, *, donate: bool) -> tuple["PredictNetwork", Tensor]:
        """As `Network.step`."""
        observation = given.observation
        if self.has_parts:
            observation = coding.encoding.encode(observation)
        seen, starts = observation.numpy().copy(), given.episode_start[0].numpy()
        if given.alive is not None:
            seen[~given.alive[0].numpy()] = 0  # what a world shows after the end may be anything, even NaN
        sensed = sense_reward(seen, given.reward[0].numpy(), starts)
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

    def init(self, keys: Tensor, observation_space: Space[Any]) -> PredictNetwork:
        """As `Learner.init`."""
        own = fold(keys, INIT)
        memory = self.policy.births(own.numpy()) if isinstance(self.policy, BornPolicy) else None
        has_parts = array_encoding(observation_space) is not None
        return PredictNetwork(self.policy, memory, own[None], memory is None, has_parts, self.deterministic)

    def split(self, at_once: int) -> list[Learner]:
        """As `Learner.split`."""
        return [self]
