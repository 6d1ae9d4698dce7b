"""Settings of the whole suite. They come before the first import of the libraries that read them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors: one thread is fastest, and repeats bit for bit
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # a window that needs no screen
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("MPLBACKEND", "Agg")
for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING_FACE_", "HUGGINGFACE_"))]:
    del os.environ[name]  # the tests have a hub of their own

# Every run of the suite tries the same examples; `--hypothesis-profile default` looks for new ones.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def kernels_of_the_tests(pytestconfig: pytest.Config) -> Iterator[None]:
    """Compiled kernels stay in pytest's own cache, from one run to the next."""
    assert pytestconfig.cache
    folder = pytestconfig.cache.mkdir("kernels")
    folder.chmod(0o700)  # whatever the umask: no kernel is loaded from where others can write
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LNDP_AGENTS_CACHE", str(folder))
        yield


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module of environments, `my_doors`, and with some that cannot be imported."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(Path(__file__).parent / "own" / "my_doors.py", folder)
    (folder / "broken.py").write_text("import gymnasium\n\ndef nothing(:\n")
    (folder / "needy.py").write_text("import gymnasium\nimport no_such_package_here\n")
    (folder / "leaving.py").write_text("import sys\n\nsys.exit(3)\n")
    return folder
