"""Rules, which need no training: random actions, and scripted policies of known worlds."""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from lndp_envs.bandit import Bandit
from lndp_envs.bandit_optimum import updated_belief
from lndp_envs.foraging import LEFT, RIGHT, Foraging
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.randomness import fold, key_of, uniform
from numpy.typing import NDArray

from lndp_agents.baselines.job import Job
from lndp_agents.rollout.predicting import Memory, PredictPolicy
from lndp_agents.spaces import ActionDecoding, Space
from lndp_agents.spaces.kinds import Array

Observation: TypeAlias = Mapping[str, Array]
"""Batches of what `SenseReward` gives."""
_NEXT, _ACTION = 0, 1  # folded into the key of a random policy's lifetime


class RandomPolicy:
    """A policy of uniformly random actions.

    Args:
        action_space: Discrete, or a bounded Box.
        seed: random seed of lifetimes that `births` did not begin.
    """

    def __init__(self, action_space: Space, seed: int = 0) -> None:
        self.action_space = action_space
        self._decoding = ActionDecoding.of(action_space)
        self._key = key_of(seed)

    def births(self, keys: Array) -> Memory:
        """Return the keys as the memory."""
        return (keys,)

    def predict(
        self,
        observation: Observation,
        state: Memory | None = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, Memory]:
        """As `PredictPolicy.predict`; actions are independent, so `episode_start` is not needed."""
        rows = np.arange(len(observation["reward"]))
        (keys,) = state or (fold(np.full(len(rows), self._key), rows),)
        noise = torch.as_tensor(uniform(fold(keys, _ACTION), (self._decoding.size,)))
        return self._decoding.decode(noise * 2 - 1).numpy(), (fold(keys, _NEXT),)


class LastFoodPolicy:
    """A policy that goes to where the food was last, and then to the other end: win-stay lose-shift.

    It is optimal in foraging if the food changes ends with probability 0.5 at most (shown in tests/envs).

    Args:
        task: the dynamics of the corridor.
    """

    def __init__(self, task: Foraging) -> None:
        self.action_space = task.action_space
        self._task = task

    def predict(
        self,
        observation: Observation,
        state: Memory | None = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, Memory]:
        """As `PredictPolicy.predict`; the memory is the side (B,) to go to, right at first."""
        seen = observation["observation"]
        position = seen.argmax(1) if self._task.observation == "one_hot" else seen[:, 0]
        side = (
            np.full(len(seen), RIGHT) if state is None else np.where(_begins(episode_start), RIGHT, state[0])
        )
        # A forager at an end has found nothing there: food puts it back into the middle.
        side = np.where(position == self._task.size - 1, LEFT, np.where(position == 0, RIGHT, side))
        return side, (side,)


class WinStayLoseShiftPolicy:
    """A policy that pulls the last arm again if it paid, and else the next one.

    Args:
        task: the dynamics of the bandit.
    """

    def __init__(self, task: Bandit) -> None:
        self.action_space = task.action_space
        self._arms = task.arms

    def predict(
        self,
        observation: Observation,
        state: Memory | None = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, Memory]:
        """As `PredictPolicy.predict`; the memory is the last arm (B,)."""
        has_paid = observation["reward"][:, 0] > 0
        arm = np.zeros(len(has_paid), np.int64)
        if state is not None:
            last: NDArray[np.int64] = state[0]
            arm = np.where(_begins(episode_start), arm, np.where(has_paid, last, (last + 1) % self._arms))
        return arm, (arm,)


class BeliefPolicy:
    """A policy that pulls the arm that is good by Bayes' rule: optimal if both arms are equally informative.

    They are if the probabilities of the good and the bad arm sum to 1, the default.

    Args:
        task: the dynamics of a bandit with two arms.

    Raises:
        ValueError: the bandit has more arms.
    """

    def __init__(self, task: Bandit) -> None:
        if task.arms != 2:
            raise ValueError(f"arms is {task.arms}: the scripted policy believes in one of two, so give 2")
        self.action_space = task.action_space
        self._task = task

    def predict(
        self,
        observation: Observation,
        state: Memory | None = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, Memory]:
        """As `PredictPolicy.predict`; the memory: the belief (B,) that arm 0 is good, and the last arm."""
        has_paid = observation["reward"][:, 0] > 0
        belief = np.full(len(has_paid), 0.5)
        if state is not None:
            before, last = state
            after = updated_belief(self._task, before, last, has_paid)
            belief = np.where(_begins(episode_start), belief, after)
        arm = np.where(belief >= 0.5, 0, 1)
        return arm, (belief, arm)


def random_policy(job: Job) -> RandomPolicy:
    """Return the policy of random actions for any environment."""
    return RandomPolicy(job.make_world().dynamics.action_space, job.seed)


def scripted_policy(job: Job) -> PredictPolicy:
    """Return the best known policy of a world.

    Raises:
        ValueError: no policy is known for the world.
    """
    task = _known_task(job)
    return LastFoodPolicy(task) if isinstance(task, Foraging) else BeliefPolicy(task)


def win_stay_lose_shift(job: Job) -> PredictPolicy:
    """Return win-stay lose-shift for a world.

    Raises:
        ValueError: no policy is known for the world.
    """
    task = _known_task(job)
    return LastFoodPolicy(task) if isinstance(task, Foraging) else WinStayLoseShiftPolicy(task)


def _known_task(job: Job) -> Foraging | Bandit:
    task: Any = job.make_world().dynamics
    if isinstance(task, LifetimeDynamics):
        task = cast("Any", task).inner
    if not isinstance(task, Foraging | Bandit):
        raise ValueError(
            f"nobody has scripted a policy for {job.environment}: there are some for foraging and bandit"
        )
    return task


def _begins(episode_start: Array | None) -> Array | bool:
    """Return where lifetimes begin, (B,) bool; nowhere if None was given."""
    return False if episode_start is None else np.asarray(episode_start, np.bool_)
