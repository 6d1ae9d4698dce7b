"""The agent: what a user holds, gives observations to, saves and loads."""

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
