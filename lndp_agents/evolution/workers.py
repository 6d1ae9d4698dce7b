"""Who lives the lives of a run: this process or Ray's actors, and on which device."""

import os
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from warnings import catch_warnings, simplefilter

from lndp_agents.devices import find_device
from lndp_agents.validation import is_integer, shorten

MAX_ACTORS = 4096
ANSWER_SECONDS = 600
"""How long actors may take to start, to load torch and to build a kernel."""
_CONNECTION_SECONDS = 10


@dataclass(frozen=True)
class Workers:
    """Where lives are lived. It is no part of the recipe: a run can go on with others.

    Raises:
        ValueError: a value is out of range, or the device is not there.
    """

    actors: int = 1
    """Processes that share the genomes of a generation; 1 is this process alone."""
    ray_address: str | None = None
    """Of a Ray cluster, ray://HOST:PORT; if None, one is started on this machine and ended with the run."""
    device: str = "cpu"
    """Of the lives; the search stays on the CPU."""

    def __post_init__(self) -> None:
        if not is_integer(self.actors, 1, MAX_ACTORS):
            raise ValueError(f"actors={shorten(self.actors)}: give an integer from 1 to {MAX_ACTORS}")
        if self.ray_address is not None:
            _check_address(self.ray_address, self.actors)
        if self.actors == 1:
            find_device(self.device)  # that of an actor is looked for where the actor is


@contextmanager
def ray_session(address: str | None) -> Generator[dict[str, float]]:
    """Be connected to Ray, silently; if it was not running before, it is shut down at the end.

    Args:
        address: as in `Workers`.

    Yields:
        The resources of the cluster, such as "CPU" and "GPU".

    Raises:
        ConnectionError: Ray cannot be started, or not be reached.
    """
    ray = _ray()
    is_ours = not ray.is_initialized()
    try:
        if is_ours:
            _connect(ray, address)
        yield ray.cluster_resources()
    finally:
        if is_ours:
            ray.shutdown()


def ask(actors: Sequence[Any], method: str, *arguments: Any) -> list[Any]:
    """What a method of the problem gives in each of these actors.

    Raises:
        ConnectionError: they do not answer in time, or one has died.
        Exception: what the method raised in an actor.
    """
    with actor_errors():
        answers = [actor.call.remote(method, list(arguments), {}) for actor in actors]
        return _ray().get(answers, timeout=ANSWER_SECONDS)


@contextmanager
def actor_errors() -> Generator[None]:
    """Raise what was raised in an actor as it was there, and say in one line when one is lost."""
    exceptions = _ray().exceptions
    try:
        yield
    except exceptions.RayTaskError as error:
        raise error.cause from error
    except exceptions.GetTimeoutError as error:
        raise ConnectionError(
            f"the actors did not answer in {ANSWER_SECONDS} seconds: give fewer, or a Ray that is not busy"
        ) from error
    except exceptions.RayError as error:
        raise ConnectionError(
            f"an actor was lost ({type(error).__name__}): whole generations are kept, resume the run"
        ) from error


def _ray() -> Any:
    """Ray, which has no complete types; EvoTorch brings it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    import ray

    return ray


def _connect(ray: Any, address: str | None) -> None:
    local = {"include_dashboard": False} if address is None else {}
    try:
        with catch_warnings():
            simplefilter("ignore")
            ray.init(address=address or "local", logging_level="ERROR", log_to_driver=False, **local)
    except Exception as error:  # of many kinds
        place, remedy = "on this machine", "use one process"
        if address is not None:
            place, remedy = f"at {address}", "if it asks for a token, set RAY_AUTH_MODE=token"
        reason = " ".join(str(error).split())[:300]
        raise ConnectionError(
            f"Ray {place} cannot be used ({type(error).__name__}: {reason}): {remedy}"
        ) from error


def _check_address(address: str, actors: int) -> None:
    if actors == 1:
        raise ValueError(f"ray_address={shorten(address)} with one actor: give two or more (--actors)")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not address.startswith("ray://") or host is None or port is None:
        raise ValueError(
            f"ray_address={shorten(address)}: give ray://HOST:PORT, such as ray://127.0.0.1:10001"
        )
    try:
        socket.create_connection((host, port), timeout=_CONNECTION_SECONDS).close()
    except OSError as error:
        raise ConnectionError(
            f"nobody answers at {address} ({error.strerror or error}): start Ray there, or name another"
        ) from error
