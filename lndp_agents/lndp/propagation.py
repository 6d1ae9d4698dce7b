"""Step 7 of a life step: activity runs through the brain."""

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.sparse_state import AnyLifeState


def propagate(config: LNDPConfig, state: AnyLifeState, observation: Tensor) -> tuple[Tensor, Tensor]:
    """Propagate an observation K times.

    Args:
        config: the program's configuration.
        state: gives the weights, the biases (the first node feature) and the activations to start from.
        observation: (P, L, O), clamped on the input nodes.

    Returns:
        Activations (P, L, N) where the next propagation starts, and the trace (P, L, N, K + 1), whose last
        column are the final activations. NaN, which sums that overflow give, becomes 0.
    """
    inputs, activation = config.observation_size, state.activation
    seen: list[Tensor] = []
    for _ in range(config.network_steps):
        activation = torch.cat([observation, activation[..., inputs:]], -1)
        seen.append(activation)
        drive = state.conduct(activation)
        if config.bias:
            drive = drive + state.node_state[..., 0]
        activation = torch.nan_to_num(torch.tanh(drive))
    trace = torch.stack([*seen, activation], -1)
    return activation if config.recurrent else torch.zeros_like(activation), trace
