"""Settings of the whole suite. They come before the first import of the libraries that read them."""

import os
from collections.abc import Iterator

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
