"""What the commands of `lndp` do; `lndp_agents.cli` reads the command line."""
