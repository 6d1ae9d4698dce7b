"""Searchers by name: the built-in ones and MODULE:NAME; options that do not fit are refused at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lndp_agents.blame import blaming, failure
from lndp_agents.plugins import find
from lndp_agents.search.openai_es import OpenAIES
from lndp_agents.search.protocol import (
    GENERATION,
    Evaluation,
    Search,
    SearchSetting,
    State,
    is_finite,
)
from lndp_agents.search.sep_cma_es import SepCMAES
from lndp_agents.validation import shorten

MAX_GIGABYTES = 4
"""Largest size of a table of a search: all genomes of a generation, or a covariance."""
_REFUSED = {
    "popsize": "it is the recipe's population",
    "stdev_init": "it is the recipe's sigma",
    "radius_init": "give the recipe's sigma",
    "center_init": "give the recipe's start",
    "separable": "it is a field of the recipe",
    "seed": "it is a field of the recipe",
    "obj_index": "there is only the fitness",
    "num_interactions": "the population has a fixed size",
    "distributed": "a generation is one batch",
    "limit_C_decomposition": "the covariance is decomposed in every generation",
}


def _cmaes(setting: SearchSetting, **options: Any) -> Search:
    from lndp_agents.search.evotorch_search import EvoTorchCMAES  # EvoTorch is an extra

    return EvoTorchCMAES(setting, **options)


def _gaussian(name: str, setting: SearchSetting, **options: Any) -> Search:
    from lndp_agents.search.evotorch_search import EvoTorchGaussian

    return EvoTorchGaussian(name, setting, **options)


SEARCHERS: Mapping[str, Callable[..., Search]] = {
    "CMAES": _cmaes,
    **{name: partial(_gaussian, name) for name in ("SNES", "XNES", "PGPE", "CEM")},
    "OpenAIES": OpenAIES,
    "SepCMAES": SepCMAES,
}
"""Makers of searches from a setting and options; all but the last two need EvoTorch."""


def make_search(name: str, setting: SearchSetting, options: Mapping[str, Any] | None = None) -> Search:
    """Make the search of a name.

    Args:
        name: one of `SEARCHERS`, or MODULE:NAME of a class like `Search`.
        setting: the setting of the search.
        options: its keyword arguments.

    Raises:
        ValueError: the name is unknown, or an option does not fit; what is not built in may also violate the
            protocol, or raise something (`WorldError`).
        ImportError: EvoTorch is not installed, and the search needs it.
    """
    make = find("searcher", name, SEARCHERS)
    given = dict(options or {})
    is_built_in, what = name in SEARCHERS, f"searcher {name!r}"
    _check_memory(name, setting)
    if is_built_in:
        _check_options(given)
    small = replace(setting, size=3)
    try:
        _try_out(make(small, **given), small)
    except Exception as error:
        if not is_built_in:
            raise failure(what, error) from error
        if isinstance(error, ImportError):
            raise
        raise ValueError(
            f"searcher {name} with population {setting.population} and options "
            f"{shorten(given)}: {type(error).__name__}: {error}"
        ) from error
    if is_built_in:
        return make(setting, **given)
    with blaming(what):
        return _Blamed(make(setting, **given), what)


class _Blamed:
    """A search that others wrote, whose errors name their place in its code."""

    def __init__(self, search: Search, what: str) -> None:
        self._search, self._what = search, what

    def init(self, mean: Tensor) -> State:
        with blaming(self._what):
            return self._search.init(mean)

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        with blaming(self._what):
            return self._search.ask(state, key)

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        with blaming(self._what):
            return self._search.tell(state, genomes, evaluation)

    def mean(self, state: State) -> Tensor:
        with blaming(self._what):
            return self._search.mean(state)

    def spread(self, state: State) -> float:
        with blaming(self._what):
            return self._search.spread(state)


def _check_options(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name in _REFUSED:
            raise ValueError(f"searcher option {name}={shorten(value)}: leave it out, {_REFUSED[name]}")
        if name == "optimizer" and value not in ("clipup", None):
            raise ValueError(f"searcher option optimizer={shorten(value)}: give 'clipup', which can resume")


def _check_memory(name: str, setting: SearchSetting) -> None:
    is_full = name == "XNES" or (name == "CMAES" and not setting.separable)
    largest = max(setting.population * setting.size, setting.size**2 if is_full else 0)
    gigabytes = 4 * largest / 1e9
    if gigabytes > MAX_GIGABYTES:
        remedy = "adapt the diagonal only (separable), or give a smaller program" if is_full else "give fewer"
        raise ValueError(
            f"population {setting.population} of genomes of {setting.size} numbers: "
            f"the search would hold tables of {gigabytes:.0f} GB; {remedy}"
        )


def _try_out(search: Search, setting: SearchSetting) -> None:
    """Test on a small problem that a search takes its options and keeps to the protocol.

    Raises:
        Exception: it does not; of many kinds, as the checks of the searchers are.
    """
    wanted = torch.zeros(setting.population, setting.size)
    state = first = search.init(torch.zeros(setting.size))
    for generation in range(1, 3):
        genomes, asked = search.ask(state, generation)
        if (genomes.shape, genomes.dtype) != (wanted.shape, wanted.dtype):
            raise TypeError(
                f"ask gives {genomes.dtype} {tuple(genomes.shape)}, not {wanted.dtype} {tuple(wanted.shape)}"
            )
        state = search.tell(asked, genomes, Evaluation.of_fitness(-genomes.double().square().sum(1)))
        shapes = [
            {name: (value.shape, value.dtype) for name, value in each.items()} for each in (first, state)
        ]
        if shapes[0] != shapes[1]:
            raise TypeError(f"tell gives a state of {shorten(shapes[1])}, init one of {shorten(shapes[0])}")
        if GENERATION not in state or int(state[GENERATION]) != generation:
            raise TypeError(f"state[{GENERATION!r}] is to be {generation} after {generation} generations")
        # No more: with few numbers and a large population a sound search may diverge.
        if search.mean(state).shape != wanted[0].shape or not is_finite(first) or search.spread(state) < 0:
            raise TypeError("mean gives (D,) numbers, spread one of 0 or more, and init a finite state")
