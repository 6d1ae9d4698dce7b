"""Options of an environment: its keyword arguments and its limit of steps."""

import argparse
import json
from typing import Any

from lndp_agents.environments import DEFAULT_STEPS, MAX_STEPS


def add_env_kwargs(command: Any) -> None:
    """Add --env-kwargs, and --max-steps, which is one of them."""
    command.add_argument(
        "--env-kwargs",
        nargs="+",
        action="extend",
        type=pair,
        metavar="KEY=VALUE",
        help="keyword arguments of the environment",
    )
    command.add_argument(
        "--max-steps",
        dest="env_kwargs",
        action="append",
        type=_max_steps,
        metavar="INT",
        help="largest number of steps of an episode (default: the environment's own limit, or "
        f"{DEFAULT_STEPS} if it has none)",
    )


def pair(text: str) -> tuple[str, Any]:
    """KEY=VALUE, where VALUE is JSON or else a plain string.

    Raises:
        argparse.ArgumentTypeError: it is not.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r}: give KEY=VALUE")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def _max_steps(text: str) -> tuple[str, Any]:
    """The limit of steps as a keyword argument, which Gymnasium takes for every environment."""
    return pair(f"{MAX_STEPS}={text}")
