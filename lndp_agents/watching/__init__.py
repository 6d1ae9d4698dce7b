"""Watch a network while it lives: the world, the brain that rewires, the course of the life.

Nothing here needs a display but `show`; pygame is imported when the first frame is drawn.
"""

from lndp_agents.watching.gif import write_gif
from lndp_agents.watching.life import frames_of_life
from lndp_agents.watching.live import show

__all__ = ["frames_of_life", "show", "write_gif"]
