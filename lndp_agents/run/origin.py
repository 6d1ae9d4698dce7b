"""The origin of a run: the command and the system that it was begun with."""

import json
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from lndp_agents.persistence import read_regular, write_file
from lndp_agents.validation import is_object, parse_json, shorten
from lndp_agents.version import __version__

SYSTEM, COMMAND = "system.json", "command.txt"
_MAX_BYTES = 2**16


def write_origin(folder: Path) -> None:
    """Write the command and the system that a run was begun with.

    Raises:
        OSError: it cannot be written.
    """
    write_file(folder / SYSTEM, (json.dumps(system_info(), indent=1) + "\n").encode())
    write_file(folder / COMMAND, (" ".join(sys.argv) + "\n").encode())


def system_info() -> dict[str, Any]:
    """Return what a result depends on beside its experiment config."""
    others = [name for name in ("torch", "numpy", "gymnasium", "evotorch") if _is_installed(name)]
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpu_count": os.cpu_count(),
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "packages": {"lndp-agents": __version__, **{name: version(name) for name in others}},
    }


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def system_changes(folder: Path) -> str:
    """Return how this system differs from that of a run, in words; empty if it does not."""
    now = _flat(system_info())
    try:
        then = _flat(parse_json(read_regular(folder / SYSTEM, _MAX_BYTES)))
    except (OSError, ValueError):
        return f"{SYSTEM} does not say on what system the run was begun"
    names = [name for name in now if name in then and then[name] != now[name]]
    changes = ", ".join(f"{name} {then[name]} then and {now[name]} now" for name in names)
    return f"not the system that the run was begun on: {changes}" if changes else ""


def _processor() -> str:
    """Return the name of the processor, as far as the system tells."""
    try:
        names = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        names = []
    return names[0] if names else platform.processor()


def _flat(info: object) -> dict[str, str]:
    """Return the entries of system.json, packages included, each in a few letters."""
    if not is_object(info):
        raise ValueError(f"{shorten(info)} is no JSON object")
    packages = info.get("packages")
    entries = info | (packages if is_object(packages) else {})
    return {name: shorten(value).strip("'") for name, value in entries.items() if name != "packages"}
