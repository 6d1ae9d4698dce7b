"""`lndp watch`: a life in a window, or as a GIF: the world, and the brain that rewires."""

import sys
from argparse import Namespace

import gymnasium
from lndp_envs import Lifetime

from lndp_agents.commands.subject import find_subject


def watch_command(options: Namespace) -> int:
    """Play one life of an agent in its environment."""
    from lndp_agents.watching import frames_of_life, show, write_gif  # imports pygame

    subject = find_subject(options)
    try:
        env = gymnasium.make(subject.environment, render_mode="rgb_array", **subject.keywords)
    except (gymnasium.error.Error, TypeError) as error:
        raise ValueError(f"environment {subject.environment!r}: {error}; see `lndp envs`") from error
    if subject.episodes > 1:
        env = Lifetime(env, subject.episodes)
    frames = frames_of_life(subject.brain, env, options.seed, max_steps=options.steps)
    if options.gif is None:
        show(frames, options.fps)
    else:
        write_gif(options.gif, frames, options.fps)
        print(f"wrote {options.gif}", file=sys.stderr)
    env.close()
    return 0
