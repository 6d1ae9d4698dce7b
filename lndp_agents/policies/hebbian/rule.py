"""The rules by which synapses change, one row of coefficients for each synapse."""

from enum import StrEnum

import torch
from torch import Tensor


class Rule(StrEnum):
    """Which terms the increment of a weight has; o_i is the activation before the synapse, o_j the one after.

    The largest is  eta * (A o_i o_j + B o_i + C o_j + D) + D_out.
    """

    A = "A"
    AD = "AD"
    AD_LR = "AD_lr"
    ABC = "ABC"
    ABC_LR = "ABC_lr"
    ABCD = "ABCD"
    ABCD_LR = "ABCD_lr"
    ABCD_LR_D_OUT = "ABCD_lr_D_out"
    ABCD_LR_D_IN_AND_OUT = "ABCD_lr_D_in_and_out"

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each number of a row: "eta" scales all but "D_out", which is added after it."""
        return _COLUMNS[self]


_COLUMNS: dict[Rule, tuple[str, ...]] = {
    Rule.A: ("A",),
    Rule.AD: ("A", "D"),
    Rule.AD_LR: ("A", "D", "eta"),
    Rule.ABC: ("A", "B", "C"),
    Rule.ABC_LR: ("A", "B", "C", "eta"),
    Rule.ABCD: ("A", "B", "C", "D"),
    Rule.ABCD_LR: ("A", "B", "C", "eta", "D"),
    Rule.ABCD_LR_D_OUT: ("A", "B", "C", "eta", "D_out"),
    Rule.ABCD_LR_D_IN_AND_OUT: ("A", "B", "C", "eta", "D", "D_out"),
}


def layer_table(rule: Rule, rows: Tensor, num_before: int) -> dict[str, Tensor]:
    """Return the coefficients of one layer by name, each (P, after, before), as weights are.

    Args:
        rule: gives the names.
        rows: (P, before * after, columns): row i * after + j is the synapse from unit i to unit j.
        num_before: units before the synapses.
    """
    table = rows.reshape(len(rows), num_before, -1, rows.shape[-1]).permute(3, 0, 2, 1)
    return {name: column.contiguous() for name, column in zip(rule.columns, table, strict=True)}


def increment(table: dict[str, Tensor], before: Tensor, after: Tensor) -> Tensor:
    """Return the change of the weights of one layer.

    Args:
        table: of `layer_table`.
        before: (P, L, before) activations.
        after: (P, L, after) activations.

    Returns:
        (P, L, after, before).
    """
    c = {name: column[:, None] for name, column in table.items()}
    o_i, o_j = before[..., None, :], after[..., :, None]
    change = c["A"] * o_j if "B" not in c else torch.addcmul(c["B"], c["A"], o_j)
    change.mul_(o_i)
    if "C" in c:
        change.addcmul_(c["C"], o_j)
    if "D" in c:
        change.add_(c["D"])
    if "eta" in c:
        change.mul_(c["eta"])
    if "D_out" in c:
        change.add_(c["D_out"])
    return change
