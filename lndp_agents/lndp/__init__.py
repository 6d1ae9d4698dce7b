"""The developmental program: one mechanism a file, put together in `assembly`, run by `program`."""

from lndp_agents.lndp.assembly import parameter_shapes
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.dense import LNDP
from lndp_agents.lndp.mechanisms import Growth, Mechanism, Step
from lndp_agents.lndp.program import Program
from lndp_agents.lndp.sparse import SparseLNDP, make_lndp
from lndp_agents.lndp.sparse_state import AnyLifeState, SparseLifeState
from lndp_agents.lndp.state import LifeState
from lndp_agents.parameters import Parameters

__all__ = [
    "LNDP",
    "AnyLifeState",
    "Growth",
    "LNDPConfig",
    "LifeState",
    "Mechanism",
    "Parameters",
    "Program",
    "SparseLNDP",
    "SparseLifeState",
    "Step",
    "make_lndp",
    "parameter_shapes",
]
