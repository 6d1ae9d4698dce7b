"""Policies that nobody has to train: random actions, and what a person would write for a known task."""

from typing import Any, cast

import numpy as np
import torch
from gymnasium import Space
from lndp_envs.bandit import Bandit
from lndp_envs.bandit_optimum import updated_belief
from lndp_envs.foraging import LEFT, RIGHT, Foraging
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.randomness import fold, key_of, uniform
from numpy.typing import NDArray

from lndp_agents.baselines.job import Job
from lndp_agents.rollout.predicting import Memory, PredictPolicy
from lndp_agents.spaces import ActionDecoding

_NEXT, _ACTION = 0, 1  # folded into the key of a random life


class RandomPolicy:
    """Any action, each as likely.

    Args:
        action_space: Discrete, or a bounded Box.
        seed: of lives that `births` did not begin.
    """

    def __init__(self, action_space: Space[Any], seed: int = 0) -> None:
        self.action_space = action_space
        self._decoding = ActionDecoding.of(action_space)
        self._key = key_of(seed)

    def births(self, keys: NDArray[Any]) -> Memory:
        """The keys themselves."""
        return (keys,)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Memory]:
        """As `PredictPolicy.predict`; no action depends on another, so lives need no beginning."""
        rows = np.arange(len(observation["reward"]))
        (keys,) = state or (fold(np.full(len(rows), self._key), rows),)
        luck = torch.as_tensor(uniform(fold(keys, _ACTION), (self._decoding.size,)))
        return self._decoding.decode(luck * 2 - 1).numpy(), (fold(keys, _NEXT),)


class LastFoodPolicy:
    """Go where the food was last, and look at the other end where it is not: win-stay lose-shift.

    The best possible in foraging where the food changes ends with at most 0.5 (tests/envs show it).

    Args:
        task: the corridor.
    """

    def __init__(self, task: Foraging) -> None:
        self.action_space = task.action_space
        self._task = task

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Memory]:
        """As `PredictPolicy.predict`; the memory is the side (B,) that is gone to, right at first."""
        seen = observation["observation"]
        position = seen.argmax(1) if self._task.observation == "one_hot" else seen[:, 0]
        side = (
            np.full(len(seen), RIGHT) if state is None else np.where(_begins(episode_start), RIGHT, state[0])
        )
        # At an end is only who found nothing there: a meal puts the forager back into the middle.
        side = np.where(position == self._task.size - 1, LEFT, np.where(position == 0, RIGHT, side))
        return side, (side,)


class WinStayLoseShiftPolicy:
    """Pull the last arm again if it paid, and else the next: the simplest player with a memory.

    Args:
        task: the bandit.
    """

    def __init__(self, task: Bandit) -> None:
        self.action_space = task.action_space
        self._arms = task.arms

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Memory]:
        """As `PredictPolicy.predict`; the memory is the last arm (B,)."""
        has_paid = observation["reward"][:, 0] > 0
        arm = np.zeros(len(has_paid), np.int64)
        if state is not None:
            last: NDArray[np.int64] = state[0]
            arm = np.where(_begins(episode_start), arm, np.where(has_paid, last, (last + 1) % self._arms))
        return arm, (arm,)


class BeliefPolicy:
    """Pull the arm that Bayes' rule believes to be good: the best possible where both arms tell the same.

    They do if the probabilities of the good and the bad arm sum to 1, as they do by default.

    Args:
        task: a bandit of two arms.

    Raises:
        ValueError: it has more.
    """

    def __init__(self, task: Bandit) -> None:
        if task.arms != 2:
            raise ValueError(f"arms is {task.arms}: the scripted policy believes in one of two, so give 2")
        self.action_space = task.action_space
        self._task = task

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Memory]:
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
    """Random actions for any environment."""
    return RandomPolicy(job.make_world().dynamics.action_space, job.seed)


def scripted_policy(job: Job) -> PredictPolicy:
    """The best policy that is known for a task.

    Raises:
        ValueError: there is none.
    """
    task = _known_task(job)
    return LastFoodPolicy(task) if isinstance(task, Foraging) else BeliefPolicy(task)


def win_stay_lose_shift(job: Job) -> PredictPolicy:
    """Win-stay lose-shift for a task.

    Raises:
        ValueError: there is none.
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


def _begins(episode_start: Any) -> Any:
    """Where lives begin, nowhere if nothing is said."""
    return False if episode_start is None else np.asarray(episode_start, np.bool_)
