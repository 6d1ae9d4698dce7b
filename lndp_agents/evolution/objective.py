"""Objectives of a search: functions from genomes to an evaluation.

An objective is called with genomes (P, D) and a generation, whose randomness all genomes share (common random
numbers), or with None for the held-out rollouts, which are the same ones at every call:

    evaluation = objective(genomes, generation)

`WorldObjective` is the objective of one world, and `mean_of_ranks` makes one of several: a genome of the
developmental program fits networks of any size, so that it grows into a network of its own in each world.
`lndp train --objective` takes the names of `OBJECTIVES` and MODULE:NAME, where NAME is a function of the
`Description` of a run, and of the config's `objective_options`:

    def both(description):
        worlds = [description, description.in_world("lndp/Bandit-v0", lives=32)]
        return mean_of_ranks([WorldObjective(world) for world in worlds])

The same without a module, in the JSON file of an experiment config (`lndp train --recipe FILE`); "scale" is
the score that counts as 0 and the one that counts as 1 in the mean of scores, which chooses `best`:

    "environment": "lndp/Foraging-v0", "objective": "mean_of_ranks", "objective_options": {"worlds": [
        {"scale": [0, 490]},
        {"environment": "lndp/Bandit-v0", "lives": 32, "scale": [100, 170.7]},
        {"environment": "CartPole-v1", "program": {"nodes": 20}, "encoding": "scaled", "scale": [22, 500]}]}
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from lndp_agents.blame import WorldError, blaming, failure
from lndp_agents.evolution.description import Body, Description
from lndp_agents.evolution.fitness import WORST, fitness
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.plugins import find
from lndp_agents.policies import make_policy
from lndp_agents.policies.policy import Policy
from lndp_agents.rollout import Evolved, Report, Rollout, World, balanced_contexts, lifetime_keys, rollout
from lndp_agents.rollout.streams import HELD_OUT, TRAINING
from lndp_agents.search import Evaluation

Columns = Callable[[Tensor, int | None], Tensor]
"""From genomes (P, D) and a generation to fitness, score, density and steps (P, 4)."""


class Objective(Protocol):
    """A function to maximize. Its attribute `worlds`, if any, has the `WorldObjective`s that actors share.

    Example:
        >>> import torch
        >>> from lndp_agents import Evaluation, Objective
        >>> def small(genomes, generation):
        ...     return Evaluation.of_fitness(-genomes.double().square().sum(1))
        >>> objective: Objective = small
        >>> objective(torch.tensor([[3.0, 4.0], [0.0, 1.0]]), 0).fitness.tolist()
        [-25.0, -1.0]
    """

    def __call__(self, genomes: Tensor, generation: int | None) -> Evaluation:
        """Evaluate genomes.

        Args:
            genomes: (P, D) float32.
            generation: whose randomness is used; that of the held-out rollouts if None.
        """
        ...


class WorldObjective:
    """Fitness of rollouts in one world: `fitness` of their returns; the score is the mean episode return.

    All that is random follows from the seed and the generation, nothing from what was sampled before. So any
    process can do any of the rollouts.

    Args:
        description: environment, encoding, policy, and how many rollouts.

    Attributes:
        device: of the rollouts.
        report: told now and then how much of an evaluation is done, as in `rollout`; not while actors work.
        columns: does the rollouts: `rollouts` here, or actors.

    Example:
        >>> import torch
        >>> from lndp_agents import Description, EvolutionConfig, WorldObjective
        >>> config = EvolutionConfig(environment="lndp/Bandit-v0", lives=2, program={"nodes": 12})
        >>> objective = WorldObjective(Description.of(config))
        >>> from lndp_agents.agent import genome_size
        >>> genomes = torch.zeros(3, genome_size(objective.description.program))
        >>> objective(genomes, generation=0).fitness.shape
        torch.Size([3])
    """

    def __init__(self, description: Description) -> None:
        self.description = description
        self.device = "cpu"
        self.report: Report | None = None
        self.columns: Columns = self.rollouts

    def __call__(self, genomes: Tensor, generation: int | None) -> Evaluation:
        """Evaluate genomes, see `Objective.__call__`."""
        fitness, scores, density, steps = self.columns(genomes, generation).double().unbind(1)
        return Evaluation(fitness, scores, density, steps)

    @property
    def worlds(self) -> "Sequence[WorldObjective]":
        """Itself."""
        return (self,)

    @cached_property
    def world(self) -> World:
        """World of the rollouts."""
        return self.description.make_world()

    @cached_property
    def policy(self) -> Policy[Any]:
        """The policy that is unrolled."""
        return make_policy(self.description.program, "auto")

    def rollouts(self, genomes: Tensor, generation: int | None) -> Tensor:
        """Return fitness, score, density and steps (P, 4); float32, and float64 of held-out rollouts."""
        recipe, dynamics = self.description.recipe, self.world.dynamics
        if generation is None:
            stream, contexts = (HELD_OUT, 0), balanced_contexts(dynamics, recipe.held_out_lives)
        else:
            stream = (TRAINING, generation)
            contexts = balanced_contexts(dynamics, recipe.lives, first=generation * recipe.lives)
        found = self._rollout(genomes, stream, contexts)
        values = fitness(found, contexts, recipe.worst_weight, recipe.density_penalty)
        notes = (found.scores.mean(1), found.density.mean(1), found.steps.sum(1))
        columns = torch.stack([values, *notes], 1)
        return columns if generation is None else columns.float()

    def _rollout(self, genomes: Tensor, stream: tuple[int, int], contexts: Tensor) -> Rollout:
        """Do the rollouts 0 .. L-1 of a stream, in contexts (L,), for genomes (P, D)."""
        parameters = genome_to_parameters(self.policy.config, genomes.to(self.device))
        seed = self.description.recipe.seed
        keys = lifetime_keys(seed, *stream, num_lifetimes=len(contexts), device=self.device)
        learner = Evolved(self.policy, parameters)
        return rollout(learner, self.world, keys, contexts.to(self.device), report=self.report).cpu()


class _MeanOfRanks:
    """The objective that `mean_of_ranks` returns."""

    def __init__(self, objectives: Sequence[Objective], scales: Sequence[tuple[float, float]] = ()) -> None:
        self._objectives = objectives
        self._scales = scales or [(0.0, 1.0)] * len(objectives)
        if not objectives or len(self._scales) != len(objectives):
            raise ValueError(
                f"{len(objectives)} objectives with {len(scales)} scales: give as many, of 1 or more"
            )
        if same := [scale for scale in self._scales if scale[0] == scale[1]]:
            raise ValueError(f"scale {same[0]}: give a score that counts as 0 and another that counts as 1")
        sizes = {genome_size(world.description.program) for world in self.worlds}
        if len(sizes) > 1:
            raise ValueError(
                f"genomes have {' or '.join(map(str, sorted(sizes)))} numbers in these worlds: give all the "
                "same sizes of features, and no development_steps with spontaneous_activity"
            )

    def __call__(self, genomes: Tensor, generation: int | None) -> Evaluation:
        """Evaluate genomes, see `Objective.__call__`; `parts` has the scores by name of the environment."""
        evaluations = [objective(genomes, generation) for objective in self._objectives]
        shares = [
            (each.scores - low) / (high - low)
            for each, (low, high) in zip(evaluations, self._scales, strict=True)
        ]
        is_lost = torch.stack([each.fitness <= WORST for each in evaluations]).all(0)
        mean_ranks = torch.stack([ranks(each.fitness) for each in evaluations]).mean(0)
        return Evaluation(
            fitness=torch.where(is_lost, WORST, mean_ranks),  # else nobody would see that nothing is a number
            scores=torch.stack(shares).mean(0),
            density=torch.stack([each.density for each in evaluations]).mean(0),
            steps=torch.stack([each.steps for each in evaluations]).sum(0),
            parts={name: each.scores for name, each in zip(self._names, evaluations, strict=True)},
        )

    @property
    def worlds(self) -> Sequence[WorldObjective]:
        """Worlds of all objectives."""
        return [world for objective in self._objectives for world in worlds_of(objective)]

    @property
    def _names(self) -> list[str]:
        """Names of the objectives: their environments, or numbers where several have the same or none."""
        names = [
            "+".join(w.description.recipe.environment for w in worlds_of(each)) for each in self._objectives
        ]
        return [
            name if name and names.count(name) == 1 else f"{name or 'objective'} {number}"
            for number, name in enumerate(names, 1)
        ]


def mean_of_ranks(objectives: Sequence[Objective], scales: Sequence[tuple[float, float]] = ()) -> Objective:
    """Return the mean over objectives of the rank of a genome in the population, from 0 (worst) to 1 (best).

    So the objective with the largest spread does not decide alone. The score is the mean of scores, each as
    its share of what there is to gain.

    Args:
        objectives: of genomes of the same size.
        scales: of each objective, the score that counts as 0 and the one that counts as 1; scores are
            averaged as they are if there are none.

    Raises:
        ValueError: genomes have other sizes in other worlds, or there are not as many scales as objectives.

    Example:
        >>> import torch
        >>> from lndp_agents import Evaluation, mean_of_ranks
        >>> def of_number(index):
        ...     return lambda genomes, generation: Evaluation.of_fitness(genomes[:, index].double())
        >>> both = mean_of_ranks([of_number(0), of_number(1)])
        >>> both(torch.tensor([[1.0, 100.0], [2.0, 300.0], [3.0, 200.0]]), 0).fitness.argmin().item()
        0
    """
    return _MeanOfRanks(objectives, scales)


def ranks(values: Tensor) -> Tensor:
    """Return the share (P,) float64 of the others that each value is above; equals count half."""
    mine, others = values[:, None], values[None]
    return (mine > others).double().mean(1) + (mine == others).double().mean(1) / 2


def worlds_of(objective: Objective) -> Sequence[WorldObjective]:
    """Return the worlds of an objective, if it has any."""
    return getattr(objective, "worlds", ())


def _ranks_in_worlds(description: Description, *, worlds: Sequence[Mapping[str, Any]]) -> Objective:
    """Return `mean_of_ranks` in the environment of a run and in further ones.

    Args:
        description: the run.
        worlds: of each further world the arguments of `Description.in_world`, and "scale": the two scores
            that count as 0 and 1. One without "environment" gives the scale of the run's own.
    """
    own: list[Mapping[str, Any]] = [each for each in worlds if "environment" not in each]
    others = [each for each in worlds if "environment" in each]
    if len(own) > 1 or any(set(each) - {"scale"} for each in own):
        raise ValueError(
            "worlds: each has an environment, but for one {'scale': [LOW, HIGH]} of the run's own"
        )
    scales = [tuple(each.get("scale", (0.0, 1.0))) for each in [*(own or [{}]), *others]]
    places = [{name: value for name, value in each.items() if name != "scale"} for each in others]
    parts = [description, *(description.in_world(**place) for place in places)]
    return mean_of_ranks([WorldObjective(part) for part in parts], scales)


OBJECTIVES: Mapping[str, Callable[..., Objective]] = {"mean_of_ranks": _ranks_in_worlds}
"""Makers of objectives from a description and options; without a name it is that of the environment."""


def make_objective(description: Description) -> Objective:
    """Make the objective that a config names.

    Raises:
        ValueError: the name or an option is unknown or does not fit, or a world is refused; or what is not
            built in raised something (`WorldError`).
    """
    recipe = description.recipe
    if not recipe.objective:
        return WorldObjective(description)
    make = find("objective", recipe.objective, OBJECTIVES)
    if recipe.objective not in OBJECTIVES:
        objective = _Blamed(make, description)
    else:
        try:
            objective = make(description, **recipe.objective_options)
        except TypeError as error:
            raise ValueError(f"objective {recipe.objective}: {error}; see its options") from error
    if description.bodies:
        _require_bodies(objective, description)
    return objective


def with_bodies(description: Description) -> Description:
    """Return the description with the bodies in the further worlds of its objective."""
    worlds = (each.description for each in worlds_of(make_objective(description)))
    further = [each for each in worlds if each is not description]
    return replace(description, bodies=tuple(Body(each.program, each.encoding) for each in further))


def _require_bodies(objective: Objective, description: Description) -> None:
    """Give the further worlds the bodies that they had when the run began."""
    further = [each for each in worlds_of(objective) if each.description is not description]
    if len(further) != len(description.bodies):
        raise ValueError(
            f"objective {description.recipe.objective} has {len(further)} further worlds now, the run was "
            f"begun with {len(description.bodies)}: give it the same"
        )
    for each, (program, encoding) in zip(further, description.bodies, strict=True):
        each.description = replace(each.description, program=program, encoding=encoding)


class _Blamed:
    """An objective that others wrote, whose errors name their place in its code."""

    def __init__(self, make: Callable[..., Objective], description: Description) -> None:
        self._what = f"objective {description.recipe.objective!r}"
        with blaming(self._what):
            self._objective = make(description, **description.recipe.objective_options)
        self.worlds = worlds_of(self._objective)

    def __call__(self, genomes: Tensor, generation: int | None) -> Evaluation:
        try:
            evaluation = self._objective(genomes, generation)
            values = evaluation.fitness
            return replace(evaluation, fitness=torch.where(values.isfinite(), values.clamp(min=WORST), WORST))
        except (WorldError, ConnectionError):  # of an environment; an actor is lost
            raise
        except Exception as error:
            raise failure(self._what, error) from error
