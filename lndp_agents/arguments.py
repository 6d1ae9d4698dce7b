"""The arguments of the command `lndp`: what each of its commands takes, and its help."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lndp_agents.env_arguments import add_env_kwargs, pair
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.options import add_options
from lndp_agents.shared_arguments import (
    add_injury,
    add_json,
    add_lives,
    add_number,
    add_subject,
    add_trust,
    add_workers,
)
from lndp_agents.version import __version__

if TYPE_CHECKING:
    from lndp_agents.config import PolicyConfig

DESCRIPTION = "Evolve agents, score them, lesion them, watch them. Results on stdout, progress on stderr."
ERROR_EXIT = 2
PROGRAM = "program."
"""Prefix of the attributes of options that are fields of the policy's configuration."""


def parser(policy: "type[PolicyConfig] | None" = None) -> argparse.ArgumentParser:
    """Return the parser of the command line, with all its commands.

    Args:
        policy: the configuration whose fields are options of `lndp train` too.
    """
    top = _Parser(prog="lndp", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"lndp-agents {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_train(commands, policy)
    _add_resume(commands)
    _add_verify(commands)
    _add_evaluate(commands)
    _add_diagnose(commands)
    _add_compare(commands)
    _add_lesion(commands)
    _add_watch(commands)
    _add_zoo(commands)
    worlds = commands.add_parser("envs", help="list the environments of this package")
    add_json(worlds)
    worlds.set_defaults(command="envs")
    return top


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line: what is wrong, and where to read on; options have one spelling."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(allow_abbrev=False, **keywords)

    def error(self, message: str) -> NoReturn:
        """Print the line and leave with exit code 2."""
        self.exit(ERROR_EXIT, f"{self.prog}: error: {message} (see `{self.prog} --help`)\n")


def _add_train(commands: Any, policy: "type[PolicyConfig] | None") -> None:
    command = commands.add_parser(
        "train", help="evolve an agent on an environment", usage="%(prog)s [-h] [ENV] [OPTION ...]"
    )
    command.add_argument(
        "environment",
        metavar="ENV",
        nargs="?",
        help="id, such as lndp/Foraging-v0, or MODULE:ID, or MODULE:CLASS; MODULE may lie in this folder",
    )
    command.add_argument(
        "--recipe",
        metavar="NAME|FILE",
        help="experiment config: that of an agent of the zoo, or a JSON file; the options below change it",
    )
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="folder of the run (default: the next free one in runs/)"
    )
    add_env_kwargs(command)
    add_options(command, EvolutionConfig, without=("environment", "environment_keywords"))
    command.add_argument(
        "--full-covariance",
        dest="separable",
        action="store_const",
        const=False,
        help="adaptation of the whole covariance of CMA-ES, as --no-separable",
    )
    add_workers(command)
    add_json(command)
    command.set_defaults(command="train")
    if policy is not None:
        group = command.add_argument_group(
            f"configuration of the policy {policy.policy}",
            "For another policy: --policy NAME --help. The preset may choose other defaults.",
        )
        add_options(group, policy, without=policy.from_spaces, prefix=PROGRAM)


def _add_resume(commands: Any) -> None:
    command = commands.add_parser("resume", help="continue a run")
    command.add_argument("folder", type=Path, metavar="RUN", help="folder of the run")
    add_number(command, "--generations", "number of generations in all")
    add_workers(command)
    add_json(command)
    command.set_defaults(command="resume")


def _add_verify(commands: Any) -> None:
    command = commands.add_parser(
        "verify",
        help="recompute a generation of a run and compare",
        description="Recompute a recorded generation, from its counters and the nearest kept checkpoint, "
        "and compare numbers and hashes. Exit code 0 if all is the same, 1 if anything differs.",
    )
    command.add_argument("folder", type=Path, metavar="RUN", help="folder of the run")
    chosen = command.add_mutually_exclusive_group()
    chosen.add_argument(
        "--generation", type=int, metavar="INT", help="generation to verify (default: one at random)"
    )
    chosen.add_argument("--seed", type=int, metavar="INT", help="random seed of that choice")
    chosen.add_argument("--all", action="store_true", help="verification of all generations, from the first")
    add_workers(command)
    command.set_defaults(command="verify")


def _add_evaluate(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="score an agent in fresh lifetimes")
    add_subject(command)
    add_lives(command)
    add_json(command)
    command.set_defaults(command="evaluate")


def _add_diagnose(commands: Any) -> None:
    command = commands.add_parser(
        "diagnose",
        help="look for known failures of an agent's network",
        description="Roll out an agent in fresh lifetimes, with and without its reward input, and look for "
        "four failures: nodes that collapse to one state, endless rewiring, a reward that changes nothing, "
        "and an empty network. Also prints in how many steps 90 % of all edge changes happen.",
    )
    add_subject(command)
    add_lives(command)
    add_json(command, "JSON on stdout, with the curves over the lifetime")
    command.set_defaults(command="diagnose")


def _add_compare(commands: Any) -> None:
    command = commands.add_parser(
        "compare",
        help="compare policies on equal terms",
        description="Train the policies that learn with equal numbers of environment steps, score all in the "
        "same held-out lifetimes, and write tables and figures. The same command continues after a stop: an "
        "evolution where it was, a training of stable-baselines3 from its beginning. Needs the extras train "
        "and compare.",
    )
    command.add_argument("--env", required=True, metavar="ENV", help="environment, such as lndp/Foraging-v0")
    add_env_kwargs(command)
    command.add_argument(
        "--policies",
        required=True,
        metavar="A,B,...",
        help="policies to compare; fixed: zoo:NAME, agent:FOLDER, random, scripted, win-stay-lose-shift; "
        "trained: ppo, recurrent-ppo, ppo-frame-stack; evolved: lndp, ndp, linear, mlp, gru, hebbian, "
        "lndp@ZOO-NAME",
    )
    for name, default, text in (
        ("seeds", 5, "number of trainings of each learner"),
        ("budget-steps", 0, "largest number of environment steps of a training, needed if a policy learns"),
        ("lives", 128, "number of held-out lifetimes that are scored"),
        ("episodes", 1, "number of episodes of a lifetime, if the environment has no lifetimes of its own"),
        ("workers", 1, "number of trainings in parallel, a process each"),
    ):
        add_number(command, f"--{name}", text, default)
    command.add_argument(
        "--set",
        nargs="+",
        type=pair,
        metavar="POLICY:FIELD=VALUE",
        help="fields of experiment configs, such as lndp:program.nodes=12 gru:sigma=0.2",
    )
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder of the results: new, or of the same comparison",
    )
    add_trust(command)
    add_json(command)
    command.set_defaults(command="compare")


def _add_lesion(commands: Any) -> None:
    command = commands.add_parser(
        "lesion",
        help="lesion an agent during its lifetime and measure its recovery",
        description="Roll out an agent in fresh lifetimes, intact and with a lesion of one kind at a step. "
        "Prints the reward per step before the lesion, right after it, where the loss is largest, and at the "
        "end, with 95 % bootstrap intervals, and how much of the largest loss is recovered; where lifetimes "
        "have several episodes or end early, the return of each episode instead. Writes the curve as CSV and "
        "PNG. NAME may also be the folder of a trained baseline.",
    )
    add_subject(command)
    add_injury(command, is_required=True)
    add_lives(command)
    command.add_argument(
        "--out",
        type=Path,
        default=Path("lesions"),
        metavar="FOLDER",
        help="folder of the files (default: lesions)",
    )
    add_json(command, "JSON on stdout, with the curve")
    command.set_defaults(command="lesion")


def _add_watch(commands: Any) -> None:
    command = commands.add_parser(
        "watch",
        help="watch a lifetime: the environment, and the network that rewires",
        description="Show a lifetime of an agent: the environment as it is observed, the network after it "
        "has chosen the next action, and the course of the lifetime. A lesion (--zero 0.33 --at 50, and the "
        "others of `lndp lesion`) has a frame of its own; what it removes is dashed.",
    )
    add_subject(command)
    text = "path of the GIF to write, in place of a window"
    command.add_argument("--gif", type=Path, metavar="FILE", help=text)
    add_number(command, "--steps", "largest number of steps (default: the lifetime; of a GIF 500)")
    add_number(command, "--width", "width of the picture in pixels (default: 960, of a GIF 640)")
    text = "picture of the network alone (default where the environment draws no pixels)"
    command.add_argument("--brain-only", action="store_true", help=text)
    add_injury(command, is_required=False)
    add_number(command, "--fps", "number of frames per second", 10)
    command.set_defaults(command="watch")


def _add_zoo(commands: Any) -> None:
    zoo = commands.add_parser("zoo", help="list, show, fetch and verify pretrained agents").add_subparsers(
        required=True, metavar="list|show|download|verify"
    )
    listed = zoo.add_parser("list", help="list names and scores")
    add_json(listed)
    listed.set_defaults(command="zoo list")
    shown = zoo.add_parser("show", help="show the card of an agent")
    shown.add_argument("name", metavar="NAME", help="name of the agent")
    shown.set_defaults(command="zoo show")
    fetched = zoo.add_parser(
        "download",
        help="fetch an agent of the Hugging Face hub",
        description="Fetch an agent and its card into the cache of huggingface_hub, compare the files with "
        "their hashes, and print the folder. Afterwards hf:USER/REPO works offline wherever an agent is "
        "named. HF_ENDPOINT, HF_HUB_OFFLINE and HF_HOME are honored.",
    )
    fetched.add_argument("name", metavar="USER/REPO", help="repository of the hub")
    fetched.add_argument("--revision", metavar="REV", help="branch, tag or commit (default: the main branch)")
    fetched.set_defaults(command="zoo download")
    verified = zoo.add_parser(
        "verify",
        help="check files and scores",
        description="Hash the files of agents, compare configuration, experiment config, results and card "
        "with each other, and score each agent again: its mean must lie in the published interval, each side "
        "lengthened by a factor of 1.5 * sqrt(1 + L/n), where L is the published number of lifetimes and n "
        "the new one. Exit code 0 if all is well, 1 if not.",
    )
    verified.add_argument("names", nargs="*", metavar="NAME", help="names of agents (default: all)")
    add_number(verified, "--lives", "number of lifetimes", 32)
    add_json(verified)
    verified.set_defaults(command="zoo verify")
