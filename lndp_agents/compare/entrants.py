"""The policies of a comparison: pretrained agents, rules, learners of stable-baselines3, evolved policies."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lndp_agents.agent import Agent
from lndp_agents.baselines.registry import RULES
from lndp_agents.compare.comparison import Comparison
from lndp_agents.compare.names import ZOO, Entrant
from lndp_agents.compare.recipes import check_recipe
from lndp_agents.plotting import read_metrics
from lndp_agents.rollout import PredictPolicy, make_world
from lndp_agents.run.metrics import METRICS
from lndp_agents.zoo import load_pretrained, zoo_folder
from lndp_agents.zoo_results import ZooResults


@dataclass(frozen=True)
class OwnTraining:
    """The training of a policy that was finished before the comparison, with a budget of its own."""

    steps: int | None
    """Steps of the environment, with those of earlier searches; None if they are not known."""
    note: str = ""


def check_entrants(comparison: Comparison, *, trust: bool = False) -> None:
    """Check that all policies can be trained and evaluated, before any of them spends hours.

    Raises:
        ValueError: one is unknown, does not fit the environment, or lacks a budget.
        ImportError: one needs stable-baselines3.
    """
    entrants = comparison.entrants
    evolving = [entrant.name for entrant in entrants if entrant.evolves]
    for name in comparison.changes:
        if name not in evolving:
            known = ", ".join(evolving) or "none here"
            raise ValueError(f"{name!r} has no recipe to change: those that evolve are {known}")
    comparison.job(0).make_world()
    for entrant in entrants:
        if entrant.learns and not comparison.budget_steps:
            raise ValueError(f"{entrant.name} learns and has no budget: give --budget-steps")
        if entrant.evolves:
            check_recipe(comparison, entrant)
        elif not entrant.learns:
            fixed_policy(comparison, entrant, trust=trust)
        elif find_spec("sb3_contrib") is None:
            raise ImportError(f'{entrant.name} needs sb3_contrib: pip install "lndp-agents[compare]"')


def fixed_policy(comparison: Comparison, entrant: Entrant, *, trust: bool = False) -> PredictPolicy:
    """Return a policy that the comparison does not train.

    Args:
        comparison: gives the environment.
        entrant: the policy.
        trust: whether modules that the files of an agent name may be imported, which runs them.

    Raises:
        ValueError: it is not there, or does not fit the environment.
    """
    if entrant.kind == "rule":
        return RULES[entrant.name](comparison.job(0))
    agent: Agent[Any] = load_pretrained(_place(entrant), trust=trust)
    world = make_world(comparison.environment, comparison.keywords, comparison.episodes, agent.encoding)
    if world.dynamics.action_space != agent.action_space:
        raise ValueError(
            f"{comparison.environment} takes actions {world.dynamics.action_space}, {entrant.name} gives "
            f"{agent.action_space}: leave it out"
        )
    return agent


def own_training(entrant: Entrant) -> OwnTraining:
    """Return the training of a fixed policy: of a zoo agent from its results, of a run from its metrics."""
    if entrant.kind == "rule":
        return OwnTraining(None, "nothing to train")
    place = _place(entrant)
    metrics = Path(place).parent / METRICS
    if entrant.kind == "zoo":
        results = ZooResults.read(zoo_folder(place))
        own, before = results.steps, results.steps_before
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


def learner_note(entrant: Entrant, seeds: int) -> str:
    """Describe the trainings of a learner, and the steps behind the agent that its search starts around."""
    if not entrant.start:
        return f"{seeds} here"
    steps = own_training(Entrant.parse(f"{ZOO}{entrant.start}")).steps
    return f"{seeds} here, around {entrant.start} ({steps:,} steps before)"


def _place(entrant: Entrant) -> str:
    """Return the name by which `load_pretrained` finds an agent; of a run, its best one.

    Raises:
        ValueError: the zoo has no such agent.
    """
    if entrant.kind == "zoo":
        zoo_folder(entrant.place)
        return entrant.place
    folder = Path(entrant.place)
    if (folder / METRICS).is_file():
        return f"{folder / 'best'}"
    return f"./{folder}" if folder.is_dir() and not folder.is_absolute() else f"{folder}"
