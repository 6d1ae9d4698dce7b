"""Interventions by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lndp_agents.blame import blaming
from lndp_agents.interventions.cut_reward import CutReward
from lndp_agents.interventions.freeze import Freeze
from lndp_agents.interventions.saturate import Saturate
from lndp_agents.interventions.silence import Silence
from lndp_agents.interventions.zero import Zero
from lndp_agents.plugins import find
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.validation import shorten

_OF_VALUE: Mapping[str, Callable[[int, Any], Intervention]] = MappingProxyType(
    {
        "zero": lambda at, value: Zero(at=at, share=value),
        "freeze": lambda at, value: Freeze(at=at),
        "saturate": lambda at, value: Saturate(at=at, steps=value),
        "cut_reward": lambda at, value: CutReward(at=at),
        "nodes": lambda at, value: Silence(at=at, nodes=value),
    }
)
KINDS = tuple(_OF_VALUE)
"""The kinds of this package."""
_SWITCHES = ("freeze", "cut_reward")


def Lesion(*, at: int = 0, **kinds: Any) -> Intervention:  # noqa: N802 (the name that users have)
    """Make an intervention of exactly one kind, by the name of its kind: `Lesion(at=50, zero=0.33)`.

    Args:
        at: the step of the lifetime before which it happens, from 0.
        **kinds: one of `zero` (share of the weights), `freeze` (True), `saturate` (steps), `cut_reward`
            (True) and `nodes` (how many); those that are None or False are left out.

    Raises:
        ValueError: there is no kind or more than one, or a value is out of range.
        TypeError: there is no kind of that name.

    Example:
        >>> from lndp_agents import Lesion
        >>> Lesion(at=50, zero=0.33).at
        50
        >>> Lesion(at=50, freeze=True).kind
        'freeze'
    """
    if unknown := set(kinds) - set(KINDS):
        raise TypeError(f"unknown kind {sorted(unknown)[0]!r}: give one of {', '.join(KINDS)}")
    for name in _SWITCHES:
        if type(kinds.get(name, False)) is not bool:
            raise ValueError(f"{name}={shorten(kinds[name])}: give true or false")
    given = {name: kinds[name] for name in KINDS if kinds.get(name) is not None and kinds[name] is not False}
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise ValueError(f"a lesion is of one kind, not {found}: give one of {', '.join(KINDS)}")
    ((name, value),) = given.items()
    return _OF_VALUE[name](at, value)


def find_intervention(name: str, at: int) -> Intervention:
    """Make the intervention of a name: MODULE:NAME, or one that an installed package announces.

    Args:
        name: of a subclass of `Intervention`, or of a function that makes one, which takes `at` as a keyword.
        at: the step.

    Raises:
        ValueError: there is none of that name, it is no intervention, or one with an option of its own.
        WorldError: its module raised something.
    """
    if name.replace("-", "_") in KINDS:
        raise ValueError(f"lesion={name}: that is an option of its own, --{name} (see `lndp lesion --help`)")
    make = find("intervention", name, {})
    with blaming(f"intervention {name!r}"):
        made = make(at=at)
    if not isinstance(made, Intervention):
        raise ValueError(f"lesion={shorten(name)}: it makes a {type(made).__name__}, give an Intervention")
    return made
