"""The array library of an array: NumPy or torch, both seen through the Python array API standard."""

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An array of NumPy or torch."""


def namespace(array: Array) -> Any:
    """Return the array-API namespace of a NumPy array or a torch tensor.

    ``array_api_compat.array_namespace`` does the same for more libraries, but torch.compile warns of its
    cache, and its namespace of NumPy takes long to import; NumPy 2 follows the standard by itself.

    Example:
        >>> import numpy as np, torch
        >>> from lndp_envs import namespace
        >>> for ones in (np.ones(2), torch.ones(2)):
        ...     print(float(namespace(ones).sum(ones)))
        2.0
        2.0
    """
    if isinstance(array, (np.ndarray, np.generic)):
        return np
    from array_api_compat import torch as torch_namespace  # only now: the worlds do not need torch

    return torch_namespace
