"""`lndp watch`: a life in a window, or as a GIF."""

from argparse import Namespace

from lndp_agents.commands.subject import find_subject


def watch_command(options: Namespace) -> int:
    """Play one life, with the brain beside the world."""
    raise ValueError("watch is not there yet")
