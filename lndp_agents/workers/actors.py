"""Ray's processes, behind one door: started, called, monitored, and ended with the run."""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from lndp_agents.blame import blaming_plugins

START_SECONDS = 600
"""Time limit for actors to start, to load torch and to build a kernel."""
PULSE_SECONDS = 10.0
"""Time between two checks of whether busy actors are alive."""
PATIENCE_SECONDS = 60.0
"""Time limit for an actor to show a pulse; after twice that it counts as lost."""
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Ray's variable: if it is 0, Ray listens on the loopback interface only, whatever the system."""


class Actors:
    """Processes that each make the same object, and call its methods.

    An actor computes in one thread and shows its pulse in another: busy is not frozen.

    Args:
        make: makes the object, there; it travels.
        number: number of processes.
        options: Ray's options of each actor.
    """

    def __init__(self, make: Callable[[], Any], number: int, options: dict[str, Any]) -> None:
        self._ray = _import_ray()
        kind = _actor_class(self._ray).options(**options)
        self._actors = [kind.remote(make) for _ in range(number)]

    def __len__(self) -> int:
        return len(self._actors)

    def start(self, method: str, *arguments: Any) -> None:
        """Call the first method, in each of them: they are not ready before.

        Raises:
            ConnectionError: they do not answer in time, or one has died.
            Exception: what the method raised in an actor.
        """
        with self._errors():
            answers = [actor.call.remote(method, *arguments) for actor in self._actors]
            self._ray.get(answers, timeout=START_SECONDS)

    def share(self, method: str, parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Call a method with one of these arguments in each of as many actors.

        However long they compute, they are waited for; but not one that shows no pulse.

        Raises:
            ConnectionError: one has died, or is frozen.
            Exception: what the method raised in an actor.
        """
        with self._errors():
            pairs = zip(self._actors[: len(parts)], parts, strict=True)
            answers = [actor.call.remote(method, *part) for actor, part in pairs]
            waiting = answers
            while waiting:
                done, waiting = self._ray.wait(waiting, num_returns=len(waiting), timeout=PULSE_SECONDS)
                self._ray.get(done)  # raises what was raised, though others are busy
                if waiting:
                    self._require_pulse()
            return self._ray.get(answers)

    def dismiss(self) -> None:
        """End the processes."""
        for actor in self._actors:
            self._ray.kill(actor)

    def _require_pulse(self) -> None:
        silent = [actor.pulse.remote() for actor in self._actors]
        for _ in range(2):  # the first time may pass while this process is stopped itself
            _, silent = self._ray.wait(silent, num_returns=len(silent), timeout=PATIENCE_SECONDS)
            if not silent:
                return
        raise ConnectionError(
            f"{len(silent)} of {len(self)} actors have shown no sign of life for "
            f"{2 * PATIENCE_SECONDS:.0f} seconds: whole generations are kept, resume the run"
        )

    @contextmanager
    def _errors(self) -> Generator[None]:
        """Raise what was raised in an actor as it was there, and say in one line when one is lost."""
        exceptions = self._ray.exceptions
        try:
            yield
        except exceptions.RayTaskError as error:
            raise error.cause from error
        except exceptions.GetTimeoutError as error:
            raise ConnectionError(
                f"the actors did not start in {START_SECONDS} seconds: give fewer, or a Ray that is not busy"
            ) from error
        except exceptions.RayError as error:
            raise ConnectionError(
                f"an actor was lost ({type(error).__name__}): whole generations are kept, resume the run"
            ) from error


@contextmanager
def ray_session(address: str | None) -> Generator[dict[str, float]]:
    """Connect to Ray, silently; shut it down at the end if it was not running before.

    Args:
        address: as in `Workers`.

    Yields:
        The resources of the cluster, such as "CPU" and "GPU".

    Raises:
        ConnectionError: Ray cannot be started, or not be reached.
    """
    ray = _import_ray()
    is_ours = not ray.is_initialized()
    try:
        if is_ours:
            _connect(ray, address)
        yield ray.cluster_resources()
    finally:
        if is_ours:
            ray.shutdown()


def _import_ray() -> Any:
    """Return Ray, which has no complete types; EvoTorch installs it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    try:
        import ray
    except ModuleNotFoundError as error:
        remedy = 'pip install "lndp-agents[train]", or leave out --actors'
        raise ImportError(f"actors need {error.name}: {remedy}") from error
    return ray


def _connect(ray: Any, address: str | None) -> None:
    silent = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        with catch_warnings():
            simplefilter("ignore")
            if address is None:
                with _for_nobody_else(ray):
                    ray.init(address="local", include_dashboard=False, **silent)
            else:
                ray.init(address=address, **silent)
    except Exception as error:  # of many kinds
        place, remedy = "on this machine", "use one process"
        if address is not None:
            place, remedy = f"at {address}", "if it asks for a token, set RAY_AUTH_MODE=token"
        reason = " ".join(str(error).split())[:300]
        raise ConnectionError(
            f"Ray {place} cannot be used ({type(error).__name__}: {reason}): {remedy}"
        ) from error


@contextmanager
def _for_nobody_else(ray: Any) -> Generator[None]:
    """Let Ray listen on the loopback interface, with a token that only its user can read.

    To have it listen on all interfaces, set Ray's own variable RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER to 1.
    """
    constants = ray._private.ray_constants
    listens_everywhere, mask = constants.ENABLE_RAY_CLUSTER, os.umask(0o077)
    constants.ENABLE_RAY_CLUSTER = os.environ.get(_LOOPBACK) == "1"
    try:
        with suppress(OSError, RuntimeError):  # a token of earlier days, readable for all; there may be none
            (Path.home() / ".ray" / "auth_token").chmod(0o600)
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = listens_everywhere
        os.umask(mask)


def _actor_class(ray: Any) -> Any:
    class LifeActor:
        def __init__(self, make: Callable[[], Any]) -> None:
            self._made = make()

        def call(self, method: str, *arguments: Any) -> Any:
            with blaming_plugins():  # a traceback does not travel
                return getattr(self._made, method)(*arguments)

        @ray.method(concurrency_group="pulse")
        def pulse(self) -> None:
            pass

    return ray.remote(concurrency_groups={"pulse": 1})(LifeActor)
