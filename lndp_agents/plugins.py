"""Names that lead to code: what is built in, MODULE:NAME, and what installed packages announce.

Wherever a name is taken (an environment, a searcher, an objective ...), MODULE:NAME is taken too. MODULE may
be the path of a file that ends in .py; it is looked for in the current folder before all others, as by
`python -m`.
An installed package announces what it has by entry points of one group, each named KIND.NAME:

    [project.entry-points."lndp_agents.plugins"]
    "searcher.my-es" = "my_package.search:MyES"

Then `--searcher my-es` finds it, and files that name a thing in `my_package.search` need no `--trust`.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from lndp_agents.blame import WorldError, blaming, remember
from lndp_agents.validation import is_object, is_sequence, shorten

GROUP = "lndp_agents.plugins"
KINDS = ("environment", "searcher", "objective", "policy")
"""Fields of files that name one thing that may lie in a module; `mechanisms` names several."""
_READ_WITH = ("policy", "mechanism")
"""Kinds of what says which parameters a genome has."""


def find(kind: str, name: object, built_in: Mapping[str, Any]) -> Any:
    """The object of a name: built in, announced by an installed package, or MODULE:NAME.

    Args:
        kind: of the object, such as "searcher".
        name: which.
        built_in: those of this package, by name.

    Raises:
        ValueError: there is none; the message has the names that there are, and a guess.
        WorldError: its module raised something.
    """
    if isinstance(name, str) and name in built_in:
        return built_in[name]
    installed = announced(kind)
    if isinstance(name, str) and name in installed:
        entry = installed[name]
        with blaming(f"{kind} {name!r}"):
            found = entry.load()
        remember(import_module(entry.module).__file__, entry.attr, f"{kind} {name!r}")
        return found
    if not isinstance(name, str) or ":" not in name:
        known = [*built_in, *installed]
        choice = f"one of {', '.join(known)}, or MODULE:NAME" if known else "MODULE:NAME"
        raise ValueError(f"{kind}={shorten(name)}: give {choice}{did_you_mean(name, known)}")
    place, _, attribute = name.rpartition(":")
    module = load_module(kind, name)
    if not hasattr(module, attribute):
        own = [
            key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
        ]
        raise ValueError(f"{kind} {name!r}: {place} has no {attribute!r}{did_you_mean(attribute, own)}")
    return getattr(module, attribute)


def load_module(kind: str, name: str) -> ModuleType:
    """The module of a name, from the current folder or the folder of its file, or installed.

    Args:
        kind: of what is looked for in it.
        name: MODULE:NAME, where MODULE may be the path of a file.

    Raises:
        ValueError: there is no such module or file.
        WorldError: the module raised something.
    """
    place, _, attribute = name.rpartition(":")
    path, what = Path(place), f"{kind} {name!r}"
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise ValueError(f"{what}: no file {place!r}; give the path of one")
    folder, place = (str(path.parent.absolute()), path.stem) if is_file else (str(Path.cwd()), place)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with blaming(what):
            module = import_module(place)
    except WorldError as error:
        missing = error.__cause__
        if isinstance(missing, ModuleNotFoundError) and f"{place}.".startswith(f"{missing.name}."):
            raise ValueError(
                f"{what}: module {place!r} is neither in {folder} nor installed; "
                "install it, or run where it lies"
            ) from error
        raise
    if is_file and (module.__file__ is None or not path.samefile(module.__file__)):
        raise ValueError(f"{what}: another module is called {place!r}; rename the file")
    remember(module.__file__, attribute, what)
    return module


def announced_place(kind: str, name: str) -> str:
    """MODULE:NAME of what an installed package announces under a name; else the name itself."""
    entry = announced(kind).get(name)
    return name if entry is None else entry.value


def foreign_module(name: str) -> str:
    """The module that a name imports though no installed package announces it; empty if there is none."""
    place = name.rpartition(":")[0]
    return "" if place in {entry.module for entry in entry_points(group=GROUP)} else place


def named_in(data: object) -> Iterator[tuple[str, str]]:
    """Kind and name of all that may lie in a module, anywhere in the JSON of a file."""
    if is_object(data):
        yield from ((kind, data[kind]) for kind in KINDS if isinstance(data.get(kind), str))
        names = data.get("mechanisms")
        if is_sequence(names):
            yield from (("mechanism", name) for name in names if isinstance(name, str))
    if is_object(data) or is_sequence(data):
        for value in data.values() if is_object(data) else data:
            yield from named_in(value)


def require_trusted(data: object, source: object, *, trust: bool) -> None:
    """See that what a file cannot be read without may be imported, and import it if a person has said so.

    It may be imported if it is built in, announced by an installed package, or imported already.

    Args:
        data: the JSON of the file.
        source: which file, for the message.
        trust: whether a person has said that any code may be imported for it.

    Raises:
        ValueError: it may not; the message says how a person says so.
        WorldError: its module raised something.
    """
    for kind, name in named_in(data):
        place = foreign_module(name)
        if kind not in _READ_WITH or not place or _is_imported(place):
            continue
        if not trust:
            raise ValueError(
                f"{source} names the {kind} {name}, for which the module {place} is imported and so run; if "
                "you trust it, add --trust (in Python trust=True, or import the module yourself)"
            )
        load_module(kind, name)


def _is_imported(place: str) -> bool:
    """Whether a module, by its name or its file, is imported already."""
    path = Path(place)
    if path.suffix != ".py":
        return place in sys.modules
    file = getattr(sys.modules.get(path.stem), "__file__", None)
    return bool(file) and path.is_file() and path.samefile(file)


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """Which of the names was meant, if one is near, for the end of a message."""
    near = get_close_matches(name, names, n=1) if isinstance(name, str) else []
    return f"; did you mean {near[0]!r}?" if near else ""


def announced(kind: str) -> dict[str, EntryPoint]:
    """What installed packages announce of a kind, by name."""
    entries = {entry.name: entry for entry in entry_points(group=GROUP)}
    return {
        name.removeprefix(f"{kind}."): entry for name, entry in entries.items() if name.startswith(f"{kind}.")
    }
