"""What evolution pays for."""

import torch
from torch import Tensor

from lndp_agents.rollout import Rollout

WORST = torch.finfo(torch.float32).min
"""The fitness of a genome whose lives gave no number: a number below all others."""


def fitness(lives: Rollout, tasks: Tensor, worst_weight: float, density_penalty: float) -> Tensor:
    """Score each genome by its mean life and by its worst task.

    A mean alone has a broad optimum in programs that do one thing in every life ("always the same side"); the
    share of the worst task is what makes adapting pay.

    Args:
        lives: P x L lives.
        tasks: (L,) int64, the task of each life.
        worst_weight: share of the worst task, in [0, 1].
        density_penalty: fitness lost per unit of mean density of the brain.

    Returns:
        (P,) float64; `WORST` where it is not a number.
    """
    scores = lives.scores
    by_task = torch.stack(
        [scores[:, tasks == task].mean(1) for task in sorted({int(task) for task in tasks})]
    )
    mixed = (1 - worst_weight) * scores.mean(1) + worst_weight * by_task.min(0).values
    values = mixed - density_penalty * lives.density.mean(1)
    return torch.where(values.isfinite(), values.clamp(min=WORST), WORST)
