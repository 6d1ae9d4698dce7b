"""Diagnoses of an agent from two rollouts: intact, and with the reward cut."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lndp_agents.agent import Agent
from lndp_agents.interventions import CutReward
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.studies.diagnostics.curves import LifeCurves, life_curves
from lndp_agents.studies.diagnostics.signatures import Diagnosis, Thresholds, find_signatures
from lndp_agents.studies.evaluation import BATCH_LIVES, Score, fresh_lifetimes, world_of

CRITICAL_SHARE = 0.9
"""The critical period ends when this share of all edge changes has happened."""


@dataclass(frozen=True)
class Report:
    """The result of `diagnose`."""

    curves: LifeCurves
    without_reward: LifeCurves
    """Curves of the same lifetimes with the same noise, but without reward input."""
    diagnoses: tuple[Diagnosis, ...]

    @property
    def flagged(self) -> tuple[str, ...]:
        """Names of the failure signatures that were found."""
        return tuple(diagnosis.name for diagnosis in self.diagnoses if diagnosis.is_flagged)

    @property
    def critical_period(self) -> int:
        """Steps in which 90 % of all edge changes happened; 0 if there were none."""
        return self.curves.steps_to(CRITICAL_SHARE)

    @property
    def longest_life(self) -> int:
        """Steps of the longest lifetime."""
        return int(self.curves.steps.max())

    @property
    def reward_gain(self) -> Score:
        """Score of each lifetime minus its score with the reward cut."""
        return Score(self.curves.scores - self.without_reward.scores)

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object, with the mean curves."""
        return {
            "mean": float(self.curves.scores.mean()),
            "mean_without_reward": float(self.without_reward.scores.mean()),
            "reward_gain": self.reward_gain.mean,
            "reward_gain_interval": list(self.reward_gain.interval),
            "critical_period": self.critical_period,
            "longest_life": self.longest_life,
            "diagnoses": [
                asdict(diagnosis) | {"is_flagged": diagnosis.is_flagged} for diagnosis in self.diagnoses
            ],
            "curves": {name: curve.tolist() for name, curve in self.curves.means().items()},
        }

    def __str__(self) -> str:
        """Return the report as lines of text, with advice where a failure was found."""
        lines: list[str] = []
        for diagnosis in self.diagnoses:
            name, verdict = diagnosis.name.replace("_", " "), "FOUND" if diagnosis.is_flagged else "no"
            limit = f"(found if {diagnosis.fails} {diagnosis.threshold:g})"
            lines.append(f"{name:<17} {verdict:<6} {diagnosis.quantity}: {diagnosis.value:.3g} {limit}")
            if diagnosis.is_flagged:
                lines.append(f"{'':25}{diagnosis.advice}")
        period = (
            f"{self.critical_period} of {self.longest_life} steps hold {CRITICAL_SHARE:.0%} of edge changes"
        )
        lines.append(f"{'critical period':<25}{period if self.critical_period else 'no edge ever changed'}")
        mean, without = self.curves.scores.mean(), self.without_reward.scores.mean()
        low, high = self.reward_gain.interval
        gain = f"gain {score_text(self.reward_gain.mean)}, 95 % interval {interval_text((low, high))}"
        lines.append(
            f"{'use of reward':<25}score {score_text(mean)}, {score_text(without)} if it is cut; {gain}"
        )
        return "\n".join(lines)


def diagnose(
    agent: Agent[Any],
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
    thresholds: Thresholds | None = None,
    tell: Callable[[float], None] = lambda _: None,
) -> Report:
    """Roll an agent out intact and with the reward cut, and measure the four failure signatures.

    Args:
        agent: of a policy that has edges; the lifetimes are those that `evaluate` scores.
        environment: id of the environment.
        keywords: keyword arguments of the environment.
        lives: number of lifetimes, L.
        seed: random seed of initial states and environments.
        episodes: episodes of a lifetime, for environments that have no lifetimes of their own.
        thresholds: limits of the failure signatures; the documented ones if None.
        tell: called now and then with the share of the rollouts that is done, from 0 to 1.

    Raises:
        ValueError: as `evaluate`, or more than 1024 lives, or a brain with one node of each role.

    Example:
        >>> from lndp_agents import diagnose, load_pretrained
        >>> report = diagnose(load_pretrained("foraging"), "lndp/Foraging-v0", lives=4)
        >>> [diagnosis.name for diagnosis in report.diagnoses]
        ['collapsed_nodes', 'endless_rewiring', 'idle_reward', 'empty_network']
    """
    if lives > BATCH_LIVES:
        raise ValueError(f"lives={lives}: give 1 to {BATCH_LIVES}")
    world = world_of(agent, environment, keywords, episodes)
    keys, contexts = fresh_lifetimes(world, lives, seed, device=agent.device)
    curves, without_reward = (
        life_curves(
            agent.learner,
            world,
            keys,
            contexts,
            interventions=interventions,
            report=lambda share, begun=begun: tell((begun + share) / 2),
        )
        for begun, interventions in enumerate(((), (CutReward(),)))
    )
    diagnoses = find_signatures(
        curves, without_reward, discrete=agent.decoding.discrete, thresholds=thresholds
    )
    return Report(curves, without_reward, diagnoses)
