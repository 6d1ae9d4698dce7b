"""A small recipe and a small search problem that the tests of this folder share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import torch
from lndp_envs.foraging import Foraging
from lndp_envs.registration import WORLDS, World

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.metrics import Generation
from lndp_agents.evolution.run import Run
from lndp_agents.evolution.search_library import Problem, SolutionBatch

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


class Hill(Problem):
    """One smooth peak at 1, 2, 3, ...; candidates are drawn anew from each generation's number."""

    def __init__(self, size: int) -> None:
        super().__init__("max", solution_length=size, initial_bounds=(-1.0, 1.0), dtype=torch.float32, seed=0)
        self.peak = torch.arange(1.0, size + 1)

    def begin(self, generation: int) -> None:
        self.manual_seed(1000 + generation)

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        batch.set_evals(-(batch.values - self.peak).square().sum(1))


@pytest.fixture(scope="module")
def make_hill() -> Callable[[int], Hill]:
    return Hill


@pytest.fixture(scope="module")
def short_foraging() -> Iterator[str]:
    """The id of foraging in lives of 20 steps."""
    name = "test/ShortForaging-v0"
    WORLDS[name] = World(Foraging, max_episode_steps=20)
    gymnasium.register(name, "lndp_envs.foraging_env:ForagingEnv", max_episode_steps=20)
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


@pytest.fixture(scope="module")
def evolve() -> Evolve:
    """Begin a run in a folder and do so many of its generations."""

    def do(recipe: EvolutionConfig, folder: Path, generations: int | None = None) -> list[Generation]:
        with Run.create(recipe, folder) as run:
            return [record for record, _ in zip(run.generations(), range(generations or 10**9), strict=False)]

    return do
