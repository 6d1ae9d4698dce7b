"""Notes: what was decided for a person who did not say it, and what he should know about his environment."""

import warnings


class Note(UserWarning):
    """A warning that the command line shows as one line; in Python it is filtered as warnings are."""


def note(text: str) -> None:
    """Say something once in a process."""
    warnings.warn(text, Note, stacklevel=2)
