"""Builds the native kernel, and keeps the libraries so that only whole ones of our own making are loaded.

The name of a library holds a hash of all that it was built from, this processor included, and a hash of its
content, so damage shows. It gets that name when it is finished: any number of processes may build and load at
once, on machines of several kinds that share a home.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

SOURCE = Path(__file__).with_name("native.cpp")
HEADER = "layout.h"
"""The name by which the source includes what `kernel_layout` writes."""
FLAGS = (
    *("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC", "-pthread"),
    # Not -ffast-math: linked into a library, it makes the whole process flush denormal numbers to zero.
    "-ffp-contract=fast",
    "-Werror=undef",  # a switch that the header lacks is not one that is off
)
QUERY_SECONDS, BUILD_SECONDS = 60, 300
"""Within these a compiler answers and builds even beside twenty others; one that does not, hangs."""

_hanging: set[str] = set()  # compilers that this process does not wait for again


def compiler() -> str | None:
    """Return the path of a C++ compiler ($CXX, g++ or clang++), if there is one."""
    candidates = (os.environ.get("CXX"), "g++", "clang++")
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def cache_folder() -> Path:
    """Return the folder of compiled kernels: $LNDP_AGENTS_CACHE, else the user's cache folder.

    Raises:
        OSError: the user has no home.
    """
    if folder := os.environ.get("LNDP_AGENTS_CACHE"):
        return Path(folder).absolute()
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "lndp_agents"
    except RuntimeError as error:
        raise OSError(f"no folder for compiled kernels ({error}): set LNDP_AGENTS_CACHE") from error


@lru_cache(maxsize=64)
def load_kernel(header: str) -> ctypes.CDLL:
    """Load the kernel of this header from the cache, or build it.

    Raises:
        OSError: there is no compiler, it failed or hung, the cache folder cannot be used, or others can write
            in it; the message is one line.
    """
    path = compiler()
    if path is None:
        raise OSError("no C++ compiler found: install g++ or clang++, or set CXX")
    command = (path, *FLAGS)
    made_from = "\0".join((SOURCE.read_text("utf-8"), header, *command, _target(path)))
    name = f"life-{hashlib.sha256(made_from.encode()).hexdigest()[:20]}"
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        library = _find(folder, name) or _build(command, header, folder, name)
    except OSError as error:
        if error.errno is None:  # one of ours
            raise
        raise OSError(
            f"no compiled kernel can be kept in {folder} ({error.strerror}): "
            "set LNDP_AGENTS_CACHE to a folder that can be written"
        ) from error
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise OSError(
            f"{_one_line(error)}: set LNDP_AGENTS_CACHE to a folder from which libraries can be loaded"
        ) from error


def _find(folder: Path, name: str) -> Path | None:
    """Return the library of that name, unless it is missing or damaged."""
    _require_ours(folder)
    for library in folder.glob(f"{name}-*.so"):
        _require_ours(library)
        if library.name == _file_name(name, library):
            return library
    return None


def _require_ours(path: Path) -> None:
    """Refuse what another user may have written: a library runs with all rights of the user who loads it."""
    if not hasattr(os, "geteuid"):  # Windows
        return
    status = path.stat()
    is_mine = status.st_uid == os.geteuid()
    remedy = "set LNDP_AGENTS_CACHE to a folder of your own"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        problem = "can be written by other users"
        if is_mine:
            remedy = f"run `chmod go-w {shlex.quote(str(path))}`, or {remedy}"
    elif is_mine or status.st_uid == 0:
        return
    else:
        problem = "belongs to another user"
    raise OSError(f"{path} {problem}, so no kernel is loaded from it: {remedy}")


def _file_name(name: str, library: Path) -> str:
    return f"{name}-{hashlib.sha256(library.read_bytes()).hexdigest()}.so"


def _build(command: Sequence[str], header: str, folder: Path, name: str) -> Path:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        built = Path(scratch, "life.so")
        Path(scratch, HEADER).write_text(header, "utf-8")
        _run((*command, f"-I{scratch}", str(SOURCE), "-o", str(built)), BUILD_SECONDS)
        if not built.exists():
            raise OSError(f"{command[0]} built no library: set CXX to a C++ compiler")
        built.chmod(0o755)
        with built.open("rb+") as file:
            os.fsync(file.fileno())
        return built.replace(folder / _file_name(name, built))


@lru_cache(maxsize=4)
def _target(path: str) -> str:
    """Return the meaning of -march=native for this compiler and machine, and the C library that it links."""
    command = (path, "-march=native", "-dM", "-E", "-x", "c++", os.devnull)
    return "\0".join((_run(command, QUERY_SECONDS), platform.machine(), *platform.libc_ver()))


def _run(command: Sequence[str], seconds: float) -> str:
    """Return the output of a compiler.

    Raises:
        OSError: it failed, or was killed because it took longer.
    """
    hangs = OSError(f"{command[0]} did not end within {seconds:g} seconds: set CXX to another C++ compiler")
    if command[0] in _hanging:
        raise hangs
    try:
        result = _run_in_group(command, seconds)
    except subprocess.TimeoutExpired:
        _hanging.add(command[0])
        raise hangs from None
    except OSError as error:
        raise OSError(f"{command[0]} cannot be run ({error.strerror}): set CXX to a C++ compiler") from error
    if result.returncode:
        reason = _one_line(result.stderr) or f"exit status {result.returncode}"
        raise OSError(
            f"{command[0]} could not build the native kernel, set CXX to another C++ compiler: {reason}"
        )
    return result.stdout


def _run_in_group(command: Sequence[str], seconds: float) -> "subprocess.CompletedProcess[str]":
    """Run as `subprocess.run` does, but the programs that a compiler starts end with it."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, complaints = process.communicate(timeout=seconds)
        except BaseException:  # an interrupt too leaves no compiler behind
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:  # Windows
                process.kill()
            raise
        return subprocess.CompletedProcess(command, process.returncode, output, complaints)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:500]
