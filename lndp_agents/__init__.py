"""Agents that grow and rewire their own network while they live (arXiv 2406.09787)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import lndp_envs  # noqa: F401  # pyright: ignore[reportUnusedImport]  # registers the environments

from lndp_agents.version import __version__

if TYPE_CHECKING:
    from lndp_agents.agent import Agent, LNDPAgent
    from lndp_agents.interventions import Lesion
    from lndp_agents.lndp import LNDP, LifeState, SparseLifeState, SparseLNDP
    from lndp_agents.lndp.config import LNDPConfig
    from lndp_agents.zoo import load_pretrained, zoo_names

__all__ = [
    "LNDP",
    "Agent",
    "LNDPAgent",
    "LNDPConfig",
    "Lesion",
    "LifeState",
    "SparseLNDP",
    "SparseLifeState",
    "__version__",
    "load_pretrained",
    "zoo_names",
]

_HOMES = {
    "LNDP": "lndp_agents.lndp",
    "Agent": "lndp_agents.agent",
    "LNDPAgent": "lndp_agents.agent",
    "LNDPConfig": "lndp_agents.lndp.config",
    "Lesion": "lndp_agents.interventions",
    "LifeState": "lndp_agents.lndp",
    "SparseLNDP": "lndp_agents.lndp",
    "SparseLifeState": "lndp_agents.lndp",
    "load_pretrained": "lndp_agents.zoo",
    "zoo_names": "lndp_agents.zoo",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for only now: `lndp --help` need not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
