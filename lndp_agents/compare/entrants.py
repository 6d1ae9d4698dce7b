"""Who can be compared: pretrained agents, rules, learners of stable-baselines3, and what evolves.

`zoo:NAME` and `agent:FOLDER` (a run, a saved agent, or "hf:USER/REPO" of the hub) are as they are; so are the
rules. All others learn: the baselines by gradients, the policies of `lndp train --policy` by evolution, which
starts around an agent of the zoo where the name is `POLICY@AGENT`, such as `lndp@cartpole`.
"""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lndp_agents.agent import Agent
from lndp_agents.baselines.registry import LEARNERS, RULES
from lndp_agents.compare.comparison import Comparison
from lndp_agents.compare.recipes import check_recipe, evolved
from lndp_agents.plotting import read_metrics
from lndp_agents.plugins import did_you_mean
from lndp_agents.policies import POLICIES
from lndp_agents.rollout import PredictPolicy, make_world
from lndp_agents.run.metrics import METRICS
from lndp_agents.zoo import load_pretrained, zoo_folder, zoo_names

ZOO, AGENT = "zoo:", "agent:"


@dataclass(frozen=True)
class OwnTraining:
    """What a pretrained agent was trained with, which is not the budget of the comparison."""

    steps: int | None
    """Steps of life, those of earlier searches too; none if nobody wrote it down."""
    note: str = ""


def policy_names() -> list[str]:
    """All names, but for the folders of agents."""
    return [*(f"{ZOO}{name}" for name in zoo_names()), *POLICIES, *LEARNERS, *RULES]


def is_learner(name: str) -> bool:
    """Whether a policy is trained in a comparison."""
    return name in LEARNERS or evolved(name) is not None


def check_entrants(comparison: Comparison, *, trust: bool = False) -> None:
    """See that all policies can play, before any of them spends hours.

    Raises:
        ValueError: one is unknown, does not fit the environment, or lacks a budget.
        ImportError: one needs stable-baselines3.
    """
    for name in comparison.changes:
        evolving = [each for each in comparison.policies if evolved(each)]
        if name not in evolving:
            known = ", ".join(evolving) or "none here"
            raise ValueError(f"{name!r} has no recipe to change: those that evolve are {known}")
    comparison.job(0).make_world()
    for name in comparison.policies:
        if is_learner(name) and not comparison.budget_steps:
            raise ValueError(f"{name} learns and has no budget: give --budget-steps")
        if evolved(name):
            check_recipe(comparison, name)
        elif name in LEARNERS:
            if find_spec("sb3_contrib") is None:
                raise ImportError(f'{name} needs sb3_contrib: pip install "lndp-agents[compare]"')
        else:
            fixed_policy(comparison, name, trust=trust)


def fixed_policy(comparison: Comparison, name: str, *, trust: bool = False) -> PredictPolicy:
    """A policy that is not trained here.

    Args:
        comparison: who plays where.
        name: of the policy.
        trust: whether modules that the files of an agent name may be imported, which runs them.

    Raises:
        ValueError: it is unknown, or does not fit the environment.
    """
    if name in RULES:
        return RULES[name](comparison.job(0))
    if not name.startswith((ZOO, AGENT)):
        guess = did_you_mean(name, policy_names())
        raise ValueError(
            f"no policy {name!r}: known are {', '.join(policy_names())}, {AGENT}FOLDER and POLICY@AGENT, "
            f"such as lndp@cartpole{guess}"
        )
    agent: Agent[Any] = load_pretrained(_place(name), trust=trust)
    world = make_world(comparison.environment, comparison.keywords, comparison.episodes, agent.encoding)
    if world.dynamics.action_space != agent.action_space:
        raise ValueError(
            f"{comparison.environment} takes actions {world.dynamics.action_space}, {name} gives "
            f"{agent.action_space}: leave it out"
        )
    return agent


def own_training(name: str) -> OwnTraining:
    """What is known about the training of a fixed policy: of a zoo agent its card, of a run its metrics."""
    if name in RULES:
        return OwnTraining(None, "nothing to train")
    place = _place(name)
    metrics = Path(place).parent / METRICS
    if name.startswith(ZOO):
        results = json.loads((zoo_folder(str(place)) / "results.json").read_text("utf-8"))
        steps = {run["seed"]: run["steps"] for run in results["evolution_seeds"]}
        own, before = steps[results["recipe"]["seed"]], results["steps_before"]
        note = (
            f"an evolution of its own, {own:,} after {before:,} steps"
            if before
            else "an evolution of its own"
        )
        return OwnTraining(before + own, note)
    if metrics.is_file():
        steps = read_metrics(metrics)["steps"] or [0]
        return OwnTraining(int(steps[-1]), "a run of its own")
    return OwnTraining(None, "trained elsewhere")


def learner_note(name: str, seeds: int) -> str:
    """Where a learner was trained, and what an agent that its search is around had spent before."""
    found = evolved(name)
    if found is None or not found.start:
        return f"{seeds} here"
    steps = own_training(f"{ZOO}{found.start}").steps
    return f"{seeds} here, around {found.start} ({steps:,} steps before)"


def _place(name: str) -> str:
    """Where `load_pretrained` finds an agent; of a run, the best one.

    Raises:
        ValueError: the zoo has no such agent.
    """
    if name.startswith(ZOO):
        zoo_folder(name.removeprefix(ZOO))
        return name.removeprefix(ZOO)
    folder = Path(name.removeprefix(AGENT))
    if (folder / METRICS).is_file():
        return f"{folder / 'best'}"
    return f"./{folder}" if folder.is_dir() and not folder.is_absolute() else f"{folder}"
