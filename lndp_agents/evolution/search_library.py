"""EvoTorch, quietly: it logs to stdout and warns on today's torch and NumPy unless told otherwise before its import.

Raises:
    ImportError: EvoTorch is not installed; the message has the command.
"""

import os
import warnings

os.environ.setdefault("EVOTORCH_VERBOSE_LEVEL", "-1")
warnings.filterwarnings("ignore", "To copy construct from a tensor", UserWarning, r"evotorch\.tools\.misc")
try:
    from evotorch import Problem, SolutionBatch, algorithms
    from evotorch.optimizers import ClipUp
except ModuleNotFoundError as error:
    raise ImportError(f'evolution needs {error.name}: pip install "lndp-agents[train]"') from error

__all__ = ["ClipUp", "Problem", "SolutionBatch", "algorithms"]
