"""`lndp watch`: a life in a window, or as a GIF: the world, and the brain that rewires."""

import sys
from argparse import Namespace

from lndp_agents.commands.subject import find_subject
from lndp_agents.environments import make_env


def watch_command(options: Namespace) -> int:
    """Play one life of an agent in its environment."""
    from lndp_agents.watching import frames_of_life, show, write_gif  # imports pygame

    subject = find_subject(options)
    env = make_env(subject.environment, subject.keywords, subject.episodes, "rgb_array")
    frames = frames_of_life(subject.brain, env, options.seed, max_steps=options.steps)
    if options.gif is None:
        show(frames, options.fps)
    else:
        write_gif(options.gif, frames, options.fps)
        print(f"wrote {options.gif}", file=sys.stderr)
    env.close()
    return 0
