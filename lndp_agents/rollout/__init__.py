"""Rollouts: one function for evolved policies and for anything with `predict`.

`make_world` makes where they run, `rollout` runs them, with interventions and records as arguments.
"""

from lndp_agents.rollout.batch import Batch, Rollout
from lndp_agents.rollout.engine import Report, advance, begin, init_batch, rollout, step_input, unroll
from lndp_agents.rollout.given_env import GivenEnv
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Evolved, Learner, Network, Phenotype, StepInput
from lndp_agents.rollout.predicting import Predicting, PredictNetwork, PredictPolicy
from lndp_agents.rollout.records import Transition
from lndp_agents.rollout.streams import EVALUATION, balanced_contexts, lifetime_keys
from lndp_agents.rollout.world import World, make_world

__all__ = [
    "EVALUATION",
    "Batch",
    "Evolved",
    "GivenEnv",
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
    "advance",
    "balanced_contexts",
    "begin",
    "init_batch",
    "lifetime_keys",
    "make_world",
    "rollout",
    "step_input",
    "unroll",
]
