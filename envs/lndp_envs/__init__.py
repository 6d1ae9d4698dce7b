"""Worlds for plastic agents; importing this package registers the ids of the namespace ``lndp/``."""

from lndp_envs import worlds  # noqa: F401  # pyright: ignore[reportUnusedImport]  # registers them
from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import Dynamics, OneEpisode, draw_task, where
from lndp_envs.env import DynamicsEnv
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.randomness import fold, uniform
from lndp_envs.registration import Labels, make_dynamics, register
from lndp_envs.rendering import FrameRenderer
from lndp_envs.schedule import at, hazard, reversal
from lndp_envs.schedule_wrappers import ActionSchedule, RewardSchedule
from lndp_envs.vector_env import DynamicsVectorEnv
from lndp_envs.view import View
from lndp_envs.wrappers import Lifetime, SenseReward

__all__ = [
    "ActionSchedule",
    "Array",
    "Dynamics",
    "DynamicsEnv",
    "DynamicsVectorEnv",
    "FrameRenderer",
    "Labels",
    "Lifetime",
    "LifetimeDynamics",
    "OneEpisode",
    "RewardSchedule",
    "SenseReward",
    "View",
    "at",
    "draw_task",
    "fold",
    "hazard",
    "make_dynamics",
    "namespace",
    "register",
    "reversal",
    "uniform",
    "where",
]
