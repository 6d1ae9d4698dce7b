"""Random masks of weights and nodes: pure functions of the key of a lifetime."""

from lndp_envs.randomness import fold, uniform
from torch import Tensor

LESION = 9
"""Folded into the key of a lifetime for interventions; policies and agents use 0 to 8."""


def lesion_keys(key: Tensor, at: int) -> Tensor:
    """Return the keys of an intervention at a step, from the keys of lifetimes."""
    return fold(fold(key, LESION), at)


def ring_mask(key: Tensor, exists: Tensor, share: float) -> Tensor:
    """Mask a contiguous (circular) block that covers a share of what exists, starting at a random index.

    Args:
        key: (...) int64.
        exists: (..., S) bool.
        share: 0 to 1, rounded to a whole number of what exists.

    Returns:
        (..., S) bool.
    """
    count = exists.sum(-1, keepdim=True)
    start = (uniform(key)[..., None] * count).long()
    rank = exists.cumsum(-1) - 1
    return exists & ((rank - start) % count.clamp(min=1) < (share * count).round())


def node_mask(key: Tensor, hidden: int, count: int) -> Tensor:
    """Mask random hidden nodes.

    Args:
        key: (...) int64.
        hidden: H, the number of nodes.
        count: the number of masked nodes.

    Returns:
        (..., H) bool, so many of them true.

    Raises:
        ValueError: there are not so many.
    """
    if count > hidden:
        raise ValueError(f"nodes={count}: this policy has {hidden} hidden nodes; give 1 to {hidden}")
    return uniform(key, (hidden,)).argsort(-1).argsort(-1) < count
