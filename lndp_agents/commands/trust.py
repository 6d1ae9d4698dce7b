"""Code that files name is imported only if the user says so on the command line.

A run or a recipe of a stranger may name any module of this machine as the home of its environment
("module:Env-v0"), and to import a module is to run it.
"""

import shlex
import sys
from argparse import Namespace


def check_module(environment: str, source: object, options: Namespace) -> None:
    """See that the module of an environment, if it has one, may be imported.

    It may with --trust, or if the same environment is named on the command line.

    Args:
        environment: its id.
        source: of which file or folder it is.
        options: `trust`, and if the command has it `env`.

    Raises:
        ValueError: it may not; the message has the command that says so.
    """
    module = environment.rpartition(":")[0]
    if module and not options.trust and getattr(options, "env", None) != environment:
        raise ValueError(
            f"{source} names the environment {environment}, for which the module {module} is imported and so "
            f"run; if you trust it: {command_with_trust()}"
        )


def command_with_trust() -> str:
    """The command of this process, with --trust."""
    return shlex.join(["lndp", *sys.argv[1:], "--trust"])
