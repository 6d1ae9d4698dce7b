"""The command `lndp` from its first moment on: Ctrl-C while libraries load is no traceback.

A module of its own, because whatever is imported of a package imports that package first, with its libraries.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED_EXIT = 130


def main() -> int:
    """Run the command of the command line; the exit code."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not if a shell has it ignored
    if is_heard:
        signal.signal(signal.SIGINT, quit_at_once)
        sys.unraisablehook = _swallowed
    from lndp_agents.cli import main as run

    code = run()
    if is_heard:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left but to leave
    return code


def quit_at_once(number: int = signal.SIGINT, frame: FrameType | None = None) -> NoReturn:
    """End this process; a handler of signals, for when there is nothing to bring in order."""
    os.write(2, b"lndp: interrupted\n")
    os._exit(INTERRUPTED_EXIT)


def _swallowed(error: "sys.UnraisableHookArgs") -> None:
    """Also a Ctrl-C counts that came where nobody can catch its KeyboardInterrupt, as in a destructor."""
    if issubclass(error.exc_type, KeyboardInterrupt):
        quit_at_once()
    sys.__unraisablehook__(error)
