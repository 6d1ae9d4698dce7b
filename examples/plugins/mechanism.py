"""Mechanisms from outside: growth that costs distance on a ring, and edges that tire.

lndp train lndp/Foraging-v0 --mechanism examples/plugins/mechanism.py:WireCost --generations 50
lndp evaluate runs/lndp-Foraging-v0_1 --trust

Both run on matrices and on edge lists: a `Pairs` knows the senders and the receivers of its pairs.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lndp_agents import Growth, LNDPConfig, Mechanism, Step


class WireCost(Growth):
    """Nodes lie on a ring, and an edge grows the less, the longer it is.

    It replaces the step `growth`, whose name it inherits. The price of distance evolves.
    """

    def parameters(self, config: LNDPConfig) -> dict[str, tuple[int, ...]]:
        """Those of growth, and the coefficient of distance, of which the price is the softplus."""
        return super().parameters(config) | {"wire_cost.coefficient": (1,)}

    def log_odds(self, now: Step[Any]) -> Tensor:
        """Those of growth, minus price times distance, which is 1 between opposite nodes."""
        pairs, nodes = now.view.candidates, now.config.nodes
        apart = (pairs.sender - pairs.receiver).abs()
        distance = torch.minimum(apart, nodes - apart) * (2 / nodes)
        price = torch.nn.functional.softplus(now.parameters["wire_cost.coefficient"])
        return super().log_odds(now) - pairs.from_feature(pairs.of_genomes(price)) * distance


class Fatigue(Mechanism):
    """Edges weaken whose senders were active: each remembers how active, in a field of its own.

    It comes after the step `synapse_cell`. How much edges weaken evolves.
    """

    name = "fatigue"
    after = "synapse_cell"

    def parameters(self, config: LNDPConfig) -> dict[str, tuple[int, ...]]:
        """The rate, of which the sigmoid is the share that a wholly tired edge loses."""
        return {"fatigue.rate": (1,)}

    def pair_fields(self, config: LNDPConfig) -> Mapping[str, int]:
        """A running mean of the sender's activity."""
        return {"fatigue": 1}

    def step(self, now: Step[Any]) -> Step[Any]:
        """The running mean goes on, and edges weaken."""
        edges, activity = now.edges, now.state.trace[..., -1:].abs()
        fatigue = 0.9 * now.state.fatigue + 0.1 * edges.of_nodes(activity, torch.zeros_like(activity))
        loss = edges.of_genomes(torch.sigmoid(now.parameters["fatigue.rate"])) * fatigue
        return now.with_state(fatigue=fatigue, edge_state=now.state.edge_state * (1 - loss))
