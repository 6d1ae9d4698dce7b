"""Processes that do the rollouts of a run: this one, or several of Ray."""
