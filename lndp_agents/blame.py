"""Errors of code that others wrote: one line that names the place in their code.

Where such code is called at one place, that place says what failed (`blaming`). Mechanisms, policies,
interventions and dynamics are called everywhere; their errors are known by the files that `remember` was told
of (`blaming_plugins`).
"""

import os
import sysconfig
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium
import lndp_envs

DEBUG = "LNDP_DEBUG"
"""The variable that asks for the traceback of an error."""
MAX_MESSAGE = 300
_PLUGINS: dict[str, dict[str, str]] = {}
"""By file of a plug-in: what is in it, by the name of the class or function."""
_OURS = tuple(
    f"{Path(place).parent}{os.sep}" for place in (__file__, lndp_envs.__file__, gymnasium.__file__) if place
)
_INSTALLED = ("site-packages", "dist-packages")
_OF_PYTHON = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "<")


class WorldError(ValueError):
    """Code of others raised something; the message has its type, what it says, file and line."""


@contextmanager
def blaming(what: str) -> Generator[None]:
    """Whatever goes wrong within is a failure of code that others wrote.

    Args:
        what: failed, with its name: "environment 'my_module:MyEnv'".

    Raises:
        WorldError: something went wrong.
    """
    try:
        yield
    except WorldError:
        raise
    except (Exception, SystemExit) as error:
        raise failure(what, error) from error


def remember(file: str | None, attribute: str, what: str) -> None:
    """Know from now on that errors in this file are those of a plug-in.

    Args:
        file: of its module.
        attribute: the class or function that is the plug-in.
        what: fails, with its name: "mechanism 'my_module:Mine'".
    """
    if file and not file.startswith(_OURS):
        _PLUGINS.setdefault(file, {})[attribute] = what


@contextmanager
def blaming_plugins() -> Generator[None]:
    """Whatever goes wrong within, in a file of a plug-in, is its failure.

    What this package itself refuses with a `ValueError`, such as an option of a plug-in, is told as it is.

    Raises:
        WorldError: something went wrong in a plug-in.
    """
    try:
        yield
    except WorldError:
        raise
    except Exception as error:
        raised_in = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
        is_refusal = isinstance(error, ValueError) and raised_in.startswith(_OURS)
        what = plugin_of(error)
        if is_refusal or not what:
            raise
        raise failure(what, error) from error


def failure(what: str, error: BaseException) -> WorldError:
    """What to raise where code of others has raised this error, or Gymnasium says what it lacks."""
    if isinstance(error, gymnasium.error.Error):
        return WorldError(f"{what}: {error}")
    told, place = next(((each, place) for each in _causes(error) if (place := _place(each))), (error, ""))
    text = " ".join(str(told).split())[:MAX_MESSAGE]
    return WorldError(
        f"{what} raised {type(told).__name__}: {text}{place}; "
        f"for the traceback put {DEBUG}=1 before the command"
    )


def show_traceback() -> None:
    """Print the traceback of the error that is being handled, if a person asks for it."""
    if os.environ.get(DEBUG):
        traceback.print_exc()


class Blamed(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment whose errors name it, and whose rewards and ends are a float and bools.

    Args:
        env: of anybody.
        name: by which the person knows it.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], name: str) -> None:
        super().__init__(env)
        self._what = f"environment {name!r}"

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; the arguments and results are those of the environment.

        Raises:
            WorldError: the environment raised something.
        """
        with blaming(self._what):
            observation, info = self.env.reset(seed=seed, options=options)
            return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take one step.

        Raises:
            WorldError: the environment raised something, or did not return what a step returns.
        """
        try:  # a context manager would take longer than many an environment
            observation, reward, terminated, truncated, info = self.env.step(action)
            return observation, float(reward), bool(terminated), bool(truncated), info
        except Exception as error:
            raise failure(self._what, error) from error

    def render(self) -> Any:
        """Draw the environment.

        Raises:
            WorldError: the environment raised something.
        """
        with blaming(self._what):
            return self.env.render()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was raised from, as Gymnasium does with a TypeError of a constructor."""
    while error is not None:
        yield error
        error = error.__cause__


def plugin_of(error: BaseException) -> str:
    """The plug-in whose file raised it, or called what raised it; empty if there is none."""
    for frame in reversed([frame for frame, _ in traceback.walk_tb(error.__traceback__)]):
        if known := _PLUGINS.get(frame.f_code.co_filename):
            return known.get(frame.f_code.co_qualname.partition(".")[0], next(iter(known.values())))
    return ""


def _place(error: BaseException) -> str:
    """Where in the code of the environment it was raised: not in ours, rather not in what is installed."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" in {error.filename}, line {error.lineno}"
    frames = [
        frame
        for frame in reversed(traceback.extract_tb(error.__traceback__))
        if _is_installed(frame) or not frame.filename.startswith(_OF_PYTHON)
        if not frame.filename.startswith(_OURS)
    ]
    own = [frame for frame in frames if frame.filename in _PLUGINS or not _is_installed(frame)]
    for frame in own or frames:
        return f" in {frame.filename}, line {frame.lineno} ({frame.name})"
    return ""


def _is_installed(frame: traceback.FrameSummary) -> bool:
    return any(part in _INSTALLED for part in Path(frame.filename).parts)
