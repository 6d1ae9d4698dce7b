"""The genome of an agent as the first mean of a search."""

import hashlib
from typing import Any

from torch import Tensor

from lndp_agents.agent import Agent
from lndp_agents.config import PolicyConfig
from lndp_agents.genome import genome_size
from lndp_agents.persistence import load_agent
from lndp_agents.policies import parameter_shapes
from lndp_agents.zoo import zoo_folder, zoo_names


def start_genome(name: str, agent: Agent[Any], policy: PolicyConfig) -> Tensor:
    """Return the genome (D,) of an agent for another search, whose networks may have other sizes and inits.

    Raises:
        ValueError: the genome has another number of parameters than those of the policy, or other ones.
    """
    if parameter_shapes(agent.config) != parameter_shapes(policy):
        raise ValueError(
            f"start={name!r}: its genome has other parameters ({genome_size(agent.config)} numbers) "
            f"than this policy ({genome_size(policy)}); give --policy {agent.config.policy}, and leave out "
            "the fields of --program that differ"
        )
    return agent.genome


def published_genome(name: str) -> Tensor | None:
    """Return the genome (D,) of an agent of the zoo or of NAME/start; None for other names.

    Nothing is fetched, and no folder but the zoo's is looked at: the name may be a stranger's.
    """
    entry, _, part = name.partition("/")
    if entry not in zoo_names() or part not in ("", "start"):
        return None
    folder = zoo_folder(entry) / part
    return load_agent(folder).genome if folder.is_dir() else None


def genome_sha256(genome: Tensor) -> str:
    """Return the SHA-256 of the float32 numbers of a genome (D,)."""
    return hashlib.sha256(genome.numpy().tobytes()).hexdigest()
