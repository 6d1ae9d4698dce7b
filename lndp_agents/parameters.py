"""Named parameters of policies."""

from collections.abc import Mapping

from torch import Tensor

Shapes = dict[str, tuple[int, ...]]
"""Shape of each named parameter of one genome."""
Parameters = Mapping[str, Tensor]
"""Named parameters; each tensor has shape (P, *shape) for P genomes."""


def num_genomes(parameters: Parameters) -> int:
    """Return P, the number of genomes that the named parameters (P, ...) belong to."""
    return len(next(iter(parameters.values())))
