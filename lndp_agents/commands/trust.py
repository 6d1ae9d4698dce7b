"""Code that files name is imported only if the user says so on the command line.

A run or a recipe of a stranger may name any module of this machine as the home of its environment, policy,
searcher and the like ("module:Name"), and to import a module is to run it. What an installed package
announces as a plug-in is trusted: who installed it has said so.
"""

import shlex
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from lndp_agents.arguments import PROGRAM
from lndp_agents.plugins import foreign_module, named_in
from lndp_agents.run.view import RunView


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


def check_recipe(recipe: Mapping[str, object], source: object, options: Namespace) -> None:
    """See that all modules that a recipe names may be imported, but for what the command line names itself.

    Args:
        recipe: its fields.
        source: as in `check_module`.
        options: as in `check_module`, and those of the command that are fields of a recipe.

    Raises:
        ValueError: one may not.
    """
    for kind, name in named_in(recipe):
        typed = getattr(options, f"{PROGRAM}mechanisms" if kind == "mechanism" else kind, None)
        if name not in (typed if isinstance(typed, list) else [typed]):
            check_module(name, source, options, kind)


def check_run(folder: Path, options: Namespace) -> None:
    """See that all modules that a run names may be imported.

    Raises:
        FileNotFoundError: there is no run.
        ValueError: one may not, or its config.json is damaged.
    """
    check_recipe(RunView(folder, options.trust).recipe.to_json(), folder, options)


def needs_trust(recipe: Mapping[str, object]) -> bool:
    """Whether a recipe names a module that no installed package announces."""
    return any(foreign_module(name) for _, name in named_in(recipe))


def command_with_trust() -> str:
    """The command of this process, with --trust."""
    return shlex.join(["lndp", *sys.argv[1:], "--trust"])
