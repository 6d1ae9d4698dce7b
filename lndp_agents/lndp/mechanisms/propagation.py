"""Step 7: activity runs through the network."""

import torch
from torch import Tensor

from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.sparse_state import State


class Propagation(Mechanism):
    """The observation is clamped on the input nodes and propagated K times."""

    name = "propagation"
    plastic = False

    def step(self, now: Step[State]) -> Step[State]:
        """As `Mechanism.step`: sets the trace, and the activations where the next propagation starts."""
        activation, trace = propagate(now)
        start = activation if now.config.recurrent else torch.zeros_like(activation)
        return now.with_state(activation=start, trace=trace)


def propagate(now: Step[State]) -> tuple[Tensor, Tensor]:
    """Return the final activations (P, L, N), and the trace (P, L, N, K + 1), whose last column they are.

    NaN, from sums that overflow, becomes 0.
    """
    config, activation = now.config, now.state.activation
    edges = now.edges
    weight = edges.from_feature(now.state.edge_state)
    seen: list[Tensor] = []
    for _ in range(config.network_steps):
        activation = torch.cat([now.stimulus.inputs, activation[..., config.input_nodes :]], -1)
        seen.append(activation)
        synaptic_input = edges.synaptic_input(weight, activation)
        if config.bias:
            synaptic_input = synaptic_input + now.state.node_state[..., 0]
        activation = torch.nan_to_num(torch.tanh(synaptic_input))
    return activation, torch.stack([*seen, activation], -1)
