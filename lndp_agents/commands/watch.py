"""`lndp watch`: a life in a window, or as a GIF: the world, and the brain that rewires."""

import sys
import time
from argparse import Namespace
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lndp_agents.commands.injury import lesion_of
from lndp_agents.commands.subject import Subject, find_subject
from lndp_agents.environments import Env, make_env

GIF_STEPS = 500
"""Most steps of a GIF, unless --steps asks for others."""
GIF_WIDTH, WINDOW_WIDTH = 640, 960
FRAME_BYTES = 2_000, 14_000
"""What frames of a GIF take at `GIF_WIDTH`, about: of a calm brain, and of one that always rewires."""
LINE_SECONDS, TERMINAL_SECONDS = 10.0, 0.2
"""Between two lines of progress: in a file, and on a terminal, where each takes the place of the last."""

Frames = Iterator[NDArray[np.uint8]]


def watch_command(options: Namespace) -> int:
    """Play one life of an agent in its environment."""
    from lndp_agents.rollout.given_env import lifetime_steps
    from lndp_agents.watching import frames_of_life, show, write_gif  # imports pygame
    from lndp_agents.watching.gif import check_writable

    if options.gif is not None:
        check_writable(options.gif)
    lesion = lesion_of(options)
    subject = find_subject(options)
    agent = subject.with_edges
    env, has_picture = _make(subject, brain_only=options.brain_only)
    life = lifetime_steps(env)
    steps = options.steps if options.gif is None else _steps_of_gif(options.steps, life)
    width = (WINDOW_WIDTH if options.gif is None else GIF_WIDTH) if options.width is None else options.width
    frames = frames_of_life(
        agent, env, options.seed, max_steps=steps, width=width, lesion=lesion, brain_only=not has_picture
    )
    if options.gif is None:
        show(frames, options.fps)
    else:
        total = min(filter(None, (steps, life)), default=GIF_STEPS) + 1 + (lesion is not None)
        write_gif(options.gif, _with_progress(frames, total, width), options.fps)
        _say(f"wrote {options.gif}, {options.gif.stat().st_size / 1e6:.1f} MB")
    env.close()
    return 0


def _make(subject: Subject, *, brain_only: bool) -> tuple[Env, bool]:
    """The environment, and whether it draws itself.

    Raises:
        ValueError: it is not known, or cannot be made.
    """
    env = make_env(subject.environment, subject.keywords, subject.episodes)
    can_draw = "rgb_array" in (env.metadata.get("render_modes") or ())
    if can_draw and not brain_only:
        env.close()
        env = make_env(subject.environment, subject.keywords, subject.episodes, "rgb_array")
    if not can_draw and not brain_only:
        _say(f"{subject.environment} has no rgb_array to draw: the brain alone is shown")
    return env, can_draw and not brain_only


def _steps_of_gif(asked: int | None, life: int | None) -> int | None:
    """Most steps that a GIF shows: those that were asked for, or all of a life that is not too long."""
    if asked is not None or (life is not None and life <= GIF_STEPS):
        return asked
    whole = "a life of any length" if life is None else f"a life of {life} steps"
    _say(f"{whole}: at most its first {GIF_STEPS} are filmed; --steps INT films more or fewer")
    return GIF_STEPS


def _with_progress(frames: Frames, total: int, width: int) -> Frames:
    """The same frames, of which there are about so many, while stderr tells how far they are."""
    low, high = (total * size * (width / GIF_WIDTH) ** 2 / 1e6 for size in FRAME_BYTES)
    _say(f"{total} frames of {width} x {round(width * 5 / 8)} pixels, some {low:.1f} to {high:.1f} MB")
    is_terminal = sys.stderr.isatty()
    started = told = time.monotonic()
    for number, frame in enumerate(frames, 1):
        yield frame
        now = time.monotonic()
        if now - told > (TERMINAL_SECONDS if is_terminal else LINE_SECONDS):
            told, left = now, round((now - started) / number * (total - number))
            text = f"frame {number} of {total}, {left // 60}:{left % 60:02d} left"
            print(
                f"\r{text}\033[K" if is_terminal else text, end="" if is_terminal else "\n", file=sys.stderr
            )
            sys.stderr.flush()
    if is_terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
