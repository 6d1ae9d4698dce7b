"""Notes: what was decided for a person who did not say it, and what he should know about his environment."""

import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

_END_OF_COLOUR = "\x1b[0m"


class Note(UserWarning):
    """A warning that the command line shows as one line; in Python it is filtered as warnings are."""


def note(text: str) -> None:
    """Say something once in a process."""
    warnings.warn(text, Note, stacklevel=2)


@contextmanager
def notes_as_lines() -> Generator[None]:
    """Have notes printed as lines of the command line, and what Gymnasium warns of."""
    with warnings.catch_warnings():
        others, said = warnings.showwarning, set[str]()

        def show(message: Warning | str, category: type[Warning], *place: Any, **line: Any) -> None:
            _, warns, of_gymnasium = str(message).partition("WARN: ")
            if not issubclass(category, Note) and not warns:
                others(message, category, *place, **line)
                return
            text = of_gymnasium.removesuffix(_END_OF_COLOUR) if warns else str(message)
            if text not in said:  # Python forgets it where a library changes the filters
                said.add(text)
                print(f"lndp: note: {text}", file=sys.stderr, flush=True)

        warnings.showwarning = show
        yield
