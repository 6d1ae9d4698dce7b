"""Evolutionary searches as values: `init`, `ask`, `tell` over an explicit state; `make_search` finds them."""

from lndp_agents.search.protocol import GENERATION, Evaluation, Search, SearchSetting, State
from lndp_agents.search.registry import SEARCHERS, make_search

__all__ = ["GENERATION", "SEARCHERS", "Evaluation", "Search", "SearchSetting", "State", "make_search"]
