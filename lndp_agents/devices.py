"""Devices that are there, and that something can be computed on."""

import torch

from lndp_agents.validation import shorten


def find_device(name: object) -> torch.device:
    """The device of a name, or the device itself.

    Raises:
        ValueError: it names no device, it is not there, or nothing can be computed on it.
    """
    if not isinstance(name, str | torch.device):
        raise ValueError(f"device {shorten(name)}: give the name of one, such as cpu; brains stay float32")
    try:
        device = torch.device(name)
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch raises all of them
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(
            f"device {shorten(name)} is not there ({reason}): give another, such as cpu"
        ) from error
    return device
