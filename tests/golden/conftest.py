"""Lets the tests import the replay script beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
