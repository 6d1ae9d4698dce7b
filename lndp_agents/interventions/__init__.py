"""Interventions in lifetimes: one a file, each a set of hooks of the rollout.

Any subclass of `Intervention` is one, also in a file of your own: `lndp lesion --lesion module:Name`.
"""

from lndp_agents.interventions.cut_reward import CutReward
from lndp_agents.interventions.forms import KINDS, Lesion, find_intervention
from lndp_agents.interventions.freeze import Freeze
from lndp_agents.interventions.saturate import Saturate
from lndp_agents.interventions.silence import Silence, hidden_nodes
from lndp_agents.interventions.trained import DAMAGES
from lndp_agents.interventions.zero import Zero
from lndp_agents.rollout.intervention import Intervention

__all__ = [
    "DAMAGES",
    "KINDS",
    "CutReward",
    "Freeze",
    "Intervention",
    "Lesion",
    "Saturate",
    "Silence",
    "Zero",
    "find_intervention",
    "hidden_nodes",
]
