"""Tasks side by side, a process each: no state goes from one to the next, and none outlives its parent."""

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread, current_thread, main_thread
from typing import Any, Generic, TypeVar

from lndp_agents.blame import blaming_plugins, show_traceback
from lndp_agents.notes import Note

Task = TypeVar("Task")
USER_ERRORS = (ValueError, OSError, ImportError, FloatingPointError)
"""Errors that the user can mend; their message is one line."""


@dataclass(frozen=True)
class _Child(Generic[Task]):
    task: Task
    process: SpawnProcess
    messages: Connection


def side_by_side(work: Callable[[Task], None], tasks: Sequence[Task], workers: int) -> Generator[Task]:
    """Run all tasks, at most `workers` at once; with one worker in this process.

    Args:
        work: a function of a module, which travels to the processes.
        tasks: what it is called with, in this order.
        workers: most processes at once.

    Yields:
        Each task when it is done, in the order of their ends.

    Raises:
        ChildProcessError: a process ended without a word; what has ended before stays done.
        ValueError: what `work` said in one of the processes; the others are ended.
    """
    if workers == 1:
        for task in tasks:
            work(task)
            yield task
        return
    waiting, running = list(tasks), list[_Child[Task]]()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_start(work, waiting.pop(0)))
            ended = wait([child.process.sentinel for child in running])
            for child in [child for child in running if child.process.sentinel in ended]:
                running.remove(child)
                _require_success(child)
                yield child.task
    finally:
        for child in running:
            child.process.terminate()
        for child in running:
            child.process.join()


def _start(work: Callable[[Task], None], task: Task) -> _Child[Task]:
    context = get_context("spawn")
    messages, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, task, sender))
    with _ctrl_c_ignored():
        process.start()
    sender.close()
    return _Child(task, process, messages)


@contextmanager
def _ctrl_c_ignored() -> Generator[None]:
    """A process that starts here never hears Ctrl-C, not even before `_work`: it is for the parent."""
    if current_thread() is not main_thread():  # Python lets no other set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _require_success(child: _Child[Any]) -> None:
    child.process.join()
    try:
        raise ValueError(child.messages.recv())
    except EOFError:  # it said nothing
        pass
    finally:
        child.messages.close()
    if child.process.exitcode:
        raise ChildProcessError(
            f"{child.task} ended with exit code {child.process.exitcode}: the same command goes on"
        )


def _work(work: Callable[[Task], None], task: Task, sender: Connection) -> None:
    """Run the loop of a worker process. Ctrl-C is left to the parent, which ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    warnings.simplefilter("ignore", Note)  # the parent has said it
    try:
        with blaming_plugins():
            work(task)
    except USER_ERRORS as error:
        show_traceback()
        sender.send(" ".join(str(error).split()))
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
