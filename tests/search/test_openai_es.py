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

from lndp_agents.search import Evaluation, Search, SearchSetting, make_search
from lndp_agents.search.openai_es import _Decay, shaped

MakeHill = Callable[[int], Any]


def make(hill: Any, *, population: int = 10, seed: int = 0, **options: Any) -> Search:
    return make_search("OpenAIES", SearchSetting(hill.size, population, 0.1, seed=seed), options)


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
    search = make(hill, **options)
    state = search.init(torch.zeros(5))
    start = search.mean(state).double().numpy()
    noise = [torch.randn(5, 5, generator=torch.Generator().manual_seed(1000 + each)) for each in range(12)]
    mean = search.mean(hill.climb(search, state, 12))
    expected = literal(start, noise, hill.peak.double().numpy(), options | {"sigma": 0.1})
    assert np.abs(expected - start).max() > 0.05
    np.testing.assert_allclose(mean.numpy(), expected, atol=2e-5)


def test_candidates_are_antithetic_pairs_around_the_mean(make_hill: MakeHill) -> None:
    search = make(make_hill(3))
    state = search.init(torch.zeros(3))
    genomes, _ = search.ask(state, 1)
    steps = (genomes - search.mean(state)) / search.spread(state)
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
    search = make(make_hill(3), population=200, learning_rate=0.05)
    first = state = search.init(torch.zeros(3))
    for generation in range(20):
        genomes, asked = search.ask(state, generation)
        state = search.tell(asked, genomes, Evaluation.of_fitness(torch.zeros(200)))
    assert search.mean(state).norm() < search.mean(first).norm() - 0.2  # a large genome costs


@pytest.mark.parametrize("done", [0, 1, 7])
def test_it_goes_on_to_the_last_bit(make_hill: MakeHill, done: int) -> None:
    hill = make_hill(4)
    search, other = make(hill), make(hill, seed=5)
    whole = hill.climb(search, search.init(torch.zeros(4)), 10)
    state = hill.climb(search, search.init(torch.zeros(4)), done)
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {"m": (4,), "generation": ()}
    stopped = hill.climb(other, state, 10 - done)
    assert torch.equal(search.mean(whole), other.mean(stopped))
    assert search.spread(whole) == other.spread(stopped) == pytest.approx(0.1 * 0.999**10)


def test_where_it_starts(make_hill: MakeHill) -> None:
    def start(kind: str, seed: int = 0, mean: float = 0.0) -> Tensor:
        search = make(make_hill(4000), population=4, seed=seed, initial_mean=kind)
        return search.mean(search.init(torch.full((4000,), mean)))

    assert start("normal").std().item() == pytest.approx(1, abs=0.05)
    uniform = start("uniform")
    assert uniform.abs().max() <= 1
    assert uniform.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.03)
    assert torch.equal(start("zero"), torch.zeros(4000))
    assert not torch.equal(start("normal"), start("normal", seed=1))
    assert torch.equal(start("normal"), start("normal"))
    assert torch.equal(
        start("normal", mean=2.0), torch.full((4000,), 2.0)
    )  # around an agent, nothing is sampled


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": 7}, "population 7 cannot be halved"),
        ({"initial_mean": "far"}, "initial_mean='far': give one of normal, uniform, zero"),
        ({"sigma_decay": 1.5}, "decay=1.5: give a number above 0"),
        ({"learning_rate": "fast"}, "learning_rate='fast': give 0 or more"),
    ],
)
def test_what_does_not_fit_is_refused(make_hill: MakeHill, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(make_hill(3), **changes)


def test_the_seed_is_no_option(make_hill: MakeHill) -> None:
    with pytest.raises(ValueError, match="seed=3: leave it out"):
        make_search("OpenAIES", SearchSetting(3, 10, 0.1), {"seed": 3})
