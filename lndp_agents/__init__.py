"""Agents that grow and rewire their own network while they live (arXiv 2406.09787)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import lndp_envs  # noqa: F401  # pyright: ignore[reportUnusedImport]  # registers the environments

from lndp_agents.version import __version__

if TYPE_CHECKING:
    from lndp_agents.agent import Agent, LNDPAgent
    from lndp_agents.config import PolicyConfig
    from lndp_agents.evolution.config import EvolutionConfig
    from lndp_agents.evolution.description import Description
    from lndp_agents.evolution.objective import Objective, WorldObjective, mean_of_ranks
    from lndp_agents.interventions import Intervention, Lesion
    from lndp_agents.lndp import Growth, LNDPConfig, Mechanism, Step
    from lndp_agents.plotting import plot_evolution
    from lndp_agents.policies import Network, NetworkConfig, policy_of
    from lndp_agents.rollout import World, make_world
    from lndp_agents.run import Run, RunView
    from lndp_agents.search import Evaluation, Search, SearchSetting
    from lndp_agents.studies import diagnose, evaluate, fresh_rollout
    from lndp_agents.watching import frames_of_life, write_gif
    from lndp_agents.zoo import load_pretrained, zoo_names

__all__ = [
    "Agent",
    "Description",
    "Evaluation",
    "EvolutionConfig",
    "Growth",
    "Intervention",
    "LNDPAgent",
    "LNDPConfig",
    "Lesion",
    "Mechanism",
    "Network",
    "NetworkConfig",
    "Objective",
    "PolicyConfig",
    "Run",
    "RunView",
    "Search",
    "SearchSetting",
    "Step",
    "World",
    "WorldObjective",
    "__version__",
    "diagnose",
    "evaluate",
    "frames_of_life",
    "fresh_rollout",
    "load_pretrained",
    "make_world",
    "mean_of_ranks",
    "plot_evolution",
    "policy_of",
    "write_gif",
    "zoo_names",
]

_HOMES = {
    "Agent": "lndp_agents.agent",
    "Description": "lndp_agents.evolution.description",
    "Evaluation": "lndp_agents.search",
    "EvolutionConfig": "lndp_agents.evolution.config",
    "Growth": "lndp_agents.lndp",
    "Intervention": "lndp_agents.interventions",
    "LNDPAgent": "lndp_agents.agent",
    "LNDPConfig": "lndp_agents.lndp",
    "Lesion": "lndp_agents.interventions",
    "Mechanism": "lndp_agents.lndp",
    "Network": "lndp_agents.policies",
    "NetworkConfig": "lndp_agents.policies",
    "Objective": "lndp_agents.evolution.objective",
    "PolicyConfig": "lndp_agents.config",
    "Run": "lndp_agents.run",
    "RunView": "lndp_agents.run",
    "Search": "lndp_agents.search",
    "SearchSetting": "lndp_agents.search",
    "Step": "lndp_agents.lndp",
    "World": "lndp_agents.rollout",
    "WorldObjective": "lndp_agents.evolution.objective",
    "diagnose": "lndp_agents.studies",
    "evaluate": "lndp_agents.studies",
    "frames_of_life": "lndp_agents.watching",
    "fresh_rollout": "lndp_agents.studies",
    "load_pretrained": "lndp_agents.zoo",
    "make_world": "lndp_agents.rollout",
    "mean_of_ranks": "lndp_agents.evolution.objective",
    "plot_evolution": "lndp_agents.plotting",
    "policy_of": "lndp_agents.policies",
    "write_gif": "lndp_agents.watching",
    "zoo_names": "lndp_agents.zoo",
}
_MOVED = ("LNDP", "LifeState", "SparseLNDP", "SparseLifeState")
"""Names that were public before, and are now in `lndp_agents.lndp`."""


def __getattr__(name: str) -> Any:
    """Import a public name at its first use: `lndp --help` need not wait for torch."""
    if name in _MOVED:
        from warnings import warn

        warn(f"import {name} from lndp_agents.lndp", DeprecationWarning, stacklevel=2)
        return getattr(import_module("lndp_agents.lndp"), name)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
