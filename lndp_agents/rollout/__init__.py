"""Rollouts: one function for evolved policies and for anything with `predict`.

`make_world` makes where they run, `rollout` runs them, with interventions and records as arguments.
"""

from lndp_agents.rollout.batch import Batch, Rollout
from lndp_agents.rollout.engine import Report, init_batch, rollout, unroll
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Evolved, Learner, Network, Phenotype, StepInput
from lndp_agents.rollout.predicting import Predicting, PredictNetwork, PredictPolicy
from lndp_agents.rollout.records import Transition
from lndp_agents.rollout.streams import balanced_contexts, lifetime_keys
from lndp_agents.rollout.world import World, make_world

__all__ = [
    "Batch",
    "Evolved",
    "Intervention",
    "Learner",
    "Network",
    "Phenotype",
    "PredictNetwork",
    "PredictPolicy",
    "Predicting",
    "Report",
    "Rollout",
    "StepInput",
    "Transition",
    "World",
    "balanced_contexts",
    "init_batch",
    "lifetime_keys",
    "make_world",
    "rollout",
    "unroll",
]
