"""Worlds for plastic agents."""

from lndp_envs.registration import make_dynamics

__all__ = ["make_dynamics"]
