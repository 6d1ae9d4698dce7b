"""Streams of randomness: the key and the context of every lifetime."""

from typing import Any

import torch
from lndp_envs.dynamics import Dynamics
from lndp_envs.randomness import fold, key_of
from torch import Tensor

SEARCH, TRAINING, HELD_OUT, EVALUATION, START = range(5)
"""Streams of one seed: the noise of the search, lifetimes for three purposes, the starting point."""
INIT, WORLD = 0, 1
"""Folded into the key of a lifetime, for the initial network and for the environment."""


def lifetime_keys(*integers: int, num_lifetimes: int, device: torch.device | str = "cpu") -> Tensor:
    """Return the keys (L,) int64 of the lifetimes 0 .. L-1 of a stream.

    Args:
        *integers: the name of the stream: (seed, stream) or (seed, stream, generation).
        num_lifetimes: L.
        device: of the keys.
    """
    key = torch.full((num_lifetimes,), key_of(*integers), device=device)
    return fold(key, torch.arange(num_lifetimes, device=device))


def balanced_contexts(
    dynamics: Dynamics[Any], num_lifetimes: int, device: torch.device | str = "cpu", first: int = 0
) -> Tensor:
    """Return contexts (L,) int64 in turn, so that each comes as often as L allows.

    Args:
        dynamics: of the world.
        num_lifetimes: L.
        device: of the result.
        first: number of contexts that came before.
    """
    return (torch.arange(num_lifetimes, device=device) + first) % dynamics.num_tasks
