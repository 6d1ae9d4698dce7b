"""Decisions on edges: a small network gives log-odds, and a threshold or noise decides."""

import math

import torch
from torch import Tensor

from lndp_agents.lndp.pairs import Pairs
from lndp_agents.parameters import Parameters, Shapes

DECISION_THRESHOLD = 0.6
"""A deterministic decision acts where its probability is above this."""
DECISION_LOGIT = math.log(DECISION_THRESHOLD / (1 - DECISION_THRESHOLD))
"""The log-odds of that probability."""
STOCHASTIC_SCALE = 0.5
"""A sampled decision acts with its probability times this."""


def decide(logit: Tensor, uniform: Tensor | None) -> Tensor:
    """Decide to act: at a probability above 0.6, or with half of it if a uniform number is given."""
    if uniform is None:
        return logit > DECISION_LOGIT
    return uniform < torch.sigmoid(logit) * STOCHASTIC_SCALE


def decision_shapes(name: str, inputs: int, hidden: int) -> Shapes:
    """Return the shapes of the parameters of a network with one hidden layer and one output."""
    return {
        f"{name}.0.weight": (hidden, inputs),
        f"{name}.0.bias": (hidden,),
        f"{name}.1.weight": (1, hidden),
        f"{name}.1.bias": (1,),
    }


def log_odds(parameters: Parameters, name: str, pairs: Pairs, hidden: Tensor) -> Tensor:
    """Return the output of a decision network by pair, from its hidden layer before rectification."""
    weight, bias = parameters[f"{name}.1.weight"], parameters[f"{name}.1.bias"]
    return pairs.from_feature(pairs.linear(torch.relu(hidden), weight, bias))
