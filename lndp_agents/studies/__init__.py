"""Studies: what is asked of rollouts. Scores, recovery from lesions, diagnoses, and statistics of runs."""

from lndp_agents.studies.diagnostics import Report, Thresholds, diagnose
from lndp_agents.studies.evaluation import PolicyLives, Score, evaluate, fresh_rollout, world_of
from lndp_agents.studies.recovery import Recovery, measure_recovery, window_steps
from lndp_agents.studies.statistics import bootstrap_interval, interquartile_mean, ratio_interval
from lndp_agents.zoo import zoo_folder
from lndp_agents.zoo_results import ZooResults

__all__ = [
    "PolicyLives",
    "Recovery",
    "Report",
    "Score",
    "Thresholds",
    "ZooResults",
    "bootstrap_interval",
    "diagnose",
    "evaluate",
    "fresh_rollout",
    "interquartile_mean",
    "measure_recovery",
    "ratio_interval",
    "window_steps",
    "world_of",
    "zoo_folder",
]
