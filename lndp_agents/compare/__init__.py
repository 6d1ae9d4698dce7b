"""Policies against each other on equal terms: the same world, the same steps, the same held-out lives."""

from lndp_agents.compare.comparison import Comparison
from lndp_agents.compare.names import policy_names
from lndp_agents.compare.results import Row
from lndp_agents.compare.runner import compare

__all__ = ["Comparison", "Row", "compare", "policy_names"]
