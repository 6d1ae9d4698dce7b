"""Agents that grow and rewire their own network while they live (arXiv 2406.09787)."""

__version__ = "0.1.0"

import lndp_envs  # noqa: F401  # pyright: ignore[reportUnusedImport]  # registers the environments

from lndp_agents.agent import LNDPAgent
from lndp_agents.config import LNDPConfig
from lndp_agents.lndp import LNDP, LifeState
from lndp_agents.zoo import load_pretrained, zoo_names

__all__ = [
    "LNDP",
    "LNDPAgent",
    "LNDPConfig",
    "LifeState",
    "__version__",
    "load_pretrained",
    "zoo_names",
]
