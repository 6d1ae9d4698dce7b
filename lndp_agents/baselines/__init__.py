"""Other learners on equal terms: thin adapters, one protocol (`Policy`), one evaluation."""

from lndp_agents.baselines.evaluation import PolicyLives, evaluate_policy_lives
from lndp_agents.baselines.job import CurvePoint, Job
from lndp_agents.baselines.policy import Policy
from lndp_agents.baselines.registry import (
    baseline_names,
    is_finished,
    load_baseline,
    read_curve,
    train_baseline,
)

__all__ = [
    "CurvePoint",
    "Job",
    "Policy",
    "PolicyLives",
    "baseline_names",
    "evaluate_policy_lives",
    "is_finished",
    "load_baseline",
    "read_curve",
    "train_baseline",
]
