"""TensorBoard events of a run, where tensorboard is installed.

Its own writer has a thread that opens the file anew at every write: what goes wrong there no caller sees.
"""

import math
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lndp_agents.evolution.records import Generation
from lndp_agents.run.metrics import COLUMNS


class EventLog:
    """Writes TensorBoard events into a folder; does nothing where tensorboard is not installed.

    Args:
        folder: of the events.
        generation: the last one that counts; what was written of later ones is purged.

    Raises:
        OSError: they cannot be written.
    """

    def __init__(self, folder: Path, generation: int) -> None:
        self._file = None
        if self.is_available():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / f"events.out.tfevents.{time.time():.9f}").open("xb")
            # Modules without types, as Any.
            self._protocol = import_module("tensorboard.compat.proto.event_pb2")
            summaries = import_module("tensorboard.compat.proto.summary_pb2")
            self._summary: Any = summaries.Summary
            records = import_module("tensorboard.summary.writer.record_writer")
            self._writer: Any = records.RecordWriter(self._file)
            start = self._protocol.SessionLog(status=self._protocol.SessionLog.START)
            self._write(file_version="brain.Event:2")
            self._write(step=generation + 1, session_log=start)

    @staticmethod
    def is_available() -> bool:
        """Whether tensorboard is installed."""
        return find_spec("tensorboard") is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, record: Generation) -> None:
        """Write the numbers of a generation.

        Raises:
            OSError: they cannot be written.
        """
        if self._file is not None:
            numbers: dict[str, float | None] = {name: getattr(record, name) for name in COLUMNS[1:]}
            values = [
                self._summary.Value(tag=name, simple_value=value)
                for name, value in numbers.items()
                if value is not None and math.isfinite(value)
            ]
            self._write(step=record.generation, summary=self._summary(value=values))

    def _write(self, **fields: Any) -> None:
        event = self._protocol.Event(wall_time=time.time(), **fields)
        self._writer.write(event.SerializeToString())
        self._writer.flush()
