"""Exact returns: against the registered thresholds, an exhaustive search, and simulated foragers."""

from collections import defaultdict
from collections.abc import Callable

import gymnasium
import numpy as np
import pytest
from lndp_envs import make_dynamics
from lndp_envs.foraging import LEFT, RIGHT, Foraging, ForagingState
from lndp_envs.foraging_optimum import always_right, optimal_return, policy_return, random_walk, sweep
from lndp_envs.randomness import fold, uniform

IDS = ["lndp/Foraging-v0", "lndp/ForagingReversal-v0", "lndp/ForagingSwitch-v0"]
LIVES = 40_000


@pytest.mark.parametrize("env_id", IDS)
def test_the_reward_threshold_is_the_optimum(env_id: str) -> None:
    task, steps = make_dynamics(env_id)
    assert isinstance(task, Foraging)
    assert steps == 100
    assert gymnasium.spec(env_id).reward_threshold == pytest.approx(optimal_return(task, steps), abs=1e-9)


def test_the_optimum_with_a_fixed_side_by_hand() -> None:
    # Right: 50 trials of two steps. Left: six steps for the first, then 47 trials of two.
    assert optimal_return(Foraging()) == pytest.approx((500 + 480) / 2)


def test_foragers_without_memory_by_hand() -> None:
    task = Foraging()
    assert policy_return(task, always_right) == pytest.approx((500 + 0) / 2)
    assert policy_return(task, sweep(task)) == pytest.approx((500 + 160) / 2)
    # With a fair coin for every trial nothing can be remembered: sweeping is best.
    switching = Foraging(switch_probability=0.5)
    assert policy_return(switching, sweep(switching)) == pytest.approx(optimal_return(switching))


def test_the_side_moves_only_what_can_be_remembered() -> None:
    best = [optimal_return(Foraging(switch_probability=p)) for p in (0.0, 0.1, 0.5)]
    assert best == sorted(best, reverse=True)
    # A side that always changes is known as well as one that never does.
    assert optimal_return(Foraging(switch_probability=1.0)) == pytest.approx(optimal_return(Foraging()))


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("switch_probability", [0.0, 1.0])
def test_an_exhaustive_search_finds_the_same_optimum(dense: bool, switch_probability: float) -> None:
    task = Foraging(3, 2, switch_probability, dense)

    def best(states: list[ForagingState], steps: int) -> float:
        """The most that can be won in all these worlds together, which have looked alike so far."""
        if steps == 0:
            return 0.0
        returns = []
        for action in range(3):
            gained, alike = 0.0, defaultdict(list)
            for world in states:
                after, reward, _ = task.step(world, np.array([action]))
                gained += float(reward[0])
                alike[float(reward[0]), float(task.observe(after)[0, 0])].append(after)
            returns.append(gained + sum(best(worlds, steps - 1) for worlds in alike.values()))
        return max(returns)

    births = [task.reset(np.array([0]), np.array([side])) for side in (0, 1)]
    assert optimal_return(task, 6) == pytest.approx(best(births, 6) / 2)


def simulate(task: Foraging, act: Callable[[ForagingState, int], np.ndarray]) -> tuple[float, float]:
    """The mean return of lives with both sides equally often, and its standard error."""
    state = task.reset(fold(np.arange(LIVES), 11), np.arange(LIVES) % 2)
    total = np.zeros(LIVES)
    for step in range(100):
        state, reward, _ = task.step(state, act(state, step))
        total += reward
    return float(total.mean()), float(total.std() / np.sqrt(LIVES))


@pytest.mark.parametrize("env_id", IDS)
def test_simulated_foragers_earn_what_was_computed(env_id: str) -> None:
    task, _ = make_dynamics(env_id)
    assert isinstance(task, Foraging)

    def one_sided(state: ForagingState, step: int) -> np.ndarray:
        return np.full(LIVES, RIGHT)

    def sweeping(state: ForagingState, step: int) -> np.ndarray:
        return np.where(state.trial_step < task.start, RIGHT, LEFT)

    def random(state: ForagingState, step: int) -> np.ndarray:
        return (3 * uniform(fold(np.arange(LIVES), step))).astype(np.int64)

    for act, policy in ((one_sided, always_right), (sweeping, sweep(task)), (random, random_walk)):
        mean, error = simulate(task, act)
        assert abs(mean - policy_return(task, policy)) < 5 * error + 1e-9


@pytest.mark.parametrize("env_id", IDS)
def test_returning_to_the_last_food_is_optimal(env_id: str) -> None:
    task, _ = make_dynamics(env_id)
    assert isinstance(task, Foraging)
    believed = np.zeros(LIVES, dtype=np.int64)

    def act(state: ForagingState, step: int) -> np.ndarray:
        nonlocal believed
        # The forager stands at an end only where the food is not; after a meal it is back in the middle.
        believed = np.where(state.position == task.size - 1, 1, np.where(state.position == 0, 0, believed))
        return np.where(believed == 0, RIGHT, LEFT)

    mean, error = simulate(task, act)
    assert abs(mean - optimal_return(task)) < 5 * error
