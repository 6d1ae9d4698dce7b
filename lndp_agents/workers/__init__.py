"""Who does the rollouts of a run: this process, or several of Ray."""
