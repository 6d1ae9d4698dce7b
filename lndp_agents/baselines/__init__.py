"""Learners of stable-baselines3, and rules: adapters to the protocol `rollout.PredictPolicy`."""

from lndp_agents.baselines.job import CurvePoint, Job
from lndp_agents.baselines.registry import (
    RULES,
    baseline_names,
    is_finished,
    load_baseline,
    read_curve,
    train_baseline,
)

__all__ = [
    "RULES",
    "CurvePoint",
    "Job",
    "baseline_names",
    "is_finished",
    "load_baseline",
    "read_curve",
    "train_baseline",
]
