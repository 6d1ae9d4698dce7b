"""The mechanisms of the program, one a file, and what a mechanism is."""

from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Shapes, Step

__all__ = ["Mechanism", "Shapes", "Step"]
