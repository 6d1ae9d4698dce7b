"""Settings of the whole suite. They come before the first import of the libraries that read them."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors: one thread is fastest, and repeats bit for bit
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # a window that needs no screen
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("MPLBACKEND", "Agg")

# Every run of the suite tries the same examples; `--hypothesis-profile default` looks for new ones.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")
