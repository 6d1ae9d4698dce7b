"""`hebbian`: networks whose weights change by a rule within a lifetime (Najarro and Risi, arXiv 2007.02686).

Coefficients of every synapse evolve, never a weight. Weights are sampled at birth and change after every
step by the activations at their two ends. No reward reaches the network unless `reward_input` is set.
"""

from lndp_agents.policies.hebbian.config import HebbianConfig, Output
from lndp_agents.policies.hebbian.program import Hebbian
from lndp_agents.policies.hebbian.rule import Rule
from lndp_agents.policies.hebbian.weights import Initialisation

__all__ = ["Hebbian", "HebbianConfig", "Initialisation", "Output", "Rule"]
