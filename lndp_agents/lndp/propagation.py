"""Step 7 of a life step: activity runs through the brain."""

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig


def propagate(
    config: LNDPConfig, weights: Tensor, bias: Tensor, activation: Tensor, observation: Tensor
) -> tuple[Tensor, Tensor]:
    """Propagate an observation K times.

    Args:
        config: the program's configuration.
        weights: (P, L, N, N), from i to j.
        bias: (P, L, N), used if `config.bias`.
        activation: (P, L, N) where propagation starts.
        observation: (P, L, O), clamped on the input nodes.

    Returns:
        Final activations (P, L, N), and the trace (P, L, N, K + 1) of which they are the last column.
    """
    inputs = config.observation_size
    seen: list[Tensor] = []
    for _ in range(config.network_steps):
        activation = torch.cat([observation, activation[..., inputs:]], -1)
        seen.append(activation)
        drive = (activation[..., None, :] @ weights)[..., 0, :]
        activation = torch.tanh(drive + bias if config.bias else drive)
    return activation, torch.stack([*seen, activation], -1)
