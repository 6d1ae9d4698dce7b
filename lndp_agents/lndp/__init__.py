"""The developmental program: one mechanism a file, put together in `program`."""

from lndp_agents.genome import Parameters, genome_size, genome_to_parameters, parameters_to_genome
from lndp_agents.lndp.assembly import parameter_shapes
from lndp_agents.lndp.dense import LNDP
from lndp_agents.lndp.mechanisms import Mechanism, Step
from lndp_agents.lndp.program import Program
from lndp_agents.lndp.sparse import SparseLNDP, make_program
from lndp_agents.lndp.sparse_state import AnyLifeState, SparseLifeState
from lndp_agents.lndp.state import LifeState

__all__ = [
    "LNDP",
    "AnyLifeState",
    "LifeState",
    "Mechanism",
    "Parameters",
    "Program",
    "SparseLNDP",
    "SparseLifeState",
    "Step",
    "genome_size",
    "genome_to_parameters",
    "make_program",
    "parameter_shapes",
    "parameters_to_genome",
]
