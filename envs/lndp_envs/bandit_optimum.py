"""Mean returns of the bandit of two arms: of the best possible player, and of simple ones.

The only thing that a player does not know is the good arm. What it can know of it is one number, its belief
that it is arm 0: a payoff moves it by Bayes' rule, the hazard mixes it. The best possible return follows
backwards from the last pull, on a grid of beliefs. In between, the values of a later pull are interpolated
linearly; as they are convex in the belief, the result is never below the optimum, and finer grids come down
to it.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lndp_envs.arrays import Array
from lndp_envs.bandit import Bandit

Floats: TypeAlias = NDArray[np.float64]

GRID = 20_001
"""Beliefs of the grid; with more, the optimum of the default bandit falls by less than 1e-8. Where arms do
not tell the same (their probabilities do not sum to 1), it may be 1e-5 too high."""


def optimal_return(task: Bandit, pulls: int = 200, grid: int = GRID) -> float:
    """The best possible mean return of a lifetime: of a player who knows the rules but not the good arm.

    Args:
        task: a bandit of two arms.
        pulls: of a lifetime.
        grid: how many beliefs are looked at, at least 2.

    Returns:
        The sum of rewards, expected over the good arm at birth, the payoffs and the changes.

    Raises:
        ValueError: there are more arms, so that the belief is not one number.
    """
    _require_two_arms(task)
    beliefs = np.linspace(0.0, 1.0, grid)
    outcomes = [_outcomes(task, beliefs, arm) for arm in (0, 1)]
    value: Floats = np.zeros(grid)
    for _ in range(pulls):
        gains: list[Floats] = []
        for of_arm in outcomes:
            gain = np.zeros(grid)
            for paid, chance, after in of_arm:
                gain = gain + chance * (paid + np.interp(after, beliefs, value))
            gains.append(gain)
        value = np.maximum(gains[0], gains[1])
    return float(np.interp(0.5, beliefs, value))


def one_arm_return(task: Bandit, pulls: int = 200) -> float:
    """The exact mean return of a player who always pulls the same arm, or any: of one without memory."""
    return pulls * (task.good_probability + (task.arms - 1) * task.bad_probability) / task.arms


def win_stay_lose_shift_return(task: Bandit, pulls: int = 200) -> float:
    """The exact mean return of a player who pulls the last arm again if it paid, and else the other.

    Raises:
        ValueError: there are more than two arms.
    """
    _require_two_arms(task)
    total, on_good = 0.0, 0.5
    for _ in range(pulls):
        total += on_good * task.good_probability + (1.0 - on_good) * task.bad_probability
        on_good = on_good * task.good_probability + (1.0 - on_good) * (1.0 - task.bad_probability)
        on_good = on_good * (1.0 - task.hazard) + (1.0 - on_good) * task.hazard
    return total


def updated_belief(task: Bandit, belief: Array, arm: Array | int, pays: Array | bool) -> Array:
    """The belief that arm 0 is good after a pull and the change that may follow it.

    Args:
        task: a bandit of two arms.
        belief: that arm 0 is good, before the pull.
        arm: 0 or 1.
        pays: whether it paid.

    Returns:
        As many numbers as the arguments broadcast to; no belief where the payoff cannot happen.
    """
    with_0, total = _evidence(task, belief, arm, pays)
    known = with_0 / np.maximum(total, np.finfo(np.float64).tiny)
    return known * (1.0 - task.hazard) + (1.0 - known) * task.hazard


def _outcomes(task: Bandit, belief: Floats, arm: int) -> list[tuple[float, Floats, Floats]]:
    """Return the possible outcomes of pulling an arm: reward, chance, and belief afterwards."""
    return [
        (float(pays), _evidence(task, belief, arm, pays)[1], updated_belief(task, belief, arm, pays))
        for pays in (True, False)
    ]


def _evidence(task: Bandit, belief: Array, arm: Array | int, pays: Array | bool) -> tuple[Array, Array]:
    """Return how likely it is that an arm pays (or not) with arm 0 the good one, and how likely at all."""
    pays_if_0, pays_if_1 = (
        np.where(np.equal(arm, good), task.good_probability, task.bad_probability) for good in (0, 1)
    )
    with_0 = belief * np.where(pays, pays_if_0, 1.0 - pays_if_0)
    return with_0, with_0 + (1.0 - belief) * np.where(pays, pays_if_1, 1.0 - pays_if_1)


def _require_two_arms(task: Bandit) -> None:
    if task.arms != 2:
        raise ValueError(f"arms is {task.arms}, but only for two arms is the belief one number")
