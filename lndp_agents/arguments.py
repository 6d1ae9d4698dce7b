"""The arguments of the command `lndp`: what each of its commands takes, and its help."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lndp_agents.env_arguments import add_env_kwargs, pair
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.options import add_options
from lndp_agents.version import __version__

if TYPE_CHECKING:
    from lndp_agents.config import PolicyConfig

DESCRIPTION = "Evolve agents, score them, watch them live. Results on stdout, progress on stderr."
ERROR_EXIT = 2
PROGRAM = "program."
"""Begins the attributes of options that are fields of the policy's configuration."""


def parser(policy: "type[PolicyConfig] | None" = None) -> argparse.ArgumentParser:
    """The command line, with all its commands.

    Args:
        policy: whose fields are options of `lndp train` too.
    """
    top = _Parser(prog="lndp", description=DESCRIPTION, allow_abbrev=False)
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
    worlds = commands.add_parser("envs", help="the environments of this package")
    worlds.add_argument("--json", action="store_true", help="print pure JSON")
    worlds.set_defaults(command="envs")
    return top


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and where to read on."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
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
        help="experiment config, of an agent of the zoo or a JSON file; the options below change it",
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
    _add_workers(command)
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.set_defaults(command="train")
    if policy is not None:
        group = command.add_argument_group(
            f"fields of the policy {policy.policy}",
            "of another one: --policy NAME --help; the preset may choose other defaults",
        )
        add_options(group, policy, without=policy.from_spaces, prefix=PROGRAM)


def _add_resume(commands: Any) -> None:
    command = commands.add_parser("resume", help="go on with a run that was stopped")
    command.add_argument("folder", type=Path, metavar="RUN")
    command.add_argument("--generations", type=int, metavar="INT", help="number of generations in all")
    _add_workers(command)
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.set_defaults(command="resume")


def _add_verify(commands: Any) -> None:
    command = commands.add_parser(
        "verify",
        help="compute a generation of a run again and compare",
        description="Compute a recorded generation again, from its counters and the nearest kept checkpoint, "
        "and compare numbers and hashes. Exit code 0 if all is the same, 1 if anything differs.",
    )
    command.add_argument("folder", type=Path, metavar="RUN")
    chosen = command.add_mutually_exclusive_group()
    chosen.add_argument(
        "--generation", type=int, metavar="INT", help="generation to verify (default: one at random)"
    )
    chosen.add_argument("--seed", type=int, metavar="INT", help="random seed of that choice")
    chosen.add_argument("--all", action="store_true", help="verification of all generations, from the first")
    _add_workers(command)
    command.set_defaults(command="verify")


def _add_workers(command: Any) -> None:
    """Options that change nothing about the results of a run."""
    command.add_argument(
        "--actors",
        type=int,
        default=1,
        metavar="INT",
        help="number of processes that share a generation, with Ray (default: 1, without Ray)",
    )
    command.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="address of a Ray cluster, ray://HOST:PORT (default: one is started on this machine)",
    )
    _add_device(command)
    _add_trust(command)


def _add_device(command: Any) -> None:
    command.add_argument(
        "--device",
        default="cpu",
        metavar="DEVICE",
        help="device of the rollouts, such as cuda:0 (default: cpu)",
    )


def _add_trust(command: Any) -> None:
    text = "run code that the files name (modules) or hold (old model.zip)"
    command.add_argument("--trust", action="store_true", help=text)


def _add_subject(command: Any) -> None:
    command.add_argument("subject", metavar="NAME|RUN|FOLDER", help="zoo, run, saved agent or hf:USER/REPO")
    command.add_argument("--env", metavar="ENV", help="environment (default: what the agent was evolved on)")
    add_env_kwargs(command)
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="INT",
        help="random seed of initial states and environments (default: 0)",
    )
    _add_trust(command)


def _add_lives(command: Any) -> None:
    command.add_argument(
        "--lives", type=int, default=128, metavar="INT", help="number of lifetimes (default: 128)"
    )
    _add_device(command)


def _add_evaluate(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="score an agent on fresh lives")
    _add_subject(command)
    _add_lives(command)
    command.add_argument("--json", action="store_true", help="print pure JSON")
    command.set_defaults(command="evaluate")


def _add_diagnose(commands: Any) -> None:
    command = commands.add_parser(
        "diagnose",
        help="look for what goes wrong in an agent's brain",
        description="Let an agent live fresh lives, and again with the reward cut, and look for the four "
        "failure signatures: nodes collapsing to one state, endless rewiring, reward that changes nothing, "
        "the empty network. Says also in how many steps 90 % of all edge changes happen.",
    )
    _add_subject(command)
    _add_lives(command)
    command.add_argument("--json", action="store_true", help="print pure JSON, with the curves over life")
    command.set_defaults(command="diagnose")


def _add_compare(commands: Any) -> None:
    command = commands.add_parser(
        "compare",
        help="learners and agents against each other, on equal terms",
        description="Train what learns with equal steps of the environment, score all on the same held-out "
        "lives, and write tables and figures. The same command goes on after a stop: an evolution exactly "
        "where it was, a training of stable-baselines3 that was under way from its beginning. Needs the "
        "extras train and compare.",
    )
    command.add_argument("--env", required=True, metavar="ENV", help="id, such as lndp/Foraging-v0")
    add_env_kwargs(command)
    command.add_argument(
        "--policies",
        required=True,
        metavar="A,B,...",
        help="as they are: zoo:NAME, agent:FOLDER, random, scripted, win-stay-lose-shift; trained: ppo, "
        "recurrent-ppo, ppo-frame-stack; evolved: lndp, ndp, linear, mlp, gru, hebbian, lndp@ZOO-NAME",
    )
    for name, default, text in (
        ("seeds", 5, "number of trainings of each learner"),
        ("budget-steps", 0, "number of environment steps in each training, at most"),
        ("lives", 128, "number of held-out lifetimes that are scored"),
        ("episodes", 1, "number of episodes of a lifetime, if the environment has no lifetimes of its own"),
        ("workers", 1, "number of trainings side by side, a process each"),
    ):
        shown = f"{text} (default: {default})" if default else text
        command.add_argument(f"--{name}", type=int, default=default, metavar="INT", help=shown)
    command.add_argument(
        "--set",
        nargs="+",
        type=pair,
        metavar="POLICY:FIELD=VALUE",
        help="changes of an evolution's recipe, such as lndp:program.nodes=12 gru:sigma=0.2",
    )
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder of the results: new, or of the same comparison",
    )
    _add_trust(command)
    command.add_argument("--json", action="store_true", help="print the table as pure JSON")
    command.set_defaults(command="compare")


def _add_lesion(commands: Any) -> None:
    command = commands.add_parser(
        "lesion",
        help="injure an agent in the middle of its lives: does it recover?",
        description="Let an agent live fresh lives, and the same lives again with an injury of one kind at a "
        "step. Prints the reward per step before it, right after it, where the damage is largest, and at the "
        "end, with 95 % bootstrap intervals, and how much of the largest damage is gone at the end; where "
        "lives have several episodes, or end early, the return of each episode tells instead. Writes the "
        "curve, as CSV and PNG. NAME may also be the folder of a trained baseline.",
    )
    _add_subject(command)
    _add_injury(command, is_required=True)
    _add_lives(command)
    command.add_argument(
        "--out",
        type=Path,
        default=Path("lesions"),
        metavar="FOLDER",
        help="folder of the files (default: lesions)",
    )
    command.add_argument("--json", action="store_true", help="print pure JSON, with the curve")
    command.set_defaults(command="lesion")


def _add_injury(command: Any, *, is_required: bool) -> None:
    """One kind of injury, and the step before which it happens; `commands.injury` reads them."""
    command.add_argument(
        "--at", type=int, required=is_required, metavar="STEP", help="time step of the injury, from 0"
    )
    kind = command.add_mutually_exclusive_group(required=is_required)
    kind.add_argument(
        "--zero",
        type=float,
        metavar="SHARE",
        help="this share of the weights becomes 0, neighbours of each other",
    )
    kind.add_argument("--freeze", action="store_true", help="weights and wiring never change again")
    kind.add_argument(
        "--saturate", type=int, metavar="STEPS", help="actions at their upper bound, so many steps long"
    )
    kind.add_argument("--cut-reward", action="store_true", help="the sensed reward is 0 from now on")
    kind.add_argument("--nodes", type=int, metavar="INT", help="so many hidden nodes fall silent for good")
    kind.add_argument(
        "--lesion", metavar="MODULE:NAME", help="an intervention of your own, see lndp_agents.interventions"
    )


def _add_watch(commands: Any) -> None:
    command = commands.add_parser(
        "watch",
        help="watch a life: the world, and the brain that rewires",
        description="Show a life of an agent: the world as the agent sees it, the brain that has just looked "
        "at it, rewired and chosen what to do next, and the course of the life. An injury (--zero 0.33 --at "
        "50, and the others of `lndp lesion`) has a frame of its own; what it takes is dashed.",
    )
    _add_subject(command)
    command.add_argument("--gif", type=Path, metavar="FILE", help="write a GIF instead of opening a window")
    command.add_argument(
        "--steps",
        type=int,
        metavar="INT",
        help="number of steps at most (default: the lifetime; of a GIF 500)",
    )
    command.add_argument(
        "--width", type=int, metavar="INT", help="width of the picture in pixels (default: 960, of a GIF 640)"
    )
    command.add_argument(
        "--brain-only", action="store_true", help="draw no world (default where it draws no pixels)"
    )
    _add_injury(command, is_required=False)
    command.add_argument(
        "--fps", type=int, default=10, metavar="INT", help="number of frames per second (default: 10)"
    )
    command.set_defaults(command="watch")


def _add_zoo(commands: Any) -> None:
    zoo = commands.add_parser("zoo", help="the pretrained agents").add_subparsers(
        required=True, metavar="list|show|download|verify"
    )
    listed = zoo.add_parser("list", help="all names and scores")
    listed.add_argument("--json", action="store_true", help="print pure JSON")
    listed.set_defaults(command="zoo list")
    shown = zoo.add_parser("show", help="the card of one agent")
    shown.add_argument("name", metavar="NAME")
    shown.set_defaults(command="zoo show")
    fetched = zoo.add_parser(
        "download",
        help="fetch an agent of the Hugging Face hub",
        description="Fetch an agent of the hub with its card into the cache of huggingface_hub, compare the "
        "files with their hashes, and print the folder. From then on hf:USER/REPO works offline wherever an "
        "agent is named. HF_ENDPOINT, HF_HUB_OFFLINE and HF_HOME are honoured.",
    )
    fetched.add_argument("name", metavar="USER/REPO")
    fetched.add_argument("--revision", metavar="REV", help="branch, tag or commit (default: the main branch)")
    fetched.set_defaults(command="zoo download")
    verified = zoo.add_parser(
        "verify",
        help="check files and scores",
        description="Hash the files of agents, compare configuration, recipe, results and card with each "
        "other, and let each agent live again: its mean must lie in the published interval, each side made "
        "longer by 1.5 * sqrt(1 + L/n), where L lives are published and n live again. Exit code 0 if all is "
        "well, 1 if not.",
    )
    verified.add_argument("names", nargs="*", metavar="NAME", help="names of agents (default: all)")
    verified.add_argument(
        "--lives", type=int, default=32, metavar="INT", help="number of lifetimes (default: 32)"
    )
    verified.add_argument("--json", action="store_true", help="print pure JSON")
    verified.set_defaults(command="zoo verify")
