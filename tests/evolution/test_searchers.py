"""Searchers: the covariance update against EvoTorch's own, solved hills, and exact continuation."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.search_library import SearchAlgorithm, StockCMAES, silence
from lndp_agents.evolution.searchers import (
    CMAES,
    SEARCHERS,
    centre,
    is_sound,
    make_searcher,
    restore_searcher,
    searcher_state,
    spread,
)

MakeHill = Callable[[int], Any]
SIZE = 7
KINDS = [*((name, True) for name in SEARCHERS), ("CMAES", False)]


def searcher_of(hill: Any, name: str, *, separable: bool = True, **options: Any) -> SearchAlgorithm:
    recipe = EvolutionConfig(
        environment="none",
        searcher=name,
        separable=separable,
        population=12,
        sigma=1.0,
        searcher_options=options,
    )
    return make_searcher(hill, recipe)


def climb(searcher: SearchAlgorithm, hill: Any, generations: range) -> None:
    for generation in generations:
        hill.begin(generation)
        searcher.step()


@pytest.mark.parametrize("active", [True, False])
def test_the_covariance_update_is_the_stock_one_in_less_memory(make_hill: MakeHill, active: bool) -> None:
    searchers = []
    for kind in (CMAES, StockCMAES):
        hill = make_hill(SIZE)
        with silence():
            options = {"popsize": 12, "stdev_init": 1.0, "center_init": [0.0] * SIZE, "active": active}
            searcher = kind(hill, limit_C_decomposition=False, **options)
        climb(searcher, hill, range(25))
        searchers.append(searcher)
    ours, stock = searchers
    for name in ("m", "sigma", "C", "A", "p_c", "p_sigma"):
        torch.testing.assert_close(getattr(ours, name), getattr(stock, name), rtol=1e-3, atol=1e-4)
    assert (stock.C - torch.diag(stock.C.diagonal())).abs().max() > 0.01  # it did learn correlations


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("h_sig", [0.0, 1.0])
def test_one_covariance_update_equals_the_stock_one(make_hill: MakeHill, active: bool, h_sig: float) -> None:
    draw = torch.Generator().manual_seed(3)
    factor = torch.randn(SIZE, SIZE, generator=draw).tril() + 3 * torch.eye(SIZE)
    zs = torch.randn(12, SIZE, generator=draw)
    path = torch.randn(SIZE, generator=draw)
    results: list[Tensor] = []
    for kind in (CMAES, StockCMAES):
        with silence():
            searcher = kind(make_hill(SIZE), popsize=12, stdev_init=1.0, active=active)
        searcher.C, searcher.p_c = factor @ factor.T, path
        searcher.update_C(zs, zs @ factor.T, searcher.weights, torch.tensor(h_sig))
        results.append(searcher.C)
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


def test_the_covariance_is_decomposed_in_every_generation(make_hill: MakeHill) -> None:
    hill = make_hill(SIZE)
    searcher = searcher_of(hill, "CMAES", separable=False)
    assert isinstance(searcher, CMAES)
    climb(searcher, hill, range(3))
    torch.testing.assert_close(searcher.A @ searcher.A.T, searcher.C, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("separable", [True, False])
def test_cma_es_finds_the_peak(make_hill: MakeHill, separable: bool) -> None:
    hill = make_hill(4)
    searcher = searcher_of(hill, "CMAES", separable=separable)
    climb(searcher, hill, range(150))
    torch.testing.assert_close(centre(searcher), hill.peak, rtol=0, atol=1e-3)
    assert spread(searcher) < 0.01


@pytest.mark.parametrize("name", SEARCHERS)
def test_every_searcher_climbs_without_options(make_hill: MakeHill, name: str) -> None:
    hill = make_hill(4)
    searcher = searcher_of(hill, name, **({"initial_mean": "zero"} if name == "OpenAIES" else {}))
    assert torch.equal(centre(searcher), torch.zeros(4))
    assert spread(searcher) == pytest.approx(1.0)
    climb(searcher, hill, range(60))
    assert (centre(searcher) - hill.peak).norm() < 0.5 * hill.peak.norm()


@pytest.mark.parametrize(("name", "separable"), KINDS)
@pytest.mark.parametrize("done", [0, 1, 4])
def test_a_restored_search_goes_on_to_the_last_bit(
    make_hill: MakeHill, name: str, separable: bool, done: int
) -> None:
    hill = make_hill(SIZE)
    first = searcher_of(hill, name, separable=separable)
    climb(first, hill, range(done))
    state = searcher_state(first)
    climb(first, hill, range(done, done + 3))
    other_hill = make_hill(SIZE)
    second = searcher_of(other_hill, name, separable=separable)
    assert {key: (value.shape, value.dtype) for key, value in searcher_state(second).items()} == {
        key: (value.shape, value.dtype) for key, value in state.items()
    }
    restore_searcher(second, done, state)
    climb(second, other_hill, range(done, done + 3))
    assert torch.equal(centre(first), centre(second))
    assert spread(first) == spread(second)
    assert all(
        torch.equal(searcher_state(second)[key], value) for key, value in searcher_state(first).items()
    )


def test_a_state_is_a_copy(make_hill: MakeHill) -> None:
    hill = make_hill(SIZE)
    searcher = searcher_of(hill, "SNES")
    climb(searcher, hill, range(1))
    state = searcher_state(searcher)
    before = {name: value.clone() for name, value in state.items()}
    climb(searcher, hill, range(1, 3))
    assert all(torch.equal(state[name], before[name]) for name in before)


@pytest.mark.parametrize("separable", [True, False])
def test_a_covariance_without_a_factor_is_not_sound(make_hill: MakeHill, separable: bool) -> None:
    hill = make_hill(SIZE)
    searcher = searcher_of(hill, "CMAES", separable=separable)
    assert isinstance(searcher, CMAES)
    climb(searcher, hill, range(2))
    assert is_sound(searcher)
    searcher.C = -searcher.C
    searcher.decompose_C()
    assert not is_sound(searcher)


def test_a_distribution_of_nan_is_not_sound(make_hill: MakeHill) -> None:
    searcher = searcher_of(make_hill(SIZE), "SNES")
    assert is_sound(searcher)
    state = searcher_state(searcher)
    restore_searcher(searcher, 0, state | {"distribution.sigma": torch.full((SIZE,), torch.inf)})
    assert not is_sound(searcher)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Cosyne", {}, "searcher='Cosyne': give one of CMAES, SNES, XNES, PGPE, CEM"),
        ("CMAES", {"popsize": 9}, "popsize=9: leave it out, it is the recipe's population"),
        ("SNES", {"distributed": True}, "distributed=True: leave it out"),
        ("SNES", {"optimizer": "adam"}, "optimizer='adam': give 'clipup'"),
        ("CMAES", {"no_such": 1}, "CMAES with population 12 and options .*no_such"),
        ("XNES", {"ranking_method": "alphabetical"}, "XNES with population 12 and options .*alphabetical"),
        ("CEM", {"parenthood_ratio": "half"}, "CEM with population 12 and options"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(
    make_hill: MakeHill, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        searcher_of(make_hill(SIZE), name, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separable": False}, r"of 100000 numbers: .* 40 GB; adapt the diagonal only"),
        ({"searcher": "XNES"}, r"of 100000 numbers: .* 40 GB; adapt the diagonal only"),
        ({"population": 50_000}, r"population 50000 of genomes of 100000 numbers: .* 20 GB; give fewer"),
    ],
)
def test_tables_that_no_memory_holds_are_refused_before_they_are_made(
    make_hill: MakeHill, options: dict[str, Any], message: str
) -> None:
    known: dict[str, Any] = {"population": 64, "separable": True, "sigma": 0.5}
    with pytest.raises(ValueError, match=message):
        make_searcher(make_hill(100_000), EvolutionConfig(environment="any", **(known | options)))


def test_options_reach_the_searcher(make_hill: MakeHill) -> None:
    hill = make_hill(SIZE)
    frozen = searcher_of(hill, "SNES", center_learning_rate=0.0)
    climb(frozen, hill, range(4))
    assert torch.equal(centre(frozen), torch.zeros(SIZE))
