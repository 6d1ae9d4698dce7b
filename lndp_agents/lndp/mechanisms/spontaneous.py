"""Spontaneous activity: the learnable Ornstein-Uhlenbeck process that drives the inputs during development.

The published code uses an unconstrained square matrix as covariance; here the genome holds a Cholesky factor,
so the covariance is always valid. The rate is kept at or above 0 and the time step within [0.01, 1].
"""

import torch
from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.parameters import Parameters, Shapes


def spontaneous_shapes(config: LNDPConfig) -> Shapes:
    """Return the shapes of the parameters of the process; none without spontaneous activity."""
    if not config.develops_from_activity:
        return {}
    inputs = config.observation_size
    return {
        "spontaneous.mean": (inputs,),
        "spontaneous.rate": (inputs,),
        "spontaneous.dt": (inputs,),
        "spontaneous.cholesky": (inputs * (inputs + 1) // 2,),
    }


def ornstein_uhlenbeck_step(x: Tensor, mean: Tensor, rate: Tensor, dt: Tensor, noise: Tensor) -> Tensor:
    """Do one Euler step: x' = x + rate (mean - x) dt + noise, with rate and dt clamped to valid ranges.

    Args:
        x: (P, L, O) present input.
        mean: (P, O) to which the process returns.
        rate: (P, O) of return per unit of time.
        dt: (P, O) time step.
        noise: (P, L, O), already correlated.
    """
    pull = rate.clamp(min=0) * dt.clamp(0.01, 1)
    return x + pull[:, None] * (mean[:, None] - x) + noise


def spontaneous_input(parameters: Parameters, x: Tensor, noise: Tensor) -> Tensor:
    """Return the next spontaneous input (P, L, O), from independent standard normal noise (P, L, O).

    The sums run over one source after another: those of a product of matrices would have other last bits in
    other batches, and lifetimes would depend on them from birth on.
    """
    inputs = x.shape[-1]
    factor = parameters["spontaneous.cholesky"]
    cholesky = torch.zeros(factor.shape[0], inputs, inputs, device=x.device)
    row, column = torch.tril_indices(inputs, inputs, device=x.device)
    cholesky[:, row, column] = factor
    mean, rate, dt = (parameters[f"spontaneous.{name}"] for name in ("mean", "rate", "dt"))
    correlated = torch.zeros_like(noise)
    for source, weights in zip(noise.unbind(-1), cholesky.unbind(-1), strict=True):
        correlated = correlated + weights[:, None] * source[..., None]
    return ornstein_uhlenbeck_step(x, mean, rate, dt, correlated)
