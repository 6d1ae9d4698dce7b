"""Comparisons of policies on equal terms: the same world, budget of steps and held-out lifetimes."""

from lndp_agents.compare.comparison import SCORE_SEED, Comparison
from lndp_agents.compare.entrants import fixed_policy
from lndp_agents.compare.names import Entrant, policy_names
from lndp_agents.compare.results import Row
from lndp_agents.compare.runner import TRAININGS, compare
from lndp_agents.compare.tables import machine, write_csv
from lndp_agents.compare.training import LIVES_FILE, score

__all__ = [
    "LIVES_FILE",
    "SCORE_SEED",
    "TRAININGS",
    "Comparison",
    "Entrant",
    "Row",
    "compare",
    "fixed_policy",
    "machine",
    "policy_names",
    "score",
    "write_csv",
]
