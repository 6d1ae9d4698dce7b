"""`hebbian`: networks whose weights a rule of their own changes in life (Najarro and Risi, arXiv 2007.02686).

Evolution finds coefficients for every synapse, never a weight. Weights are drawn at birth and changed after
every step from the activities at their two ends. No reward reaches the network unless `reward_input` is set.
"""

from lndp_agents.policies.hebbian.config import HebbianConfig, Output
from lndp_agents.policies.hebbian.program import Hebbian
from lndp_agents.policies.hebbian.rule import Rule
from lndp_agents.policies.hebbian.weights import Initialisation

__all__ = ["Hebbian", "HebbianConfig", "Initialisation", "Output", "Rule"]
