"""Steps 4-5: synapses change their state, whose first feature is the weight."""

import torch
from torch import Tensor

from lndp_agents.lndp.cells import cell_shapes, gated_update, linear, recurrent_bias
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.sparse_state import State
from lndp_agents.parameters import Shapes


class SynapseCell(Mechanism):
    """One gated cell for every edge, which takes states and traces of both nodes, and the reward."""

    name = "synapse_cell"

    def parameters(self, config: LNDPConfig) -> Shapes:
        """As `Mechanism.parameters`."""
        inputs = 2 * config.node_features + 2 * config.trace_size + 1
        return cell_shapes("edge_gru", inputs, config.edge_features)

    def step(self, now: Step[State]) -> Step[State]:
        """As `Mechanism.step`."""
        return now.with_state(edge_state=next_edge_state(now))


def next_edge_state(now: Step[State]) -> Tensor:
    """Return the next states of the edges, as if all of them existed (step 4)."""
    edges, edge_state, parameters = now.edges, now.state.edge_state, now.parameters
    inputs = edges.of_nodes(*cell_inputs(now))
    bias = recurrent_bias(parameters["edge_gru.candidate_bias"])
    recurrent = edges.linear(edge_state, parameters["edge_gru.weight_hh"], bias)
    return gated_update(inputs, recurrent, edge_state, edges.axis)


def cell_inputs(now: Step[State]) -> tuple[Tensor, Tensor]:
    """Return the inputs (P, L, N, 3 De) of a node to the cells of its outgoing, and incoming edges."""
    hidden, trace_size = now.config.node_features, now.config.trace_size
    weight = now.parameters["edge_gru.weight_ih"]
    receiver_state, sender_state, receiver_trace, sender_trace, from_reward = weight.split_with_sizes(
        (hidden, hidden, trace_size, trace_size, 1), -1
    )
    node = torch.cat([now.state.node_state, now.state.trace], -1)
    receiver = linear(node, torch.cat([receiver_state, receiver_trace], -1), now.parameters["edge_gru.bias"])
    sender = linear(node, torch.cat([sender_state, sender_trace], -1))
    return sender + now.stimulus.reward[:, :, None, None] * from_reward[:, None, None, :, 0], receiver
