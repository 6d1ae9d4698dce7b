"""Whose fields are options of `lndp train`: the policy that its command line names, or its recipe."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lndp_agents.config import PolicyConfig


def policy_named_in(words: Sequence[str]) -> "type[PolicyConfig]":
    """The configuration of the policy that a command line is about.

    What a recipe names is looked up among the policies of this package only: nothing is imported for it.

    Raises:
        ValueError: there is no policy of the name that --policy gives.
        WorldError: its module raised something.
    """
    from lndp_agents.policies import POLICIES, find_policy  # here, because torch is slow to import

    name = _last(words, "--policy")
    if name is not None:
        return find_policy(name)
    return POLICIES.get(_policy_of_recipe(_last(words, "--recipe")), POLICIES["lndp"])


def _policy_of_recipe(recipe: str | None) -> str:
    from lndp_agents.persistence import MAX_CONFIG_BYTES, read_file
    from lndp_agents.validation import parse_json
    from lndp_agents.zoo import recipe_file

    with suppress(OSError, ValueError, AttributeError):  # the command says what is wrong with the file
        if recipe is not None:
            return str(parse_json(read_file(recipe_file(recipe), MAX_CONFIG_BYTES)).get("policy", ""))
    return ""


def _last(words: Sequence[str], flag: str) -> str | None:
    """The last value of an option."""
    values = [
        after if word == flag else word.removeprefix(f"{flag}=")
        for word, after in pairwise([*words, ""])
        if word == flag or word.startswith(f"{flag}=")
    ]
    return values[-1] if values else None
