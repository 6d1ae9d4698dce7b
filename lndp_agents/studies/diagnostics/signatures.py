"""Four failure signatures of self-organizing networks, each a number with a threshold."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lndp_agents.studies.diagnostics.curves import LifeCurves

OTHER_ACTION = 0.01
"""Continuous actions count as different if they differ by more than this share of their range."""


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of the failure signatures; "late" means in the second half of each lifetime.

    They lie between the zoo's agents and random genomes N(0, s), s from 0.1 to 1, on the same worlds:

    | | `foraging`, `bandit` | random genomes that fail |
    |---|---|---|
    | diversity | 1.5, 0.88 | 1e-7 to 0.006 |
    | rewiring | 0, 0 | 0.027 to 0.051 |
    | other actions | 0.57, 0.50 | 0 to 0.017 |
    | density | 1, 1 | 0 to 0.002 |
    """

    collapsed_nodes: float = 0.05
    """Late node-state diversity below it is a failure; 1 at birth."""
    endless_rewiring: float = 0.02
    """A late step that grows or prunes a larger share of the allowed edges is a failure."""
    idle_reward: float = 0.02
    """A smaller share of steps whose action differs if the reward is cut is a failure."""
    empty_network: float = 0.02
    """A smaller late share of the allowed edges that exist is a failure."""


@dataclass(frozen=True)
class Diagnosis:
    """One failure signature, found or not."""

    name: str
    quantity: str
    """Name of the measured quantity."""
    value: float
    threshold: float
    fails: Literal["below", "above"]
    """Side of the threshold on which the failure lies."""
    advice: str
    """Meaning of the failure, and remedies."""

    @property
    def is_flagged(self) -> bool:
        """Whether the failure was found."""
        return self.value < self.threshold if self.fails == "below" else self.value > self.threshold


class _Signature(NamedTuple):
    quantity: str
    fails: Literal["below", "above"]
    advice: str


_SIGNATURES = {
    "collapsed_nodes": _Signature(
        "node-state diversity late in life, newborn 1",
        "below",
        "Nodes of one role come to the same state, so that synapses cannot tell them apart: begin the "
        "evolution with a larger sigma, or give more node_features.",
    ),
    "endless_rewiring": _Signature(
        "share of edges changed in a step late in life",
        "above",
        "Edges are born and lost to the end, and what they learned goes with them: evolve on longer lives or "
        "more lives a genome, or with pruning=false.",
    ),
    "idle_reward": _Signature(
        "share of steps with another action if reward is cut",
        "below",
        "Reward changes next to nothing that the agent does, no loss where observations tell all (as "
        "in CartPole): else see that reward_input is on and lives earn any, and evolve on tasks that only "
        "reward tells apart.",
    ),
    "empty_network": _Signature(
        "edge density late in life",
        "below",
        "The brain prunes itself away and acts without seeing: evolve with a higher initial_density or with "
        "pruning=false, on tasks where acting blindly does not pay.",
    ),
}


def find_signatures(
    curves: LifeCurves, without_reward: LifeCurves, *, discrete: bool, thresholds: Thresholds | None = None
) -> tuple[Diagnosis, ...]:
    """Measure the four failure signatures.

    Args:
        curves: the lifetimes.
        without_reward: the same lifetimes with the reward cut.
        discrete: whether actions are choices.
        thresholds: limits of the failure signatures; the documented ones if None.
    """
    thresholds = thresholds or Thresholds()
    values = {
        "collapsed_nodes": curves.late(curves.diversity),
        "endless_rewiring": curves.late(curves.changes),
        "idle_reward": different_actions(curves, without_reward, discrete=discrete),
        "empty_network": curves.late(curves.density),
    }
    return tuple(
        Diagnosis(
            name,
            signature.quantity,
            values[name],
            getattr(thresholds, name),
            signature.fails,
            signature.advice,
        )
        for name, signature in _SIGNATURES.items()
    )


def different_actions(curves: LifeCurves, others: LifeCurves, *, discrete: bool) -> float:
    """Return the share of steps in which two sets of lifetimes act differently, of the steps that both have.

    Args:
        curves: the lifetimes.
        others: as many other lifetimes, compared one by one.
        discrete: whether actions are choices.
    """
    both = np.minimum(curves.steps, others.steps)
    steps = np.arange(both.max(), dtype=np.int64)
    mine, theirs = curves.outputs[:, : len(steps)], others.outputs[:, : len(steps)]
    if discrete:
        differs = np.not_equal(mine.argmax(-1), theirs.argmax(-1))
    else:
        differs = (np.abs(mine - theirs) > 2 * OTHER_ACTION).any(-1)  # outputs range from -1 to 1
    is_other = differs & (steps < both[:, None])
    return float((is_other.sum(1) / both).mean())
