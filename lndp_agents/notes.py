"""Notes: what was decided for a person who did not say it, and what he should know about his environment."""

import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


class Note(UserWarning):
    """A warning that the command line shows as one line; in Python it is filtered as warnings are."""


def note(text: str) -> None:
    """Say something once in a process."""
    warnings.warn(text, Note, stacklevel=2)


@contextmanager
def notes_as_lines() -> Generator[None]:
    """Have notes printed as lines of the command line."""
    with warnings.catch_warnings():
        others, said = warnings.showwarning, set[str]()

        def show(message: Warning | str, category: type[Warning], *place: Any, **line: Any) -> None:
            if not issubclass(category, Note):
                others(message, category, *place, **line)
            elif str(message) not in said:  # Python forgets it where a library changes the filters
                said.add(str(message))
                print(f"lndp: note: {message}", file=sys.stderr, flush=True)

        warnings.showwarning = show
        yield
