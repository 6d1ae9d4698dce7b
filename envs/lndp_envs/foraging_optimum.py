"""Exact mean returns of foraging: of the best possible forager, and of foragers without memory.

The only thing that a forager does not know is the side of the food. What it can know of it is one number, its
belief that the food is on the right: a step that pays differently on the two sides settles it, the end of a
trial mixes it. Dynamic programming over (steps left, cell, step of the trial, belief) is therefore exact, and
cheap because there are few beliefs.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from lndp_envs.foraging import FOOD_REWARD, LEFT, RIGHT, STAY, Foraging

Policy: TypeAlias = Callable[[int, int], tuple[float, float, float]]
"""Maps the cell and the step of the trial to the chances of right, left and stay."""

_MOVES = {RIGHT: 1, LEFT: -1, STAY: 0}


def optimal_return(task: Foraging, steps: int = 100) -> float:
    """The best possible mean return of a lifetime: of a forager who knows the rules but not the food side.

    Args:
        task: the corridor.
        steps: of a lifetime.

    Returns:
        The sum of rewards, expected over the side at birth and the switches.
    """
    return _expected_return(task, steps, None)


def policy_return(task: Foraging, policy: Policy, steps: int = 100) -> float:
    """The exact mean return of a forager without memory, such as :func:`always_right`.

    Args:
        task: the corridor.
        policy: the chances of the three actions.
        steps: of a lifetime.

    Returns:
        The sum of rewards, expected over the side at birth, the switches and the actions.
    """
    return _expected_return(task, steps, policy)


def always_right(position: int, trial_step: int) -> tuple[float, float, float]:
    """Always the same side."""
    return (1.0, 0.0, 0.0)


def random_walk(position: int, trial_step: int) -> tuple[float, float, float]:
    """Any action."""
    return (1 / 3, 1 / 3, 1 / 3)


def sweep(task: Foraging) -> Policy:
    """In every trial, first to the right end and then to the left."""
    return lambda position, trial_step: (1.0, 0.0, 0.0) if trial_step < task.start else (0.0, 1.0, 0.0)


def _expected_return(task: Foraging, steps: int, policy: Policy | None) -> float:
    """Dynamic programming; without a policy the best action is taken everywhere."""

    @cache
    def value(steps_left: int, position: int, trial_step: int, belief: float) -> float:
        if steps_left == 0:
            return 0.0
        values: list[float] = []
        for action in _MOVES:
            gain = 0.0
            for chance, reward, after in _outcomes(task, position, trial_step, belief, action):
                gain += chance * (reward + value(steps_left - 1, *after))
            values.append(gain)
        if policy is None:
            return max(values)
        return sum(chance * gain for chance, gain in zip(policy(position, trial_step), values, strict=True))

    return value(steps, task.start, 0, 0.5)


def _outcomes(
    task: Foraging, position: int, trial_step: int, belief: float, action: int
) -> list[tuple[float, float, tuple[int, int, float]]]:
    """Return the possible outcomes of an action: chance, reward, and (cell, step of the trial, belief)."""
    position = min(max(position + _MOVES[action], 0), task.size - 1)
    right, left = (_reward(task, abs(position - food)) for food in (task.size - 1, 0))
    learned = [(1.0, right, belief)] if right == left else [(belief, right, 1.0), (1.0 - belief, left, 0.0)]
    outcomes: list[tuple[float, float, tuple[int, int, float]]] = []
    for chance, reward, known in learned:
        after = (position, trial_step + 1, known)
        if reward == FOOD_REWARD or trial_step + 1 == task.trial_steps:
            switch = task.switch_probability
            after = (task.start, 0, known * (1.0 - switch) + (1.0 - known) * switch)
        if chance > 0.0:
            outcomes.append((chance, reward, after))
    return outcomes


def _reward(task: Foraging, distance: int) -> float:
    """Return the reward of a step that ends so far from the food."""
    if distance == 0:
        return FOOD_REWARD
    return -float(distance) if task.dense_reward else 0.0
