"""Linear maps and gated recurrent cells, for many genomes at once."""

import torch
from torch import Tensor

from lndp_agents.parameters import Shapes


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply each genome's linear map to its rows.

    Args:
        x: (P, ..., in).
        weight: (P, out, in).
        bias: (P, out) or none.

    Returns:
        (P, ..., out).
    """
    if len(weight) == 1:  # one genome, as an agent has: one operation instead of four
        return torch.nn.functional.linear(x, weight[0], None if bias is None else bias[0])
    rows = x.flatten(1, -2)
    y = rows @ weight.mT if bias is None else torch.baddbmm(bias[:, None], rows, weight.mT)
    return y.reshape(*x.shape[:-1], weight.shape[1])


def per_head(x: Tensor, heads: int) -> Tensor:
    """Split features (..., heads * F) by heads of attention: (..., heads, F)."""
    return x.reshape(*x.shape[:-1], heads, -1)


def linear_planes(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply each genome's linear map to the features of all pairs of nodes.

    Args:
        x: (P, L, in, N, N), one plane per feature.
        weight: (P, out, in).
        bias: (P, out) or none.

    Returns:
        (P, L, out, N, N).
    """
    y = weight[:, None] @ x.flatten(-2)
    if bias is not None:
        y = y + bias[:, None, :, None]
    return y.reshape(*y.shape[:-1], *x.shape[-2:])


def gated_update(inputs: Tensor, recurrent: Tensor, state: Tensor, dim: int) -> Tensor:
    """Update a gated recurrent unit in `torch.nn.GRUCell`'s form, given its two linear maps.

    Args:
        inputs: the map of the input, three gates (reset, update, candidate) stacked along `dim`.
        recurrent: the map of the state, stacked likewise.
        state: the present state.
        dim: the axis of features.

    Returns:
        The next state, shaped like `state`, and in [-1, 1] if `state` is. NaN, from maps that overflow,
        becomes 0.
    """
    reset_input, update_input, candidate_input = inputs.chunk(3, dim)
    reset_state, update_state, candidate_state = recurrent.chunk(3, dim)
    update = torch.sigmoid(update_input + update_state)
    candidate = torch.tanh(candidate_input + torch.sigmoid(reset_input + reset_state) * candidate_state)
    return torch.nan_to_num(candidate + update * (state - candidate))


def recurrent_bias(candidate_bias: Tensor) -> Tensor:
    """Return the bias (P, 3 H) of a gated cell's recurrent map, zero but for the candidate (P, H)."""
    return torch.nn.functional.pad(candidate_bias, (2 * candidate_bias.shape[-1], 0))


def cell_shapes(name: str, inputs: int, hidden: int) -> Shapes:
    """Return the shapes of the parameters of a gated cell, with gates reset, update, candidate.

    `candidate_bias` is the bias of the candidate's recurrent part; those of the other two gates would only
    repeat `bias`.
    """
    return {
        f"{name}.weight_ih": (3 * hidden, inputs),
        f"{name}.weight_hh": (3 * hidden, hidden),
        f"{name}.bias": (3 * hidden,),
        f"{name}.candidate_bias": (hidden,),
    }
