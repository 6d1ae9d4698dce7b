"""A small recipe that the tests of this folder share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import lndp_envs
import pytest
import torch
from lndp_envs.foraging import Foraging
from lndp_envs.registration import WORLDS
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.objective import WorldObjective
from lndp_agents.evolution.records import Generation
from lndp_agents.run.run import Run
from lndp_agents.search import Evaluation

TINY = {
    "nodes": 11,
    "node_features": 3,
    "edge_features": 2,
    "attention_heads": 1,
    "query_features": 2,
    "value_features": 2,
    "decision_features": 3,
    "initial_density": 0.5,
}
MakeRecipe = Callable[..., EvolutionConfig]
Evolve = Callable[..., list[Generation]]


@pytest.fixture(scope="module")
def short_foraging() -> Iterator[str]:
    """The id of foraging in lives of 20 steps."""
    name = "test/ShortForaging-v0"
    lndp_envs.register(name, Foraging, max_episode_steps=20)
    yield name
    del WORLDS[name], gymnasium.registry[name]


@pytest.fixture(scope="module")
def make_recipe(short_foraging: str) -> MakeRecipe:
    """A recipe of a second; keyword arguments change it."""

    def make(**changes: Any) -> EvolutionConfig:
        recipe = {
            "environment": short_foraging,
            "encoding": "place",
            "program": TINY,
            "separable": True,
            "sigma": 0.5,
            "update_bias": 0.0,
            "worst_weight": 1.0,
            "generations": 4,
            "population": 8,
            "lives": 4,
            "evaluate_every": 2,
            "held_out_lives": 8,
        }
        return EvolutionConfig(**(recipe | changes))

    return make


@pytest.fixture
def with_held_out(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Tensor], float]], None]:
    """Have another function of a genome (D,) score it on held-out rollouts."""
    plain = WorldObjective.__call__

    def change(score: Callable[[Tensor], float]) -> None:
        def call(self: WorldObjective, genomes: Tensor, generation: int | None) -> Evaluation:
            if generation is None:
                return Evaluation.of_fitness(torch.tensor([score(genomes[0])], dtype=torch.float64))
            return plain(self, genomes, generation)

        monkeypatch.setattr(WorldObjective, "__call__", call)

    return change


@pytest.fixture(scope="module")
def evolve() -> Evolve:
    """Begin a run in a folder and do so many of its generations."""

    def do(recipe: EvolutionConfig, folder: Path, generations: int | None = None) -> list[Generation]:
        with Run.create(recipe, folder) as run:
            return [record for record, _ in zip(run.generations(), range(generations or 10**9), strict=False)]

    return do
