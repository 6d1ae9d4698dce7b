"""Searchers: the covariance update against EvoTorch's own, solved hills, and exact continuation."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents.blame import WorldError
from lndp_agents.search import SEARCHERS, Evaluation, Search, SearchSetting, State, make_search
from lndp_agents.search.evotorch_library import Problem, SolutionBatch, StockCMAES, silence
from lndp_agents.search.evotorch_search import CMAES, EvoTorchCMAES
from lndp_agents.search.protocol import is_finite

MakeHill = Callable[[int], Any]
SIZE = 7
KINDS = [*((name, True) for name in SEARCHERS), ("CMAES", False)]


class StockHill(Problem):
    """The hill as EvoTorch climbs it by itself."""

    def __init__(self, size: int) -> None:
        super().__init__("max", solution_length=size, initial_bounds=(-1.0, 1.0), dtype=torch.float32, seed=0)
        self.peak = torch.arange(1.0, size + 1)

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        batch.set_evals(-(batch.values - self.peak).square().sum(1))


def search_of(name: str, size: int = SIZE, *, separable: bool = True, **options: Any) -> Search:
    return make_search(name, SearchSetting(size, 12, 1.0, separable), options)


def begin(search: Search, size: int = SIZE) -> State:
    return search.init(torch.zeros(size))


def stock_climb(kind: type[StockCMAES], options: dict[str, Any], generations: int) -> StockCMAES:
    """EvoTorch's own loop, with the random numbers of `Hill.climb`."""
    hill = StockHill(SIZE)
    with silence():
        known = {
            "popsize": 12,
            "stdev_init": 1.0,
            "center_init": [0.0] * SIZE,
            "limit_C_decomposition": False,
        }
        searcher = kind(hill, **known, **options)
    for generation in range(generations):
        hill.manual_seed(1000 + generation)
        searcher.step()
    return searcher


@pytest.mark.parametrize("active", [True, False])
def test_the_covariance_update_is_the_stock_one_in_less_memory(active: bool) -> None:
    ours, stock = (stock_climb(kind, {"active": active}, 25) for kind in (CMAES, StockCMAES))
    for name in ("m", "sigma", "C", "A", "p_c", "p_sigma"):
        torch.testing.assert_close(getattr(ours, name), getattr(stock, name), rtol=1e-3, atol=1e-4)
    assert (stock.C - torch.diag(stock.C.diagonal())).abs().max() > 0.01  # it did learn correlations


@pytest.mark.parametrize("separable", [True, False])
def test_ask_and_tell_are_the_steps_of_evotorch_to_the_last_bit(make_hill: MakeHill, separable: bool) -> None:
    stock = stock_climb(CMAES, {"separable": separable}, 40)
    search = search_of("CMAES", separable=separable)
    state = make_hill(SIZE).climb(search, begin(search), 40)
    for name in ("m", "sigma", "C", "p_c", "p_sigma"):
        assert torch.equal(state[name], getattr(stock, name).as_subclass(Tensor))


@pytest.mark.parametrize("size", [2, SIZE, 300])
def test_the_engine_without_evotorch_is_evotorchs_to_the_last_bit(make_hill: MakeHill, size: int) -> None:
    hill = make_hill(size)
    states = [hill.climb(search, begin(search, size), 40) for search in map_searches(size)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def map_searches(size: int) -> list[Search]:
    return [search_of(name, size) for name in ("CMAES", "SepCMAES")]


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("h_sig", [0.0, 1.0])
def test_one_covariance_update_equals_the_stock_one(active: bool, h_sig: float) -> None:
    draw = torch.Generator().manual_seed(3)
    factor = torch.randn(SIZE, SIZE, generator=draw).tril() + 3 * torch.eye(SIZE)
    zs = torch.randn(12, SIZE, generator=draw)
    path = torch.randn(SIZE, generator=draw)
    results: list[Tensor] = []
    for kind in (CMAES, StockCMAES):
        with silence():
            searcher = kind(StockHill(SIZE), popsize=12, stdev_init=1.0, active=active)
        searcher.C, searcher.p_c = factor @ factor.T, path
        searcher.update_C(zs, zs @ factor.T, searcher.weights, torch.tensor(h_sig))
        results.append(searcher.C)
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


def test_the_covariance_is_decomposed_in_every_generation(make_hill: MakeHill) -> None:
    search = search_of("CMAES", separable=False)
    state = make_hill(SIZE).climb(search, begin(search), 3)
    first, _ = search.ask(state, 5)
    other = search_of("CMAES", separable=False)
    again, _ = other.ask(state, 5)  # it has not seen how the covariance came to be
    assert torch.equal(first, again)
    noise = torch.randn(12, SIZE, generator=torch.Generator().manual_seed(5))
    expected = state["m"] + state["sigma"] * noise @ torch.linalg.cholesky(state["C"]).T
    torch.testing.assert_close(first, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "separable"), [("CMAES", True), ("CMAES", False), ("SepCMAES", True)])
def test_cma_es_finds_the_peak(make_hill: MakeHill, name: str, separable: bool) -> None:
    hill, search = make_hill(4), search_of(name, 4, separable=separable)
    state = hill.climb(search, begin(search, 4), 150)
    torch.testing.assert_close(search.mean(state), hill.peak, rtol=0, atol=1e-3)
    assert search.spread(state) < 0.01


@pytest.mark.parametrize("name", SEARCHERS)
def test_every_searcher_climbs_without_options(make_hill: MakeHill, name: str) -> None:
    hill = make_hill(4)
    search = search_of(name, 4, **({"initial_mean": "zero"} if name == "OpenAIES" else {}))
    state = begin(search, 4)
    assert torch.equal(search.mean(state), torch.zeros(4))
    assert search.spread(state) == pytest.approx(1.0)
    mean = search.mean(hill.climb(search, state, 60))
    assert (mean - hill.peak).norm() < 0.5 * hill.peak.norm()


@pytest.mark.parametrize(("name", "separable"), KINDS)
@pytest.mark.parametrize("done", [0, 1, 4])
def test_a_search_goes_on_from_its_state_to_the_last_bit(
    make_hill: MakeHill, name: str, separable: bool, done: int
) -> None:
    hill = make_hill(SIZE)
    first, second = (search_of(name, separable=separable) for _ in range(2))
    state = hill.climb(first, begin(first), done)
    shapes = {key: (value.shape, value.dtype) for key, value in state.items()}
    assert {key: (value.shape, value.dtype) for key, value in begin(second).items()} == shapes
    whole = hill.climb(first, state, 3)
    resumed = hill.climb(second, {key: value.clone() for key, value in state.items()}, 3)
    assert first.spread(whole) == second.spread(resumed)
    assert all(torch.equal(resumed[key], value) for key, value in whole.items())


@pytest.mark.parametrize(("name", "separable"), KINDS)
def test_no_function_changes_its_arguments(make_hill: MakeHill, name: str, separable: bool) -> None:
    search = search_of(name, separable=separable)
    state = make_hill(SIZE).climb(search, begin(search), 2)
    before = {key: value.clone() for key, value in state.items()}
    genomes, asked = search.ask(state, 1)
    kept = genomes.clone()
    search.tell(asked, genomes, Evaluation.of_fitness(genomes.sum(1)))
    again, _ = search.ask(state, 1)
    assert torch.equal(genomes, kept)
    assert torch.equal(again, kept)
    assert all(torch.equal(state[key], value) for key, value in before.items())


@pytest.mark.parametrize("separable", [True, False])
def test_a_covariance_without_a_factor_is_not_sound(make_hill: MakeHill, separable: bool) -> None:
    search = search_of("CMAES", separable=separable)
    assert isinstance(search, EvoTorchCMAES)
    state = make_hill(SIZE).climb(search, begin(search), 2)
    assert is_finite(state)
    genomes, asked = search.ask(state, 1)
    told = search.tell({**asked, "C": -asked["C"]}, genomes, Evaluation.of_fitness(genomes.sum(1)))
    assert not is_finite(told)


def test_a_distribution_of_nan_is_not_sound() -> None:
    state = begin(search_of("SNES"))
    assert is_finite(state)
    assert not is_finite({**state, "distribution.sigma": torch.full((SIZE,), torch.inf)})


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
def test_what_does_not_fit_is_refused_at_once(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        search_of(name, **options)


FORGED = """
import torch
from lndp_agents.search.sep_cma_es import SepCMAES

class Narrow(SepCMAES):
    def ask(self, state, key):
        genomes, state = super().ask(state, key)
        return genomes[:, :2], state

class Large(SepCMAES):
    def __init__(self, setting):
        super().__init__(setting)
        if setting.size > 3:
            raise RuntimeError("too large")

class Lacking(SepCMAES):
    def __init__(self, setting):
        import not_to_be_had
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Narrow",
            r"searcher 'forged:Narrow'.* ask gives torch.float32 \(12, 2\), not torch.float32 \(12, 3\)",
        ),
        ("Large", r"searcher 'forged:Large'.*too large.*forged.py"),
        ("Lacking", r"searcher 'forged:Lacking'.*not_to_be_had.*forged.py"),
    ],
)
def test_a_searcher_of_others_is_refused_by_its_name(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "forged.py").write_text(FORGED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "forged", raising=False)
    with pytest.raises(WorldError, match=message):
        search_of(f"forged:{name}")


@pytest.mark.parametrize(
    ("name", "population", "separable", "message"),
    [
        ("CMAES", 64, False, r"of 100000 numbers: .* 40 GB; adapt the diagonal only"),
        ("XNES", 64, True, r"of 100000 numbers: .* 40 GB; adapt the diagonal only"),
        ("CMAES", 50_000, True, r"population 50000 of genomes of 100000 numbers: .* 20 GB; give fewer"),
    ],
)
def test_tables_that_no_memory_holds_are_refused_before_they_are_made(
    name: str, population: int, separable: bool, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_search(name, SearchSetting(100_000, population, 0.5, separable))


@pytest.mark.parametrize(("name", "separable"), KINDS)
@pytest.mark.parametrize("population", [4, 160, 256, 1024])
def test_large_populations_are_taken_whatever_the_trial_on_few_numbers_gives(
    name: str, separable: bool, population: int
) -> None:
    search = make_search(name, SearchSetting(40, population, 0.5, separable))
    genomes, _ = search.ask(search.init(torch.zeros(40)), 1)
    assert genomes.shape == (population, 40)


@pytest.mark.parametrize("name", [name for name in SEARCHERS if name not in ("OpenAIES", "SepCMAES")])
def test_evotorch_samples_once_a_generation(
    make_hill: MakeHill, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = search_of(name)
    state = make_hill(SIZE).climb(search, begin(search), 2)
    genomes, asked = search.ask(state, 1)
    with monkeypatch.context() as patch:
        for sampler in ("make_gaussian", "manual_seed"):
            patch.setattr(Problem, sampler, None, raising=False)
        told = search.tell(asked, genomes, Evaluation.of_fitness(genomes.sum(1)))
    assert torch.equal(told["generation"], state["generation"] + 1)


def test_options_reach_the_searcher(make_hill: MakeHill) -> None:
    frozen = search_of("SNES", center_learning_rate=0.0)
    state = make_hill(SIZE).climb(frozen, begin(frozen), 4)
    assert torch.equal(frozen.mean(state), torch.zeros(SIZE))
