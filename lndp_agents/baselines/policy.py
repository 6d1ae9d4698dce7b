"""What all learners have in common: a policy as stable-baselines3 has it."""

from typing import Any, Protocol, TypeAlias, runtime_checkable

from gymnasium import Space
from numpy.typing import NDArray

Memory: TypeAlias = tuple[NDArray[Any], ...]
"""What a policy keeps of B lives between two steps."""


class Policy(Protocol):
    """A learner after its training; `LNDPAgent` and the models of stable-baselines3 are policies."""

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
            state: the memory that the last call returned; None begins lives.
            episode_start: (B,) true where a new life begins; a gymnasium episode is one life.
            deterministic: the likeliest action instead of a drawn one.

        Returns:
            Actions (B, *shape), and the memory, or None where there is none.
        """
        ...


@runtime_checkable
class BornPolicy(Protocol):
    """A policy whose lives begin at random."""

    def births(self, keys: NDArray[Any]) -> Memory:
        """The memory with which lives begin, a pure function of their keys (B,) int64."""
        ...
