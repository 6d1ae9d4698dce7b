"""The native kernel is built and kept safely, and where it cannot be had the reason is clear."""

import hashlib
import os
import select
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kernels import (
    SMALL,
    config_of,
    live_twenty_steps,
    needs_compiler,
    random_lives,
    random_stimulus,
    tensors_are_equal,
)

from lndp_agents import load_pretrained
from lndp_agents.lndp import LNDP, kernel_build
from lndp_agents.lndp.kernel_layout import kernel_header

HEADER = kernel_header(config_of(SMALL))

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(os.name != "posix", reason="the compilers of these tests are shell scripts"),
    pytest.mark.usefixtures("fresh_kernels"),
]


@pytest.fixture(scope="module")
def built() -> Path:
    """A library as the compiler builds it."""
    return Path(kernel_build.load_kernel(HEADER)._name)


@pytest.fixture
def cache(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, not made yet, and a compiler that is quick as it builds only this kernel."""
    monkeypatch.setenv("LNDP_AGENTS_CACHE", str(tmp_path / "new" / "kernels"))
    write_compiler(tmp_path, monkeypatch, f'{ANSWER_QUERIES}for last; do :; done\ncat {built} > "$last"\n')
    return tmp_path / "new" / "kernels"


ANSWER_QUERIES = f"""#!/bin/sh
case "$*" in *-dM*) exec {kernel_build.compiler()} "$@";; esac
"""


def write_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    path = folder / "c++"
    path.write_bytes(script.encode("latin-1"))
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    return path


def fill_cache() -> None:
    kernel_build.load_kernel(HEADER)
    kernel_build.load_kernel.cache_clear()


def replace(library: Path, content: bytes) -> None:
    """Put another file in its place: itself it is loaded, and must not be damaged."""
    library.unlink()
    library.write_bytes(content)


# ---- What was built is found again -------------------------------------------------------------------------


def test_a_kernel_is_built_once_and_found_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_build.load_kernel(HEADER)
    [library] = cache.iterdir()
    assert library.stem.endswith(f"-{hashlib.sha256(library.read_bytes()).hexdigest()}")
    built = library.stat().st_mtime_ns
    kernel_build.load_kernel.cache_clear()
    monkeypatch.setattr(kernel_build, "_build", lambda *_: pytest.fail("it was built already"))
    kernel_build.load_kernel(HEADER)
    assert library.stat().st_mtime_ns == built


def test_nobody_else_can_write_what_is_kept_whatever_the_umask(cache: Path) -> None:
    before = os.umask(0)
    try:
        kernel_build.load_kernel(HEADER)
    finally:
        os.umask(before)
    [library] = cache.iterdir()
    assert (cache.stat().st_mode & 0o777, library.stat().st_mode & 0o777) == (0o700, 0o755)


def test_the_cache_may_be_the_folder_in_which_one_works(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LNDP_AGENTS_CACHE", ".")
    assert kernel_build.load_kernel(HEADER).lndp_live
    assert len(list(tmp_path.glob("life-*.so"))) == 1


def test_a_library_is_on_disk_before_it_has_its_name(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        is_library = os.pread(descriptor, 4, 0) == b"\x7fELF"
        seen.append(("library" if is_library else "other", any(cache.glob("*.so"))))

    monkeypatch.setattr(os, "fsync", fsync)
    kernel_build.load_kernel(HEADER)
    assert seen == [("library", False)]


@pytest.mark.parametrize("damage", ["truncated", "emptied", "overwritten"])
def test_a_damaged_library_is_built_anew(damage: str, cache: Path) -> None:
    kernel_build.load_kernel(HEADER)
    [library] = cache.iterdir()
    content = library.read_bytes()
    half = content[: len(content) // 2]
    replace(library, {"truncated": half, "emptied": b"", "overwritten": half + half[::-1]}[damage])
    kernel_build.load_kernel.cache_clear()
    kernel_build.load_kernel(HEADER)
    assert [path.read_bytes() for path in cache.iterdir()] == [content]


def test_other_sizes_and_another_source_make_another_library(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel_build.load_kernel(HEADER)
    kernel_build.load_kernel(f"{HEADER}#define MORE 1\n")
    assert len(list(cache.iterdir())) == 2
    newer = tmp_path / "native.cpp"
    newer.write_text(f"{kernel_build.SOURCE.read_text()}// newer\n")
    monkeypatch.setattr(kernel_build, "SOURCE", newer)
    kernel_build.load_kernel.cache_clear()
    kernel_build.load_kernel(HEADER)
    assert len(list(cache.iterdir())) == 3


def test_machines_with_other_processors_share_a_home(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler says what -march=native means; here it says that there is one more instruction."""
    script = (tmp_path / "c++").read_text().replace("*-dM*) ", '*-dM*) echo "#define __CPU__ $CPU"; ')
    write_compiler(tmp_path, monkeypatch, script)

    def library_on(cpu: str) -> set[str]:
        monkeypatch.setenv("CPU", cpu)
        kernel_build._target.cache_clear()
        kernel_build.load_kernel.cache_clear()
        before = {path.name for path in cache.glob("*")}
        kernel_build.load_kernel(HEADER)
        return {path.name for path in cache.iterdir()} - before

    assert [len(library_on(cpu)) for cpu in ("old", "new", "old", "new")] == [1, 1, 0, 0]


def test_threads_that_need_a_kernel_at_once_get_it(cache: Path) -> None:
    with ThreadPoolExecutor(4) as callers:
        lives = list(callers.map(lambda _: live_twenty_steps(1), range(4)))
    assert all(tensors_are_equal(lives[0], other) for other in lives[1:])
    assert [path.suffix for path in cache.iterdir()] == [".so"]


LOADING = """
import runpy, sys
kernel = runpy.run_path(sys.argv[1])["load_kernel"](sys.argv[2])
print(kernel.lndp_live.__name__, kernel._name)
"""
"""Without the rest of the package: twenty imports of torch would take longer than what is tested."""


@pytest.mark.slow
def test_twenty_processes_that_find_half_a_library_build_it_at_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX")  # the real compiler
    fill_cache()
    [library] = cache.iterdir()
    content = library.read_bytes()
    replace(library, content[:5000])

    def load(_: int) -> tuple[int, str, str]:
        command = [sys.executable, "-c", LOADING, kernel_build.__file__, HEADER]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=550)
        return result.returncode, result.stdout, result.stderr

    with ThreadPoolExecutor(20) as callers:
        results = set(callers.map(load, range(20)))
    assert results == {(0, f"lndp_live {library}\n", "")}
    assert [path.read_bytes() for path in cache.iterdir()] == [content]


# ---- Where there is no kernel to be had --------------------------------------------------------------------


def lose_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(folder))


def break_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_compiler(
        folder, monkeypatch, "#!/bin/sh\necho 'native.cpp:1: error:\nno such\nmachine' >&2\nexit 1\n"
    )


def make_compiler_speak_latin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_compiler(
        folder, monkeypatch, "#!/bin/sh\necho 'Datei ung\xfcltig'\necho 'm\xfc\xdfig' >&2\nexit 1\n"
    )


def break_compiler_for_this_processor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (folder / "c++").read_text().replace("*-dM*) ", "*-dM*) exit 1; ")
    write_compiler(folder, monkeypatch, script)


def make_compiler_no_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_compiler(folder, monkeypatch, "\x7f no program\n")


def make_compiler_idle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_compiler(folder, monkeypatch, "#!/bin/sh\nexit 0\n")


def make_compiler_hang(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_build, "QUERY_SECONDS", 0.2)
    write_compiler(folder, monkeypatch, "#!/bin/sh\nsleep 1000 &\nwait\n")


def make_compiler_hang_as_it_builds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_build, "BUILD_SECONDS", 0.2)
    write_compiler(folder, monkeypatch, f"{ANSWER_QUERIES}sleep 1000 &\nwait\n")


def make_libraries_unloadable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the folder is on a disk that forbids programs."""
    script = f'{ANSWER_QUERIES}for last; do :; done\necho "no library" > "$last"\n'
    write_compiler(folder, monkeypatch, script)


def occupy_cache_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "new").touch()


def forbid_to_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("there is no folder in which not even the superuser can write")
    monkeypatch.setenv("LNDP_AGENTS_CACHE", "/proc/kernels")


def lose_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("LNDP_AGENTS_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)


def open_cache_folder_to_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache()
    (folder / "new" / "kernels").chmod(0o707)


def open_library_to_the_group(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache()
    [library] = (folder / "new" / "kernels").iterdir()
    library.chmod(0o775)


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it another user's; who is not the superuser becomes another user instead."""
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        stranger = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: stranger)


def give_cache_folder_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache()
    give_away(folder / "new" / "kernels", monkeypatch)


def give_library_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache()
    [library] = (folder / "new" / "kernels").iterdir()
    give_away(library, monkeypatch)


TROUBLES: list[tuple[Callable[[Path, pytest.MonkeyPatch], None], str]] = [
    (lose_compiler, r"^no C\+\+ compiler found: install .* or set CXX$"),
    (break_compiler, r"c\+\+ could not build .*: native.cpp:1: error: no such machine$"),
    (make_compiler_speak_latin, "could not build .*, set CXX to another .*: m\ufffd\ufffdig$"),
    (break_compiler_for_this_processor, "could not build .*, set CXX to another .*: exit status 1$"),
    (make_compiler_no_program, r"c\+\+ cannot be run \(Exec format error\): set CXX"),
    (make_compiler_idle, r"c\+\+ built no library: set CXX"),
    (make_compiler_hang, r"c\+\+ did not end within 0.2 seconds: set CXX to another"),
    (make_compiler_hang_as_it_builds, r"c\+\+ did not end within 0.2 seconds: set CXX to another"),
    (make_libraries_unloadable, r"\.so: .*: set LNDP_AGENTS_CACHE to a folder from which .* loaded$"),
    (occupy_cache_folder, r"kept in .*kernels \(Not a directory\): set LNDP_AGENTS_CACHE"),
    (forbid_to_write, r"kept in /proc/kernels \(.*\): set LNDP_AGENTS_CACHE"),
    (lose_home, "home directory.*: set LNDP_AGENTS_CACHE"),
    (open_cache_folder_to_all, "can be written by other users, .*: run `chmod go-w .*/new/kernels`, or set"),
    (open_library_to_the_group, r"can be written by other users, .*: run `chmod go-w .*\.so`, or set"),
    (give_cache_folder_away, "new/kernels belongs to another user, so no kernel is loaded from it: set LNDP"),
    (give_library_away, r"\.so belongs to another user, so no kernel is loaded from it: set LNDP"),
]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [pytest.param(trouble, message, id=trouble.__name__) for trouble, message in TROUBLES],
)
def test_without_a_kernel_native_fails_clearly_and_auto_warns_once_and_is_eager(
    trouble: Callable[[Path, pytest.MonkeyPatch], None],
    message: str,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_of(SMALL)
    trouble(tmp_path, monkeypatch)
    with pytest.raises(OSError, match=message) as caught:
        LNDP(config, "native")
    assert "\n" not in str(caught.value)
    with pytest.warns(RuntimeWarning, match="running eagerly.*: .*" + message.removeprefix("^")) as warned:
        program = LNDP(config, "auto")
    assert len(warned) == 1
    parameters, state = random_lives(config, 0, 1, 2)
    inputs = (parameters, state, *random_stimulus(config, 0, 1, 2)[:2])
    assert tensors_are_equal(program.step(*inputs)[0], LNDP(config).step(*inputs)[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can be another")
def test_what_the_superuser_built_for_all_is_trusted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(kernel_build, "_build", lambda *_: pytest.fail("it was built already"))
    assert kernel_build.load_kernel(HEADER).lndp_live


def test_a_compiler_that_hangs_ends_with_all_that_it_started_and_is_waited_for_once(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    communicate = subprocess.Popen[str].communicate

    def read() -> bytes:
        assert select.select([reader], [], [], 60)[0]
        return os.read(reader, 100)

    def communicate_once_it_works(process: "subprocess.Popen[str]", timeout: float) -> tuple[str, str]:
        assert read() == b"at work\n"
        return communicate(process, timeout=timeout)

    write_compiler(tmp_path, monkeypatch, f"#!/bin/sh\n(echo at work; exec sleep 1000) > {pipe} &\nwait\n")
    monkeypatch.setattr(kernel_build, "QUERY_SECONDS", 0.1)
    monkeypatch.setattr(subprocess.Popen, "communicate", communicate_once_it_works)
    with pytest.raises(OSError, match=r"did not end within 0\.1 seconds"):
        kernel_build.load_kernel(HEADER)
    assert read() == b""  # the end: nobody is left who could write
    os.close(reader)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("it hung before"))
    with pytest.raises(OSError, match=r"did not end within 0\.1 seconds"):
        kernel_build.load_kernel(HEADER)


def test_where_files_have_no_owners_and_programs_no_groups_kernels_are_built_all_the_same(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.delattr(os, "killpg")
    assert kernel_build.load_kernel(HEADER).lndp_live
    monkeypatch.setattr(kernel_build, "QUERY_SECONDS", 0.1)
    write_compiler(tmp_path, monkeypatch, "#!/bin/sh\nexec sleep 1000\n")
    kernel_build.load_kernel.cache_clear()
    kernel_build._target.cache_clear()
    with pytest.raises(OSError, match=r"did not end within 0\.1 seconds"):
        kernel_build.load_kernel(HEADER)


# ---- Where a user meets it ---------------------------------------------------------------------------------


def evaluate(folder: Path) -> tuple[int, str, str]:
    command = [str(Path(sys.executable).with_name("lndp")), "evaluate", "foraging", "--lives", "1", "--json"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    return result.returncode, result.stdout, result.stderr


def test_the_command_survives_half_a_library_and_refuses_a_folder_that_all_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNDP_AGENTS_CACHE", str(tmp_path / "kernels"))
    LNDP(load_pretrained("foraging").config, "native")
    [library] = (tmp_path / "kernels").iterdir()
    replace(library, library.read_bytes()[:9000])
    status, output, complaints = evaluate(tmp_path)
    assert (status, complaints) == (0, "")
    assert library.stat().st_size > 9000
    library.parent.chmod(0o777)
    status, eager_output, complaints = evaluate(tmp_path)
    assert (status, eager_output) == (0, output)
    assert complaints.count("Warning") == 1
    assert f"run `chmod go-w {library.parent}`" in complaints
