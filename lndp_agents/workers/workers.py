"""Number and device of the processes that do the rollouts of a run."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from lndp_agents.devices import find_device
from lndp_agents.validation import is_integer, shorten

MAX_ACTORS = 4096
_CONNECTION_SECONDS = 10


@dataclass(frozen=True)
class Workers:
    """Processes and device of the rollouts. A run can go on with others: they are no part of its config.

    Raises:
        ValueError: a value is out of range, or the device is not there.
    """

    actors: int = 1
    """Number of processes that share the genomes of a generation; 1 is this process alone."""
    ray_address: str | None = None
    """Address of a Ray cluster, ray://HOST:PORT; if None, one is started here and ended with the run."""
    device: str = "cpu"
    """Device of the rollouts; the search stays on the CPU."""

    def __post_init__(self) -> None:
        if not is_integer(self.actors, 1, MAX_ACTORS):
            raise ValueError(f"actors={shorten(self.actors)}: give an integer from 1 to {MAX_ACTORS}")
        if self.ray_address is not None:
            _check_address(self.ray_address, self.actors)
        if self.actors == 1:
            find_device(self.device)  # that of an actor is looked for where the actor is


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
