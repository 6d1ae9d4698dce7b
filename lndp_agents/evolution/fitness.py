"""What evolution pays for."""

import torch
from torch import Tensor

from lndp_agents.evolution.lives import Lives


def fitness(lives: Lives, tasks: Tensor, worst_weight: float, density_penalty: float) -> Tensor:
    """Score each genome by its mean life and by its worst task.

    A mean alone has a broad optimum in programs that do one thing in every life ("always the same side"); the
    share of the worst task is what makes adapting pay.

    Args:
        lives: P x L lives.
        tasks: (L,) int64, the task of each life.
        worst_weight: share of the worst task, in [0, 1].
        density_penalty: fitness lost per unit of mean density of the brain.

    Returns:
        (P,) float64; NaN where a return is not a number.
    """
    scores = lives.scores
    by_task = torch.stack([scores[:, tasks == task].mean(1) for task in tasks.unique()])
    mixed = (1 - worst_weight) * scores.mean(1) + worst_weight * by_task.min(0).values
    return mixed - density_penalty * lives.density.mean(1)


def rank_worst(values: Tensor) -> tuple[Tensor, int]:
    """Fitness with numbers only: what is not finite becomes less than all that is.

    Returns:
        The values, and how many were not finite.
    """
    is_finite = torch.isfinite(values)
    count = int((~is_finite).sum())
    if count == 0:
        return values, 0
    floor = values[is_finite].min() - 1 if count < len(values) else torch.zeros(())
    return torch.where(is_finite, values, floor), count
