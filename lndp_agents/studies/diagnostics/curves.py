"""Changes of networks within lifetimes: edges born and lost, density, diversity of node states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.policies.capabilities import edges_of
from lndp_agents.rollout import Evolved, Intervention, Report, Transition, World, rollout

Floats = NDArray[np.float64]
NEWBORN_VARIANCE = 1 / 3
"""Variance of a node feature at birth, which is uniform in [-1, 1]."""


@dataclass(frozen=True)
class LifeCurves:
    """L lifetimes of one genome, step by step; the longest has T steps, NaN follows the end of the others.

    Shares are of the edges that may exist. Changes by development before the first step are not recorded.
    """

    density: Floats
    """(L, T + 1): share of edges that exist, first at birth."""
    born: Floats
    """(L, T): share of edges that a step grew."""
    lost: Floats
    """(L, T): share of edges that a step pruned."""
    diversity: Floats
    """(L, T + 1): how much the states of nodes of the same role differ (see `node_diversity`)."""
    outputs: Floats
    """(L, T, M): activations of the output nodes, from which the actions follow."""
    steps: NDArray[np.int64]
    """(L,): steps of each lifetime."""
    scores: Floats
    """(L,): mean episode return."""

    @property
    def changes(self) -> Floats:
        """(L, T): share of edges that a step grew or pruned."""
        return self.born + self.lost

    def late(self, curve: Floats) -> float:
        """Return the mean of one of the curves over the second half of each lifetime, then over lifetimes."""
        curve = curve[:, -self.born.shape[1] :]  # without the state at birth
        step = np.arange(curve.shape[1], dtype=np.int64)
        is_late = (step >= self.steps[:, None] // 2) & (step < self.steps[:, None])
        return float((np.where(is_late, curve, 0.0).sum(1) / is_late.sum(1)).mean())

    def steps_to(self, share: float) -> int:
        """Return the steps after which this share of all edge changes had happened; 0 without changes."""
        total: Floats = np.nansum(self.changes, 0).cumsum()
        is_reached = total >= share * total[-1]
        return int(is_reached.argmax()) + 1 if total[-1] > 0 else 0

    def means(self) -> dict[str, Floats]:
        """Return the mean of each curve over the lifetimes that go on: density, born, lost, diversity."""
        names = ("density", "born", "lost", "diversity")
        return {name: np.nanmean(getattr(self, name), 0) for name in names}


def life_curves(
    learner: Evolved,
    world: World,
    keys: Tensor,
    contexts: Tensor,
    *,
    interventions: Sequence[Intervention] = (),
    report: Report | None = None,
) -> LifeCurves:
    """Roll out one genome of a policy that has edges, and measure its networks after every step.

    Args:
        learner: the policy, with one genome.
        world: the world of the lifetimes.
        keys: (L,) int64, the randomness of each lifetime.
        contexts: (L,) int64, the hidden condition of each lifetime.
        interventions: as in `rollout`.
        report: as in `rollout`.

    Returns:
        The curves of the lifetimes, which are those that `evaluate` would score.

    Raises:
        ValueError: the policy has no edges, or one node of each role, between which there is no diversity.
    """
    policy, graph = learner.policy, edges_of(learner.policy)

    def measured(transition: Transition) -> Tensor:
        before, after = transition.before.state, transition.network.state
        ages = (before, after)
        counts = [policy.num_edges(state) for state in ages] + [graph.shared_edges(before, after)]
        spread = [node_diversity(graph.node_counts, graph.node_states(state)) for state in ages]
        return torch.stack(counts + spread, -1)

    def outputs(transition: Transition) -> Tensor:
        return graph.activations(transition.network.state)[..., sum(graph.node_counts[:2]) :]

    record = [("measured", measured), ("outputs", outputs)]
    options: dict[str, Any] = {"interventions": interventions, "record": record, "report": report}
    results = rollout(learner, world, keys, contexts, **options).cpu()
    steps = results.steps[0].numpy()
    goes_on = np.arange(steps.max(), dtype=np.int64) < steps[:, None]

    def table(record: Tensor) -> Floats:
        values = record[0, :, : steps.max()].double().numpy()
        return np.where(goes_on.reshape(*goes_on.shape, *(1,) * (values.ndim - 2)), values, np.nan)

    before, after, shared, diverse_before, diverse_after = np.moveaxis(
        table(results.records["measured"]), -1, 0
    )
    num_allowed = policy.num_allowed_edges
    return LifeCurves(
        density=np.hstack([before[:, :1], after]) / num_allowed,
        born=(after - shared) / num_allowed,
        lost=(before - shared) / num_allowed,
        diversity=np.hstack([diverse_before[:, :1], diverse_after]),
        outputs=table(results.records["outputs"]),
        steps=steps,
        scores=results.scores[0].numpy(),
    )


def node_diversity(node_counts: tuple[int, int, int], node_state: Tensor) -> Tensor:
    """Measure how much nodes of the same role (inputs, hidden nodes, outputs) differ.

    Args:
        node_counts: numbers of inputs, hidden nodes and outputs.
        node_state: (..., N, Dh).

    Returns:
        (...): the standard deviation of node states from the mean of their role, over nodes and features,
        divided by that at birth: 1 on average at birth, 0 where all nodes of a role are in one state.

    Raises:
        ValueError: there is one node of each role.
    """
    freedom = sum(node_counts) - len(node_counts)
    if not freedom:
        raise ValueError(f"nodes={sum(node_counts)}: one node of each role cannot differ; give more nodes")
    of_roles = node_state.double().split_with_sizes(list(node_counts), -2)
    squares = torch.cat([(states - states.mean(-2, keepdim=True)).square() for states in of_roles], -2)
    return (squares.sum(-2).mean(-1) / freedom / NEWBORN_VARIANCE).sqrt()
