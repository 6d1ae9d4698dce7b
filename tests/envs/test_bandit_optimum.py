"""The best return of the bandit: against the threshold, an exhaustive search, and simulated players."""

from collections.abc import Callable

import gymnasium
import numpy as np
import pytest
from lndp_envs import make_dynamics
from lndp_envs.bandit import Bandit
from lndp_envs.bandit_optimum import (
    GRID,
    one_arm_return,
    optimal_return,
    updated_belief,
    win_stay_lose_shift_return,
)
from lndp_envs.randomness import fold

LIVES = 20_000


def test_the_reward_threshold_is_the_optimum() -> None:
    task, steps = make_dynamics("lndp/Bandit-v0")
    assert isinstance(task, Bandit)
    assert steps == 200
    assert gymnasium.spec("lndp/Bandit-v0").reward_threshold == pytest.approx(
        optimal_return(task, steps), abs=1e-8
    )


def test_finer_grids_come_down_by_less_than_is_said() -> None:
    coarse, usual, fine = (optimal_return(Bandit(), grid=grid) for grid in (GRID // 4, GRID, 2 * GRID - 1))
    assert coarse > usual > fine > usual - 1e-8


def exhaustive(task: Bandit, worlds: np.ndarray, pulls: int) -> float:
    """The most that can be won: ``worlds`` has the chance of what was seen so far with either good arm."""
    if pulls == 0:
        return 0.0
    returns = []
    for arm in (0, 1):
        pays = np.where(np.arange(2) == arm, task.good_probability, task.bad_probability)
        gained = float((worlds * pays).sum())
        for seen in (worlds * pays, worlds * (1 - pays)):
            gained += exhaustive(task, seen * (1 - task.hazard) + seen[::-1] * task.hazard, pulls - 1)
        returns.append(gained)
    return max(returns)


@pytest.mark.parametrize(
    "task",
    [Bandit(), Bandit(2, 0.8, 0.3, 0.1), Bandit(2, 1.0, 0.2, 0.05), Bandit(2, 0.6, 0.0, 0.0)],
    ids=repr,
)
def test_an_exhaustive_search_finds_the_same_optimum(task: Bandit) -> None:
    best = exhaustive(task, np.array([0.5, 0.5]), 6)
    assert best - 1e-12 <= optimal_return(task, 6) <= best + 1e-5


def test_optima_by_hand() -> None:
    # A known arm pays always: the first pull settles it, and without a hazard for life.
    assert optimal_return(Bandit(2, 1.0, 0.0, 0.0), 50) == pytest.approx(0.5 + 49)
    # An arm that always changes, and one that is never known.
    assert optimal_return(Bandit(2, 1.0, 0.0, 1.0), 50) == pytest.approx(0.5 + 49)
    assert optimal_return(Bandit(hazard=0.5)) == pytest.approx(100.0)
    assert optimal_return(Bandit(), 1) == pytest.approx(0.5)


def test_simple_players_by_hand() -> None:
    assert one_arm_return(Bandit()) == pytest.approx(100.0)
    assert one_arm_return(Bandit(arms=5), 100) == pytest.approx(100 * (0.9 + 4 * 0.1) / 5)
    # Right after a pull the player is on the good arm with 0.9, the hazard leaves 0.884, each time.
    assert win_stay_lose_shift_return(Bandit()) == pytest.approx(0.5 + 199 * (0.884 * 0.9 + 0.116 * 0.1))


def test_bayes_rule_by_hand() -> None:
    task = Bandit(hazard=0.0)
    assert updated_belief(task, np.array([0.5]), 0, True).tolist() == pytest.approx([0.9])
    assert updated_belief(task, np.array([0.5]), 1, True).tolist() == pytest.approx([0.1])
    assert updated_belief(task, np.array([0.9]), 0, False).tolist() == pytest.approx([0.5])
    assert updated_belief(Bandit(), np.array([0.5]), 0, True).tolist() == pytest.approx(
        [0.9 * 0.98 + 0.1 * 0.02]
    )


def simulate(
    task: Bandit, choose: Callable[[np.ndarray], np.ndarray], learn: Callable[..., np.ndarray]
) -> tuple[float, float]:
    """The mean return of players with a memory of one number, 0.5 at birth, and its standard error."""
    state = task.reset(fold(np.arange(LIVES), 3), np.arange(LIVES) % 2)
    memory, total = np.full(LIVES, 0.5), np.zeros(LIVES)
    for _ in range(200):
        arm = choose(memory)
        state, reward, _ = task.step(state, arm)
        memory = learn(memory, arm, reward == 1.0)
        total += reward
    return float(total.mean()), float(total.std() / np.sqrt(LIVES))


def test_a_simulated_player_with_beliefs_earns_the_optimum() -> None:
    # With 0.9 and 0.1 either arm tells the same, so that the best is to pull what is believed to be good.
    mean, error = simulate(
        Bandit(),
        lambda belief: np.where(belief >= 0.5, 0, 1),
        lambda belief, arm, pays: updated_belief(Bandit(), belief, arm, pays),
    )
    assert error < 0.1
    assert abs(mean - optimal_return(Bandit())) < 5 * error


def test_a_simulated_player_who_stays_after_wins_and_shifts_after_losses() -> None:
    mean, error = simulate(
        Bandit(),
        lambda last: np.where(last == 0.5, 0, last).astype(np.int64),
        lambda last, arm, pays: np.where(pays, arm, 1 - arm),
    )
    assert abs(mean - win_stay_lose_shift_return(Bandit())) < 5 * error


def test_the_table_of_the_docs_is_exact() -> None:
    text = Bandit.__doc__ or ""
    table = text[text.index("| player") : text.index("See `lndp_envs")]
    numbers = [float(line.split("|")[2]) for line in table.strip().splitlines()[2:]]
    exact = [optimal_return(Bandit()), win_stay_lose_shift_return(Bandit()), one_arm_return(Bandit())]
    assert numbers == pytest.approx(exact, abs=5e-4)


def test_more_arms_are_refused() -> None:
    for function in (optimal_return, win_stay_lose_shift_return):
        with pytest.raises(ValueError, match="arms is 3"):
            function(Bandit(arms=3))
