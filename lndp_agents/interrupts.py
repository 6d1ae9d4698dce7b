"""Signals that end a command: in order at first, and at once for who cannot wait; never with a traceback."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType

from lndp_command import quit_at_once


@contextmanager
def interruptible(*numbers: int, tell: Callable[[], None] | None = None) -> Generator[list[int]]:
    """While this is open, a signal raises KeyboardInterrupt, and one more quits the process at once.

    Args:
        numbers: of the signals; those that are ignored stay so.
        tell: what the very first signal does instead of raising, if anything; then the second one raises.

    Yields:
        The signals that came, which fills.
    """
    received: list[int] = []
    num_told = 0 if tell is None else 1

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > num_told + 1:
            quit_at_once()
        if len(received) > num_told or tell is None:
            raise KeyboardInterrupt
        with suppress(OSError, RuntimeError):  # it came while the terminal was written to, or that is gone
            tell()

    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heard if current_thread() is main_thread()}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
