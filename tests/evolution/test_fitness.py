"""What evolution pays for, on lives written down by hand."""

import math

import pytest
import torch

from lndp_agents.evolution.fitness import WORST, fitness
from lndp_agents.rollout import Rollout

TASKS = torch.tensor([0, 1, 0, 1])


def lives_of(scores: list[list[float]], density: float = 0.0) -> Rollout:
    """Lives of one episode each."""
    returns = torch.tensor(scores, dtype=torch.float64)[..., None]
    shape = returns.shape[:2]
    return Rollout(
        returns, torch.full(shape, density, dtype=torch.float64), torch.ones(shape, dtype=torch.int64)
    )


@pytest.mark.parametrize(("worst_weight", "expected"), [(0.0, 250.0), (0.5, 125.0), (1.0, 0.0)])
def test_a_one_sided_genome_is_paid_less_the_more_its_worst_task_counts(
    worst_weight: float, expected: float
) -> None:
    lives = lives_of([[500.0, 0.0, 500.0, 0.0]])
    assert fitness(lives, TASKS, worst_weight, 0.0).tolist() == [expected]


def test_the_worst_task_is_that_of_the_genome() -> None:
    lives = lives_of([[10.0, 30.0, 20.0, 40.0], [8.0, 2.0, 4.0, 6.0]])
    assert fitness(lives, TASKS, 0.25, 0.0).tolist() == [0.75 * 25 + 0.25 * 15, 0.75 * 5 + 0.25 * 4]


def test_a_score_is_the_mean_of_the_episodes() -> None:
    returns = torch.tensor([[[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]], dtype=torch.float64)
    lives = Rollout(returns, torch.zeros(1, 2, dtype=torch.float64), torch.ones(1, 2, dtype=torch.int64))
    assert lives.scores.tolist() == [[3.0, 1.0]]
    assert fitness(lives, torch.tensor([0, 1]), 1.0, 0.0).tolist() == [1.0]


def test_density_costs_its_penalty() -> None:
    lives = lives_of([[10.0, 10.0, 10.0, 10.0]], density=0.25)
    assert fitness(lives, TASKS, 0.5, 8.0).tolist() == [8.0]


def test_tasks_that_nobody_lived_do_not_count() -> None:
    assert fitness(lives_of([[3.0, 5.0]]), torch.tensor([4, 2]), 1.0, 0.0).tolist() == [3.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_worst_and_finite(bad: float) -> None:
    values = fitness(
        lives_of([[-1e300, 0.0, 0.0, 0.0], [5.0, 5.0, bad, 5.0], [1.0, 1.0, 1.0, 1.0]]), TASKS, 0.5, 0.0
    )
    assert values[1] == WORST
    assert values.isfinite().all()
    assert values.float().isfinite().all()
    assert values.argsort(descending=True)[0] == 2
