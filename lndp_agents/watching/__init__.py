"""Watch a network while it lives: the world, the network that rewires, the course of the lifetime.

Nothing here needs a display but `show`; pygame is imported when the first frame is drawn.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lndp_agents.policies.capabilities import edges_of
from lndp_agents.watching import style
from lndp_agents.watching.gif import write_gif
from lndp_agents.watching.life import Life, frames_of_life
from lndp_agents.watching.live import show
from lndp_agents.watching.wiring import Brain, NodeCounts

if TYPE_CHECKING:
    from lndp_agents.watching.brain_view import BrainView
    from lndp_agents.watching.drawing import Area, Drawing, Frame

__all__ = [
    "Area",
    "Brain",
    "BrainView",
    "Drawing",
    "Frame",
    "Life",
    "NodeCounts",
    "edges_of",
    "frames_of_life",
    "show",
    "style",
    "write_gif",
]

_NEED_PYGAME = {"Area": "drawing", "BrainView": "brain_view", "Drawing": "drawing", "Frame": "drawing"}


def __getattr__(name: str) -> Any:
    """Import a name that needs pygame at its first use."""
    if name not in _NEED_PYGAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_NEED_PYGAME[name]}"), name)
