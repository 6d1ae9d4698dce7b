"""The agent: what a user holds, gives observations to, saves and loads."""

from lndp_agents.agent.agent import Agent, LNDPAgent, agent_kind

__all__ = ["Agent", "LNDPAgent", "agent_kind"]
