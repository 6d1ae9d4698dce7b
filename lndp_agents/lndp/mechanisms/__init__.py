"""The mechanisms of the program, one a file, and what a mechanism is."""

from lndp_agents.lndp.mechanisms.attention import Attention
from lndp_agents.lndp.mechanisms.growth import Growth
from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.mechanisms.node_cell import NodeCell
from lndp_agents.lndp.mechanisms.propagation import Propagation
from lndp_agents.lndp.mechanisms.pruning import Pruning
from lndp_agents.lndp.mechanisms.synapse_cell import SynapseCell

__all__ = [
    "Attention",
    "Growth",
    "Mechanism",
    "NodeCell",
    "Propagation",
    "Pruning",
    "Step",
    "SynapseCell",
]
