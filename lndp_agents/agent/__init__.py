"""Agents: a genome, its policy and the state of a lifetime, to act with, save and load."""

from lndp_agents.agent.agent import Agent, LNDPAgent, agent_kind
from lndp_agents.genome import genome_size, genome_to_parameters, parameters_to_genome

__all__ = [
    "Agent",
    "LNDPAgent",
    "agent_kind",
    "genome_size",
    "genome_to_parameters",
    "parameters_to_genome",
]
