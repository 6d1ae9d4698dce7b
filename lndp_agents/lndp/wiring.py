"""Innate wiring: the states that synapses are born with follow from those of the nodes that they join.

e_ij = tanh(h_i' O h_j), with one matrix O for each edge feature: a bilinear rule of genetic compatibility
(Barabási and Czégel 2021, doi 10.1038/s41598-021-92577-2). It extends the paper, whose newborns have random
synapses. The size of O depends on no body, so that one genome can wire any.
"""

from collections.abc import Iterable
from typing import TypeVar

import torch
from torch import Tensor

from lndp_agents.lndp.parameters import Parameters
from lndp_agents.lndp.sparse_state import SparseLifeState
from lndp_agents.lndp.state import LifeState

State = TypeVar("State", LifeState, SparseLifeState)


def wire(parameters: Parameters, state: State) -> State:
    """Give each edge the state that follows from its ends.

    Args:
        parameters: named parameters (P, ...).
        state: networks (P, L) at birth.
    """
    nodes = state.node_state.unbind(-1)
    receivers = [state.at_ends(feature)[1] for feature in nodes]
    features: list[Tensor] = []
    for matrix in parameters["innate.wiring"].unbind(1):
        columns = matrix[..., None, None].unbind(2)  # (P, Dh, 1, 1) for each feature of a receiver
        sought = [_sum_of_products(column.unbind(1), nodes) for column in columns]
        senders = [state.at_ends(feature)[0] for feature in sought]
        features.append(torch.tanh(_sum_of_products(senders, receivers)))
    return state.with_edge_features(features)


def _sum_of_products(left: Iterable[Tensor], right: Iterable[Tensor]) -> Tensor:
    total = torch.zeros(())
    for one, other in zip(left, right, strict=True):
        total = total + one * other
    return total
