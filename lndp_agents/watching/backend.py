"""pygame, imported quietly: only modules that draw import this one, and only when something is drawn."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # its greeting would go to stdout, among results

try:
    import pygame
except ImportError as error:
    raise ImportError("drawing needs pygame-ce, which is not installed: pip install pygame-ce") from error

__all__ = ["pygame"]
