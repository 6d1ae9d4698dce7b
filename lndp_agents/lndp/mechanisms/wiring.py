"""Innate wiring: initial states of synapses follow from those of their two nodes.

e_ij = tanh(h_i' O h_j), with one matrix O for each edge feature: a bilinear rule of genetic compatibility
(Barabási and Czégel 2021, doi 10.1038/s41598-021-92577-2). It extends the paper, whose networks start with
random synapses. The size of O depends on no number of nodes, so that one genome can wire any network.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.pairs import Pairs
from lndp_agents.lndp.sparse_state import State
from lndp_agents.parameters import Parameters, Shapes


def wiring_shapes(config: LNDPConfig) -> Shapes:
    """Return the shapes of the parameters; none without `innate_wiring`."""
    if not config.innate_wiring:
        return {}
    return {"innate.wiring": (config.edge_features, config.node_features, config.node_features)}


def wire(parameters: Parameters, edges: Pairs, state: State) -> State:
    """Give each edge the state that follows from its ends.

    Args:
        parameters: named parameters (P, ...).
        edges: the pairs whose edges the state holds.
        state: networks (P, L) at birth.
    """
    nodes = state.node_state.unbind(-1)
    receivers = [edges.at_ends(feature)[1] for feature in nodes]
    features: list[Tensor] = []
    for matrix in parameters["innate.wiring"].unbind(1):
        columns = matrix[..., None, None].unbind(2)  # (P, Dh, 1, 1) for each feature of a receiver
        sought = [_sum_of_products(column.unbind(1), nodes) for column in columns]
        senders = [edges.at_ends(feature)[0] for feature in sought]
        features.append(torch.tanh(_sum_of_products(senders, receivers)))
    return state._replace(edge_state=torch.stack(features, edges.axis) * edges.as_feature(state.present))


def _sum_of_products(left: Iterable[Tensor], right: Iterable[Tensor]) -> Tensor:
    total = torch.zeros(())
    for one, other in zip(left, right, strict=True):
        total = total + one * other
    return total
