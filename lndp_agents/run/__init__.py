"""A run: the folder of an evolution, written, read, resumed and verified."""

from lndp_agents.run.folder import next_folder
from lndp_agents.run.origin import system_info
from lndp_agents.run.run import Run
from lndp_agents.run.view import RunView

__all__ = [
    "Run",
    "RunView",
    "next_folder",
    "system_info",
]
