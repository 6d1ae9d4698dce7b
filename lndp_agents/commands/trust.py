"""Code that files name is imported only if the user says so on the command line.

A run or a recipe of a stranger may name any module of this machine as the home of its environment, searcher
or objective ("module:Name"), and to import a module is to run it. What an installed package announces as a
plug-in is trusted: who installed it has said so.
"""

import shlex
import sys
from argparse import Namespace

from lndp_agents.plugins import foreign_module


def check_module(name: str, source: object, options: Namespace, kind: str = "environment") -> None:
    """See that the module of a name, if it has one, may be imported.

    It may with --trust, if an installed package announces it, or if the same environment is named on the
    command line.

    Args:
        name: of an environment, searcher or the like.
        source: of which file or folder it is.
        options: `trust`, and if the command has it `env`.
        kind: what is named.

    Raises:
        ValueError: it may not; the message has the command that says so.
    """
    module = foreign_module(name)
    if module and not options.trust and getattr(options, "env", None) != name:
        raise ValueError(
            f"{source} names the {kind} {name}, for which the module {module} is imported and so "
            f"run; if you trust it: {command_with_trust()}"
        )


def command_with_trust() -> str:
    """The command of this process, with --trust."""
    return shlex.join(["lndp", *sys.argv[1:], "--trust"])
