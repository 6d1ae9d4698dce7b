"""Other learners on equal terms: thin adapters, one protocol (`Policy`)."""

from lndp_agents.baselines.job import CurvePoint, Job
from lndp_agents.baselines.registry import (
    baseline_names,
    is_finished,
    load_baseline,
    read_curve,
    train_baseline,
)
from lndp_agents.rollout import PredictPolicy as Policy
from lndp_agents.studies.evaluation import PolicyLives, evaluate_policy_lives

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
