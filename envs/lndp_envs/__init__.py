"""Environments for plastic agents; importing this package registers the ids of the namespace ``lndp/``."""

from lndp_envs import worlds  # noqa: F401  # pyright: ignore[reportUnusedImport]  # registers them
from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import Dynamics, OneEpisode
from lndp_envs.randomness import fold, key_of, normal, uniform
from lndp_envs.registration import Labels, make_dynamics, register
from lndp_envs.rendering import FrameRenderer
from lndp_envs.schedule import at, hazard, reversal
from lndp_envs.schedule_wrappers import ActionSchedule, RewardSchedule
from lndp_envs.view import View
from lndp_envs.wrappers import Lifetime, SenseReward

__all__ = [
    "ActionSchedule",
    "Array",
    "Dynamics",
    "FrameRenderer",
    "Labels",
    "Lifetime",
    "OneEpisode",
    "RewardSchedule",
    "SenseReward",
    "View",
    "at",
    "fold",
    "hazard",
    "key_of",
    "make_dynamics",
    "namespace",
    "normal",
    "register",
    "reversal",
    "uniform",
]
