"""OpenAI-ES against a literal loop of the paper's code, and its continuation."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.openai_es import _Decay, shaped
from lndp_agents.evolution.searchers import (
    centre,
    make_searcher,
    restore_searcher,
    searcher_state,
    spread,
)

MakeHill = Callable[[int], Any]


def make(hill: Any, **changes: Any) -> Any:
    recipe = {"environment": "none", "searcher": "OpenAIES", "population": 10, "sigma": 0.1} | changes
    return make_searcher(hill, EvolutionConfig(**recipe))


def climb(searcher: Any, hill: Any, generations: range) -> None:
    for generation in generations:
        hill.begin(generation)
        searcher.step()


def literal(
    theta: np.ndarray, noise: list[Tensor], peak: np.ndarray, options: dict[str, float]
) -> np.ndarray:
    """The generations of the paper's code, number by number."""
    sigma, rate = options["sigma"], options["learning_rate"]
    for half in noise:
        epsilons = [row.double().numpy() for row in half] + [-row.double().numpy() for row in half]
        fitness = []
        for epsilon in epsilons:
            candidate = theta + sigma * epsilon
            fitness.append(-((candidate - peak) ** 2).sum() - 0.01 * (candidate**2).mean())
        n = len(fitness)
        ranks = [sum(other < mine for other in fitness) for mine in fitness]
        utility = np.array(ranks) / (n - 1) - 0.5
        utility = (utility - utility.mean()) / utility.std()
        theta = theta + rate / (n * sigma) * sum(u * e for u, e in zip(utility, epsilons, strict=True))
        if rate > options["learning_rate_limit"]:
            rate *= options["learning_rate_decay"]
        if sigma > options["sigma_limit"]:
            sigma *= options["sigma_decay"]
    return theta


@pytest.mark.parametrize("decay", [(0.995, 0.999), (0.5, 0.3)])
def test_it_is_the_papers_loop(make_hill: MakeHill, decay: tuple[float, float]) -> None:
    options = {"learning_rate": 0.2, "learning_rate_limit": 0.001, "sigma_limit": 0.01}
    options |= {"learning_rate_decay": decay[0], "sigma_decay": decay[1]}
    hill = make_hill(5)
    searcher = make(hill, searcher_options=options)
    start = centre(searcher).double().numpy()
    noise = []
    for generation in range(12):
        hill.begin(generation)
        noise.append(hill.make_gaussian(5, 5).clone())
    climb(searcher, hill, range(12))
    expected = literal(start, noise, hill.peak.double().numpy(), options | {"sigma": 0.1})
    assert np.abs(expected - start).max() > 0.05
    np.testing.assert_allclose(centre(searcher).numpy(), expected, atol=2e-5)


def test_candidates_are_antithetic_pairs_around_the_mean(make_hill: MakeHill) -> None:
    hill = make_hill(3)
    searcher = make(hill)
    before, sigma = centre(searcher), spread(searcher)
    climb(searcher, hill, range(1))
    steps = (searcher.population.values.as_subclass(Tensor) - before) / sigma
    torch.testing.assert_close(steps[:5], -steps[5:], rtol=1e-4, atol=1e-5)
    assert (steps[:5].abs() > 0.01).any()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40, unique=True))
def test_shaped_ranks_have_mean_0_and_deviation_1(fitness: list[float]) -> None:
    utility = shaped(torch.tensor(fitness, dtype=torch.float64))
    assert utility.mean().item() == pytest.approx(0, abs=1e-12)
    assert utility.std(correction=0).item() == pytest.approx(1)
    assert utility.argsort().tolist() == np.argsort(fitness).tolist()
    assert utility.sort().values.diff().numpy() == pytest.approx(utility.sort().values.diff()[0].item())


@pytest.mark.parametrize(
    ("start", "factor", "limit"), [(0.2, 0.995, 0.001), (0.1, 0.999, 0.01), (0.1, 1.0, 0.0)]
)
def test_decays_follow_from_the_generation(start: float, factor: float, limit: float) -> None:
    value, decay = start, _Decay(start, factor, limit)
    for generation in range(2500):
        assert decay.after(generation) == pytest.approx(value, rel=1e-9)
        value *= factor if value > limit else 1
    assert factor == 1 or limit * factor < value <= limit


def test_the_penalty_counts_in_the_ranks_alone(make_hill: MakeHill) -> None:
    class Flat(type(make_hill(3))):
        def _evaluate_batch(self, batch: Any) -> None:
            batch.set_evals(torch.zeros(len(batch.values)))

    hill = Flat(3)
    searcher = make(hill, population=200, searcher_options={"learning_rate": 0.05})
    before = centre(searcher).norm()
    climb(searcher, hill, range(20))
    assert centre(searcher).norm() < before - 0.2  # a large genome costs
    assert torch.equal(searcher.population.evals.as_subclass(Tensor)[:, 0], torch.zeros(200))


@pytest.mark.parametrize("done", [0, 1, 7])
def test_it_goes_on_to_the_last_bit(make_hill: MakeHill, done: int) -> None:
    searchers = []
    for stop in (None, done):
        hill = make_hill(4)
        searcher = make(hill)
        if stop is not None:
            climb(searcher, hill, range(stop))
            state = searcher_state(searcher)
            assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {"m": (4,)}
            searcher = make(hill, seed=5)
            restore_searcher(searcher, stop, state)
        climb(searcher, hill, range(stop or 0, 10))
        searchers.append(searcher)
    whole, stopped = searchers
    assert torch.equal(centre(whole), centre(stopped))
    assert (spread(whole), whole.learning_rate) == (spread(stopped), stopped.learning_rate)
    assert spread(whole) == pytest.approx(0.1 * 0.999**10)


def test_where_it_starts(make_hill: MakeHill) -> None:
    def start(kind: str, seed: int = 0) -> Tensor:
        return centre(make(make_hill(4000), population=4, seed=seed, searcher_options={"initial_mean": kind}))

    assert start("normal").std().item() == pytest.approx(1, abs=0.05)
    uniform = start("uniform")
    assert uniform.abs().max() <= 1
    assert uniform.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.03)
    assert torch.equal(start("zero"), torch.zeros(4000))
    assert not torch.equal(start("normal"), start("normal", seed=1))
    assert torch.equal(start("normal"), start("normal"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": 7}, "population 7 cannot be halved"),
        (
            {"searcher_options": {"initial_mean": "far"}},
            "initial_mean='far': give one of normal, uniform, zero",
        ),
        ({"searcher_options": {"sigma_decay": 1.5}}, "decay=1.5: give a number above 0"),
        ({"searcher_options": {"learning_rate": "fast"}}, "learning_rate='fast': give 0 or more"),
        ({"searcher_options": {"seed": 3}}, "seed=3: leave it out"),
    ],
)
def test_what_does_not_fit_is_refused(make_hill: MakeHill, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(make_hill(3), **changes)
