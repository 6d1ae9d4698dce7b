"""Arguments that several commands of `lndp` share."""

from typing import Any

from lndp_agents.env_arguments import add_env_kwargs


def add_json(command: Any, text: str = "JSON on stdout in place of text") -> None:
    """Add --json."""
    command.add_argument("--json", action="store_true", help=text)


def add_number(command: Any, flag: str, text: str, default: int | None = None) -> None:
    """Add an option that takes an integer; its help names the default where that is fixed."""
    shown = text if default is None else f"{text} (default: {default})"
    command.add_argument(flag, type=int, default=default, metavar="INT", help=shown)


def add_workers(command: Any) -> None:
    """Add the options that change nothing about the results of a run."""
    add_number(command, "--actors", "number of Ray processes that share a generation; 1 is without Ray", 1)
    command.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="address of a Ray cluster, ray://HOST:PORT (default: one is started on this machine)",
    )
    add_device(command)
    add_trust(command)


def add_device(command: Any) -> None:
    """Add --device."""
    command.add_argument(
        "--device",
        default="cpu",
        metavar="DEVICE",
        help="device of the rollouts, such as cuda:0 (default: cpu)",
    )


def add_trust(command: Any) -> None:
    """Add --trust."""
    text = "permission to run code that the files name (modules) or hold (old model.zip)"
    command.add_argument("--trust", action="store_true", help=text)


def add_subject(command: Any) -> None:
    """Add the agent, its environment and the seed; `commands.subject` reads them."""
    command.add_argument(
        "subject", metavar="NAME|RUN|FOLDER", help="agent: name in the zoo, folder or hf:USER/REPO"
    )
    command.add_argument("--env", metavar="ENV", help="environment (default: that of its evolution)")
    add_env_kwargs(command)
    add_number(command, "--seed", "random seed of initial states and environments", 0)
    add_trust(command)


def add_lives(command: Any) -> None:
    """Add --lives and --device."""
    add_number(command, "--lives", "number of lifetimes", 128)
    add_device(command)


def add_injury(command: Any, *, is_required: bool) -> None:
    """Add one option for each kind of lesion, and its step; `commands.injury` reads them."""
    text = "time step of the lesion, from 0"
    command.add_argument("--at", type=int, required=is_required, metavar="STEP", help=text)
    kind = command.add_mutually_exclusive_group(required=is_required)
    text = "fraction of the weights that is set to 0, a contiguous block"
    kind.add_argument("--zero", type=float, metavar="SHARE", help=text)
    kind.add_argument("--freeze", action="store_true", help="weights and edges that no longer change")
    text = "number of steps in which actions are at their upper bound"
    kind.add_argument("--saturate", type=int, metavar="STEPS", help=text)
    kind.add_argument("--cut-reward", action="store_true", help="reward input of 0 from the step on")
    kind.add_argument("--nodes", type=int, metavar="INT", help="number of hidden nodes that are silenced")
    text = "intervention of your own (see lndp_agents.interventions)"
    kind.add_argument("--lesion", metavar="MODULE:NAME", help=text)
