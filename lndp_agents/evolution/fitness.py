"""The fitness of genomes in one world."""

import torch
from torch import Tensor

from lndp_agents.rollout import Rollout
from lndp_agents.shapes import Float, Int

WORST = torch.finfo(torch.float32).min
"""The fitness of a genome whose returns are not finite: a number below all others."""


def fitness(
    found: Rollout, contexts: Int[Tensor, " L"], worst_weight: float, density_penalty: float
) -> Float[Tensor, " P"]:
    """Score each genome by its mean return and by its return in its worst context.

    The mean alone has a broad optimum in policies that act alike in every lifetime ("always the same side");
    the weight of the worst context (minimax) makes adaptation pay.

    Args:
        found: P x L rollouts.
        contexts: the hidden condition of each lifetime.
        worst_weight: minimax weight of the worst context, in [0, 1].
        density_penalty: fitness lost per unit of mean edge density of the network.

    Returns:
        Float64 numbers; `WORST` where the fitness is not finite.
    """
    scores = found.scores
    by_context = torch.stack(
        [scores[:, contexts == context].mean(1) for context in sorted({int(context) for context in contexts})]
    )
    mixed = (1 - worst_weight) * scores.mean(1) + worst_weight * by_context.min(0).values
    values = mixed - density_penalty * found.density.mean(1)
    return torch.where(values.isfinite(), values.clamp(min=WORST), WORST)
