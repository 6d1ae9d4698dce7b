"""Injuries of lives, and what becomes of them: the robustness lab.

`Lesion` says what happens, `injure` lets it happen to the lives of a program, and
`lndp_agents.baselines.evaluate_policy_lives` to those of any policy. `lndp_agents.lesions.recovery` measures
what comes after, and `lndp_agents.lesions.figure` draws it.
"""

from lndp_agents.lesions.brains import freeze, injure
from lndp_agents.lesions.injured import InjuredProgram
from lndp_agents.lesions.lesion import Lesion, saturated
from lndp_agents.lesions.life import LifeCourse

__all__ = ["InjuredProgram", "Lesion", "LifeCourse", "freeze", "injure", "saturated"]
