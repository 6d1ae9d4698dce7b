"""Objectives of several worlds: ranks by hand, sizes that do not fit, and other worlds of a description."""

import json
import pickle
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.description import Description
from lndp_agents.evolution.fitness import WORST
from lndp_agents.evolution.objective import (
    WorldObjective,
    make_objective,
    mean_of_ranks,
    ranks,
    with_bodies,
    worlds_of,
)
from lndp_agents.evolution.presets import settle
from lndp_agents.genome import genome_size
from lndp_agents.rollout import make_world
from lndp_agents.search import Evaluation
from lndp_agents.workers import sharing
from lndp_agents.workers.sharing import at_work
from lndp_agents.workers.workers import Workers


class Crew:
    """Actors that are no processes: what travels is pickled, each makes the objective for itself."""

    def __init__(self, make: Any, number: int, options: Any) -> None:
        self.workers = [pickle.loads(pickle.dumps(make))() for _ in range(number)]

    def __len__(self) -> int:
        return len(self.workers)

    def start(self, method: str, *arguments: Any) -> None:
        for worker in self.workers:
            getattr(worker, method)(*arguments)

    def share(self, method: str, parts: list[tuple[Any, ...]]) -> list[Any]:
        travelled = pickle.loads(pickle.dumps(parts))
        pairs = zip(self.workers[: len(parts)], travelled, strict=True)
        return [getattr(worker, method)(*part) for worker, part in pairs]

    def dismiss(self) -> None:
        self.workers.clear()


def described(**changes: Any) -> Description:
    recipe = {"environment": "lndp/Foraging-v0", "environment_keywords": {"max_episode_steps": 10}}
    recipe |= {"lives": 2, "held_out_lives": 4, "population": 4}
    experiment = settle(EvolutionConfig(**(recipe | changes)))
    return Description(experiment.config, experiment.policy, experiment.world.encoding)


def test_ranks_are_shares_of_the_others_and_half_of_the_equals() -> None:
    assert ranks(torch.tensor([5.0, 1.0, 3.0])).tolist() == pytest.approx([5 / 6, 1 / 6, 1 / 2])
    assert ranks(torch.tensor([2.0, 2.0])).tolist() == [0.5, 0.5]
    assert ranks(torch.tensor([-1e38, 7.0, 7.0, 7.0])).tolist() == pytest.approx([1 / 8, 5 / 8, 5 / 8, 5 / 8])


def test_the_mean_of_ranks_by_hand() -> None:
    """Scores of other sizes count alike; the score is the mean share of what there is to gain."""

    def small(genomes: Tensor, generation: int | None) -> Evaluation:
        return Evaluation.of_fitness(genomes[:, 0].double())

    def large(genomes: Tensor, generation: int | None) -> Evaluation:
        return Evaluation.of_fitness(1000 * genomes[:, 1].double())

    genomes = torch.tensor([[1.0, 0.0], [2.0, 0.5], [3.0, 0.25]])
    found = mean_of_ranks([small, large], [(1.0, 3.0), (0.0, 500.0)])(genomes, 0)
    assert found.fitness.tolist() == pytest.approx([1 / 6, (1 / 2 + 5 / 6) / 2, (5 / 6 + 1 / 2) / 2])
    assert found.scores.tolist() == pytest.approx([0.0, 0.75, 0.75])
    assert {name: scores.tolist() for name, scores in found.parts.items()} == {
        "objective 1": [1.0, 2.0, 3.0],
        "objective 2": [0.0, 500.0, 250.0],
    }


def test_who_has_no_fitness_in_any_world_has_none_in_all() -> None:
    """Else a run whose fitness is never a number would rank the genomes for ever."""

    def first(genomes: Tensor, generation: int | None) -> Evaluation:
        return Evaluation.of_fitness(torch.tensor([WORST, WORST, 1.0], dtype=torch.float64))

    def second(genomes: Tensor, generation: int | None) -> Evaluation:
        return Evaluation.of_fitness(torch.tensor([WORST, 2.0, 3.0], dtype=torch.float64))

    found = mean_of_ranks([first, second])(torch.zeros(3, 1), 0)
    assert found.fitness[0] == WORST
    assert found.fitness[1:].tolist() == pytest.approx([(1 / 3 + 1 / 2) / 2, 5 / 6])


def test_in_each_world_a_genome_earns_what_it_earns_there_alone() -> None:
    home = described()
    keywords = {"max_episode_steps": 10}
    away = home.in_world("lndp/Bandit-v0", environment_keywords=keywords, lives=6, program={"nodes": 12})
    assert (away.program.nodes, home.program.nodes) == (12, 16)
    assert genome_size(away.program) == genome_size(home.program)
    alone = [WorldObjective(each) for each in (home, away)]
    genomes = torch.randn(4, genome_size(home.program), generator=torch.Generator().manual_seed(1))
    for generation in (0, 5, None):
        expected = [objective(genomes, generation) for objective in alone]
        found = mean_of_ranks(alone)(genomes, generation)
        assert [scores.tolist() for scores in found.parts.values()] == [
            each.scores.tolist() for each in expected
        ]
        assert torch.equal(found.steps, expected[0].steps + expected[1].steps)
        assert torch.equal(found.scores, torch.stack([each.scores for each in expected]).mean(0))
        assert torch.equal(found.fitness, torch.stack([ranks(each.fitness) for each in expected]).mean(0))
    assert expected[0].steps.tolist() == [40.0] * 4  # 4 held-out rollouts of 10 steps


def test_genomes_of_other_sizes_are_refused() -> None:
    home = described()
    away = home.in_world("lndp/Bandit-v0", program={"node_features": 3})
    with pytest.raises(ValueError, match=r"genomes have \d+ or \d+ numbers in these worlds: give"):
        mean_of_ranks([WorldObjective(home), WorldObjective(away)])
    with pytest.raises(ValueError, match="1 objectives with 2 scales: give as many"):
        mean_of_ranks([WorldObjective(home)], [(0, 1), (0, 1)])
    with pytest.raises(ValueError, match=r"scale \(3, 3\): give a score that counts as 0 and another"):
        mean_of_ranks([WorldObjective(home)], [(3, 3)])


@pytest.mark.parametrize(
    ("objective", "options", "message"),
    [
        (
            "mean_of_rank",
            {},
            "objective='mean_of_rank': give one of mean_of_ranks, or MODULE:NAME; did you mean",
        ),
        ("mean_of_ranks", {}, "objective mean_of_ranks: .* missing .* 'worlds'"),
        ("mean_of_ranks", {"world": []}, "objective mean_of_ranks: .* 'world'"),
        ("mean_of_ranks", {"worlds": [{"environment": "No-v0"}]}, "No-v0"),
        (
            "mean_of_ranks",
            {"worlds": [{"environment": "CartPole-v1", "nodes": 3}]},
            "mean_of_ranks: .*'nodes'",
        ),
        ("mean_of_ranks", {"worlds": [{"lives": 3}]}, "worlds: each has an environment, but for one"),
    ],
)
def test_what_does_not_fit_is_refused(objective: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_objective(described(objective=objective, objective_options=options))


def test_older_recipes_have_no_objective() -> None:
    recipe = described().recipe
    assert not {"objective", "objective_options"} & set(recipe.to_json())
    named = described(objective="mean_of_ranks", objective_options={"worlds": [{"scale": [0, 1]}]}).recipe
    assert EvolutionConfig.from_json(named.to_json()) == named


def test_actors_share_the_genomes_of_every_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "Actors", Crew)
    processors = {"CPU": 3.0 * torch.get_num_threads()}
    monkeypatch.setattr(sharing, "ray_session", lambda address: nullcontext(processors))
    limit = {"environment_keywords": {"max_episode_steps": 5}}
    worlds = [{"environment": "lndp/Bandit-v0", "lives": 3, **limit}, {"environment": "CartPole-v1", **limit}]
    description = described(objective="mean_of_ranks", objective_options={"worlds": worlds})
    objective = make_objective(description)
    genomes = torch.randn(4, genome_size(description.program), generator=torch.Generator().manual_seed(1))
    alone = [objective(genomes, 2), objective(genomes[:1], None)]
    with at_work(objective, partial(make_objective, description), Workers(actors=3)):
        shared = [objective(genomes, 2), objective(genomes[:1], None)]
    for one, other in zip(alone, shared, strict=True):
        assert torch.equal(one.columns, other.columns)
        assert all(torch.equal(scores, other.parts[name]) for name, scores in one.parts.items())
    assert torch.equal(objective(genomes, 2).columns, alone[0].columns)  # alone again


def test_a_run_keeps_what_its_further_worlds_are(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [{"environment": "CartPole-v1"}]
    description = described(objective="mean_of_ranks", objective_options={"worlds": worlds})
    kept = with_bodies(description)
    assert [body.program.observation_size for body in kept.bodies] == [4]
    assert Description.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert kept.identity != description.identity
    other = kept.bodies[0]._replace(encoding=make_world("CartPole-v1", {}, 1, "scaled").encoding)
    changed = replace(kept, bodies=(other,))
    (_, cart_pole) = worlds_of(make_objective(changed))
    assert cart_pole.world.encoding == other.encoding != kept.bodies[0].encoding
    with pytest.raises(ValueError, match="has 1 further worlds now, the run was begun with 2"):
        make_objective(replace(kept, bodies=(other, other)))
