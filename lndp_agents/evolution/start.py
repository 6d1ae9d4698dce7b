"""The genome that a search starts around, where that is not zero: an agent's."""

import hashlib

from torch import Tensor

from lndp_agents.config import PolicyConfig
from lndp_agents.genome import genome_size
from lndp_agents.persistence import load_agent
from lndp_agents.zoo import load_pretrained, zoo_folder, zoo_names


def start_genome(name: str, program: PolicyConfig) -> Tensor:
    """(D,): the genome of an agent for another search, which may be of brains of other sizes and births.

    Raises:
        ValueError: there is no such agent, or its genome has another number of parameters or other ones.
    """
    agent = load_pretrained(name)
    if agent.config.parameter_shapes() != program.parameter_shapes():
        raise ValueError(
            f"start={name!r}: its genome has other parameters ({genome_size(agent.config)} numbers) than "
            f"this program ({genome_size(program)}); give the program that it was evolved with"
        )
    return agent.genome


def published_genome(name: str) -> Tensor | None:
    """(D,): the genome of an agent of the zoo, or NAME/start; none for other names, which may mean anything.

    Nothing is fetched, and no folder but the zoo's is looked at: the name may be a stranger's.
    """
    entry, _, part = name.partition("/")
    if entry not in zoo_names() or part not in ("", "start"):
        return None
    folder = zoo_folder(entry) / part
    return load_agent(folder).genome if folder.is_dir() else None


def genome_sha256(genome: Tensor) -> str:
    """The SHA-256 of the float32 numbers of a genome (D,)."""
    return hashlib.sha256(genome.numpy().tobytes()).hexdigest()
