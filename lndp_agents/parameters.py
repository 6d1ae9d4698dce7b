"""Named parameters, of which policies are functions."""

from collections.abc import Mapping

from torch import Tensor

Shapes = dict[str, tuple[int, ...]]
"""Shape of each named parameter of one genome."""
Parameters = Mapping[str, Tensor]
"""Named parameters; each tensor has shape (P, *shape) for P genomes."""


def num_genomes(parameters: Parameters) -> int:
    """P: of how many genomes the named parameters (P, ...) are."""
    return len(next(iter(parameters.values())))
