"""The version of the package, apart from `lndp_agents`, which imports all that needs it."""

__version__ = "0.1.0"
