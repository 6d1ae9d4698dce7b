"""The zoo: pretrained agents that come with the package, and the recipes that they were evolved with."""

from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from lndp_agents.agent import Agent
from lndp_agents.hub import PREFIX, fetch_agent, is_hub_name
from lndp_agents.persistence import CONFIG_FILE

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / "_zoo", _HERE.parent / "zoo")
"""Where entries lie: in an installed wheel, and in a checkout."""


def zoo_names() -> list[str]:
    """Names of the pretrained agents, sorted.

    Example:
        >>> from lndp_agents import zoo_names
        >>> "foraging" in zoo_names()
        True
    """
    return sorted(path.parent.name for path in _zoo().glob(f"*/{CONFIG_FILE}"))


def zoo_folder(name: str) -> Path:
    """The folder of a pretrained agent: its files, its card README.md and its results.json.

    Raises:
        ValueError: no agent has this name; the message lists those that exist.
    """
    if name not in zoo_names():
        raise ValueError(_unknown(name))
    return _zoo() / name


def recipe_file(name_or_file: str) -> Path:
    """A recipe, which `lndp train --recipe` repeats.

    Args:
        name_or_file: the name of a recipe, which is that of the agent evolved with it, or a file. A name wins
            over a file: write `./NAME` for a file of the same name.

    Raises:
        ValueError: there is neither; the message lists the names that exist.
    """
    recipes = {path.stem: path for path in _zoo().glob("recipes/*.json")}
    path = recipes.get(name_or_file, Path(name_or_file))
    if not path.is_file():
        known = ", ".join(sorted(recipes)) + _guess(name_or_file, sorted(recipes))
        raise ValueError(f"no recipe and no file {name_or_file!r}: known recipes are {known}")
    return path


def load_pretrained(
    name_or_folder: str | PathLike[str],
    device: torch.device | str = "cpu",
    *,
    revision: str | None = None,
    backend: str = "auto",
    trust: bool = False,
) -> Agent[Any]:
    """A pretrained agent: an `LNDPAgent`, or an `Agent` of another policy.

    Args:
        name_or_folder: one of `zoo_names`, a folder that `save_pretrained` wrote, that of a run (its
            best agent), or "hf:USER/REPO" of
            the Hugging Face hub; or "NAME/start", what the evolution of a zoo agent started around where that
            was another agent. A name wins over a folder: write `./NAME` for a folder of the same name.
        device: where its brain is computed.
        revision: branch, tag or commit of an agent of the hub; its main branch if none.
        backend: as for `Agent`.
        trust: as for `Agent.from_pretrained`.

    Raises:
        ValueError: there is no such agent, it cannot be fetched, or is damaged (`FileFormatError`).
        ImportError: the hub needs huggingface_hub, the extra `hub`.

    Example:
        >>> from lndp_agents import load_pretrained
        >>> agent = load_pretrained("foraging")
        >>> agent.save_pretrained("my_agent")
        >>> (load_pretrained("my_agent").genome == agent.genome).all().item()
        True
    """
    return Agent[Any].from_pretrained(_folder_of(name_or_folder, revision), device, backend, trust=trust)


def _folder_of(name: str | PathLike[str], revision: str | None) -> str | PathLike[str]:
    """Where the files lie, fetched if need be; nothing but `PREFIX` asks the hub."""
    if isinstance(name, str) and name.startswith(PREFIX):
        return fetch_agent(name, revision)
    if revision is not None:
        raise ValueError(
            f"revision {revision!r} of {str(name)!r}: only an agent of the hub, {PREFIX}USER/REPO, has one"
        )
    if not isinstance(name, str) or (name not in zoo_names() and Path(name).is_dir()):
        return Path(name) / "best" if (Path(name) / "checkpoints").is_dir() else name
    return _starts().get(name) or zoo_folder(name)


def _starts() -> dict[str, Path]:
    """By "NAME/start", the folders of the agents that the evolution of zoo agents started around."""
    return {f"{path.parts[-3]}/start": path.parent for path in _zoo().glob(f"*/start/{CONFIG_FILE}")}


def _unknown(name: str) -> str:
    """That there is no such agent, with a guess which one was meant."""
    path = Path(name)
    siblings = [sibling.name for sibling in path.parent.glob("*/")]
    if name == path.name:
        names = zoo_names()
        guess = _guess(name, [*names, *siblings])
        return f"no pretrained agent and no folder {name!r}: known agents are {', '.join(names)}{guess}"
    if is_hub_name(name) and not path.parent.exists():
        return f"no folder {name!r}: for an agent of the hub write {PREFIX}{name}"
    return f"no folder {name!r}: give that of a run or an agent{_guess(path.name, siblings, path.parent)}"


def _guess(name: str, names: list[str], folder: Path | None = None) -> str:
    """Which of the names in a folder was meant, if one is near."""
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {str(folder / near[0] if folder else near[0])!r}?" if near else ""


def _zoo() -> Path:
    return next((place for place in _PLACES if place.is_dir()), _PLACES[0])
