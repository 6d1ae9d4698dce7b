"""The developmental program: one mechanism a file, put together in `program`."""

from lndp_agents.lndp.parameters import (
    Parameters,
    genome_size,
    genome_to_parameters,
    parameter_shapes,
    parameters_to_genome,
)
from lndp_agents.lndp.program import LNDP
from lndp_agents.lndp.state import LifeState

__all__ = [
    "LNDP",
    "LifeState",
    "Parameters",
    "genome_size",
    "genome_to_parameters",
    "parameter_shapes",
    "parameters_to_genome",
]
