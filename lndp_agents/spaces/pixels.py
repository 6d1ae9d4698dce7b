"""The observation encoder of pictures, in the form of Najarro and Risi (arXiv 2007.02686)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor
from torch.nn.functional import interpolate

from lndp_agents.spaces.encoding import ObservationEncoding
from lndp_agents.spaces.kinds import MAX_PIXELS, Space, is_box, require_size
from lndp_agents.validation import shorten

CHANNELS, SIDE = 3, 84
"""Channels and side length of the encoded picture."""
NUM_PIXELS = CHANNELS * SIDE * SIDE


@dataclass(frozen=True)
class PixelEncoding(ObservationEncoding):
    """An encoder of byte pictures (height, width, 3) as numbers in [0, 1], resized to 84 x 84 and transposed.

    The order is channel, column, row: axes 0 and 2 of the picture are swapped. Resizing is bilinear with
    antialiasing.
    """

    kind: ClassVar[str] = "pixels"
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        require_size("picture", self.shape, MAX_PIXELS, unit="", remedy="make it smaller")
        if len(self.shape) != 3 or self.shape[2] != CHANNELS:
            raise ValueError(f"pixels of shape {shorten(self.shape)}: give height, width and 3")

    @classmethod
    def of_box(cls, space: Space) -> "PixelEncoding":
        """Return the encoder for the pictures of a space.

        Raises:
            ValueError: the space has no pictures.
        """
        if not is_box(space) or space.dtype != np.uint8:
            raise ValueError(
                f"observation space {shorten(space)}: pixels need a Box of bytes (height, width, 3)"
            )
        return cls(space.shape)

    @property
    def size(self) -> int:
        """O: number of inputs."""
        return NUM_PIXELS

    def accepts(self, space: Space) -> bool:
        """Return whether the space is a Box of bytes of this shape."""
        return is_box(space) and space.dtype == np.uint8 and space.shape == self.shape

    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) for pictures (..., height, width, 3)."""
        leading = observation.shape[:-3]
        pictures = observation.reshape(-1, *self.shape).float().permute(0, 3, 2, 1) / 255
        resized = interpolate(pictures, (SIDE, SIDE), mode="bilinear", antialias=True)
        return resized.reshape(*leading, self.size)
