"""Changes of a network within lifetimes, and four failure signatures of them."""

from lndp_agents.studies.diagnostics.curves import LifeCurves, life_curves
from lndp_agents.studies.diagnostics.report import Report, diagnose
from lndp_agents.studies.diagnostics.signatures import Diagnosis, Thresholds, find_signatures

__all__ = [
    "Diagnosis",
    "LifeCurves",
    "Report",
    "Thresholds",
    "diagnose",
    "find_signatures",
    "life_curves",
]
