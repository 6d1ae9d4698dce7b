"""The command `lndp`: evolve agents, score them, watch them live. Results on stdout, progress on stderr."""

import errno
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress

from lndp_agents.arguments import ERROR_EXIT, parser
from lndp_agents.blame import blaming_plugins, show_traceback
from lndp_agents.environments import find_environment
from lndp_agents.interrupts import interruptible
from lndp_agents.notes import notes_as_lines
from lndp_agents.policy_options import policy_named_in
from lndp_command import INTERRUPTED_EXIT

_REMEDIES = {
    errno.ENOSPC: "make room on the disk, then `lndp resume` the run",
    errno.EACCES: "name a place that you may use",
    errno.EPERM: "name a place that you may use",
    errno.EROFS: "name a place that can be written",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: those of the command line if none.

    Returns:
        The exit code: 0; 1 where a `verify` finds a difference; 2 after bad input (one line on stderr says
        what is wrong, and LNDP_DEBUG=1 shows the traceback before it); 130 after Ctrl-C.
    """
    try:
        with notes_as_lines():
            words = list(sys.argv[1:] if arguments is None else arguments)
            options = parser(policy_named_in(words) if words[:1] == ["train"] else None).parse_args(words)
            _find_environment(options)
            from lndp_agents.commands import COMMANDS  # here, so that Ctrl-C while libraries load is met too

            with interruptible(signal.SIGINT), blaming_plugins():
                code = COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read the results has enough, as in `lndp envs | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR_EXIT
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        show_traceback()
        _tell(f"lndp: error: {_one_line(error)}")
        return ERROR_EXIT
    except KeyboardInterrupt:
        _tell("lndp: interrupted")
        return INTERRUPTED_EXIT


def _find_environment(options: Namespace) -> None:
    """Find the environment that is named, for a wrong name need not wait for what is slow to import."""
    for option in ("environment", "env"):
        if name := getattr(options, option, None):
            find_environment(name)


def _tell(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(text, file=sys.stderr, flush=True)


def _one_line(error: Exception) -> str:
    """What the error says, and for those of the operating system the remedy."""
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None:
        place = "" if error.filename is None else f"{error.filename}: "
        text = f"{place}{error.strerror}; {_REMEDIES.get(error.errno, 'name another place')}"
    return " ".join(text.split())


if __name__ == "__main__":
    from lndp_command import main as command

    sys.exit(command())
