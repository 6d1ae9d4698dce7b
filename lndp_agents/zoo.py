"""The zoo: pretrained agents that come with the package, and the recipes that they were evolved with."""

from difflib import get_close_matches
from os import PathLike
from pathlib import Path

import torch

from lndp_agents.agent import LNDPAgent
from lndp_agents.persistence import CONFIG_FILE

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / "_zoo", _HERE.parent / "zoo")
"""Where entries lie: in an installed wheel, and in a checkout."""


def zoo_names() -> list[str]:
    """Names of the pretrained agents, sorted."""
    return sorted(path.parent.name for path in _zoo().glob(f"*/{CONFIG_FILE}"))


def zoo_folder(name: str) -> Path:
    """The folder of a pretrained agent: its files, its card README.md and its results.json.

    Raises:
        ValueError: no agent has this name; the message lists those that exist.
    """
    names = zoo_names()
    if name not in names:
        raise ValueError(
            f"no pretrained agent and no folder {name!r}: known agents are {_listed(name, names)}"
        )
    return _zoo() / name


def recipe_file(name_or_file: str) -> Path:
    """A recipe, which `lndp train --recipe` repeats.

    Args:
        name_or_file: the name of a recipe, which is that of the agent evolved with it, or a file. A name wins
            over a file: write `./NAME` for a file of the same name.

    Raises:
        ValueError: there is neither; the message lists the names that exist.
    """
    recipes = {path.stem: path for path in sorted(_zoo().glob("recipes/*.json"))}
    path = recipes.get(name_or_file, Path(name_or_file))
    if not path.is_file():
        known = _listed(name_or_file, list(recipes))
        raise ValueError(f"no recipe and no file {name_or_file!r}: known recipes are {known}")
    return path


def load_pretrained(name_or_folder: str | PathLike[str], device: torch.device | str = "cpu") -> LNDPAgent:
    """A pretrained agent.

    Args:
        name_or_folder: one of `zoo_names`, or a folder that `LNDPAgent.save_pretrained` wrote. A name wins
            over a folder: write `./NAME` for a folder of the same name.
        device: where its brain is computed.

    Raises:
        ValueError: there is no such agent, or its files are damaged (`FileFormatError`).
    """
    if isinstance(name_or_folder, str) and (
        name_or_folder in zoo_names() or not Path(name_or_folder).is_dir()
    ):
        name_or_folder = zoo_folder(name_or_folder)
    return LNDPAgent.from_pretrained(name_or_folder, device)


def _listed(name: str, names: list[str]) -> str:
    """All names, and a guess which one was meant."""
    near = get_close_matches(name, names, n=1)
    return ", ".join(names) + (f"; did you mean {near[0]!r}?" if near else "")


def _zoo() -> Path:
    return next((place for place in _PLACES if place.is_dir()), _PLACES[0])
