"""Observation encoders by name, made from an observation space and observations of random actions."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from lndp_envs.dynamics import Dynamics
from lndp_envs.randomness import fold, uniform
from numpy.typing import ArrayLike
from torch import Tensor

from lndp_agents.config import MAX_NODES
from lndp_agents.encoding_names import ENCODINGS
from lndp_agents.spaces import (
    ActionDecoding,
    AffineEncoding,
    ObservationEncoding,
    PartsEncoding,
    PixelEncoding,
    PlaceEncoding,
)
from lndp_agents.spaces.kinds import LARGEST, telling_bounds
from lndp_agents.validation import shorten

STATISTICS_LIVES, STATISTICS_STEPS = 32, 200
"""Numbers of lifetimes and steps with random actions that give the spread of observations."""
MAX_PLACES = 64
"""Largest number of place cells that `auto` gives to a Box."""
_Seen = Callable[[], Tensor]
"""Function that returns observations (any number, *shape) float64 of random actions."""


def named_encoding(name: str, dynamics: Dynamics[Any]) -> ObservationEncoding:
    """Return the observation encoder of a name for an environment.

    Choices become one-hot, or bits where they have more than 64 values, and what is binary stays 0 or 1,
    whatever the name; the name says how each Box is encoded, see `ENCODINGS`.

    Raises:
        ValueError: there is no such name, or it does not suit the observation space.
    """
    space = dynamics.observation_space
    if name == "pixels":
        return PixelEncoding.of_box(space)
    if name not in _OF_BOX:
        raise ValueError(f"encoding={shorten(name)}: give {', '.join(ENCODINGS)}")
    seen = cache(lambda: _random_observations(dynamics))

    def of_box(box: Box[Any], pick: Callable[[ArrayLike], ArrayLike]) -> ObservationEncoding:
        return _OF_BOX[name](box, lambda: torch.as_tensor(pick(seen())))

    return PartsEncoding.of_parts(space, of_box)


def _auto(box: Box[Any], seen: _Seen) -> ObservationEncoding:
    """Return the encoder that suits a Box.

    * A picture of bytes that has more numbers than a network may have nodes stays a picture.
    * Where all bounds are finite and only whole numbers are seen, as on a grid, place cells: at most 64, and
      only if a dimension has more than two places, for two say no more than one number does.
    * Else numbers, centered on the mean that is seen. Bounds say how far a number can go, the spread under
      random actions how far it goes at first (a twentieth of that in Acrobot, a seventieth in CartPole): the
      unit is the geometric mean of the two, so that neither drowns the other. A dimension without telling
      bounds is divided by its spread, and what never changes is left to its bounds.
    """
    if box.dtype == np.uint8 and len(box.shape) == 3 and np.prod(box.shape) > MAX_NODES:
        return PixelEncoding.of_box(box)
    observations = seen()
    low, high, is_bounded = telling_bounds(box)
    places = np.ceil(high) - np.floor(low) + 1
    is_whole = bool((observations == observations.round()).all())
    if is_bounded.all() and is_whole and places.sum() <= MAX_PLACES and places.max() > 2:
        return PlaceEncoding.of_box(box)
    mean, std = (values.numpy().ravel() for values in (observations.mean(0), observations.std(0)))
    half = (high - low) / 2
    unit = np.where(is_bounded & (std > 0), np.sqrt(half * std), np.where(is_bounded, half, std))
    return AffineEncoding.of_units(box, np.where(is_bounded & (std == 0), (low + high) / 2, mean), unit)


def _scaled(box: Box[Any], seen: _Seen) -> ObservationEncoding:
    """Map telling bounds to -1 and 1, and divide other dimensions by their spread."""
    if telling_bounds(box)[2].all():
        return AffineEncoding.scaled(box)
    return AffineEncoding.scaled(box, *_statistics(seen))


def _standardized(box: Box[Any], seen: _Seen) -> ObservationEncoding:
    return AffineEncoding.standardized(box, *_statistics(seen))


def _place(box: Box[Any], seen: _Seen) -> ObservationEncoding:
    return PlaceEncoding.of_box(box)


_OF_BOX: Mapping[str, Callable[[Box[Any], _Seen], ObservationEncoding]] = {
    "auto": _auto,
    "scaled": _scaled,
    "standardized": _standardized,
    "place": _place,
}


def _statistics(seen: _Seen) -> tuple[ArrayLike, ArrayLike]:
    """Return mean and standard deviation, each of the shape of the Box."""
    observations = seen()
    return observations.mean(0).numpy(), observations.std(0).numpy()


def _random_observations(dynamics: Dynamics[Any]) -> Tensor:
    """Return finite observations (any number, *shape) of lifetimes with random actions, always the same."""
    keys = fold(torch.arange(STATISTICS_LIVES), 0)
    state = dynamics.reset(keys)
    alive = torch.ones(STATISTICS_LIVES, dtype=torch.bool)
    seen: list[Tensor] = []
    decoding = ActionDecoding.of(dynamics.action_space)
    for step in range(STATISTICS_STEPS):
        observation = dynamics.observe(state)[alive].double()
        seen.append(torch.nan_to_num(observation, nan=0.0).clamp(-LARGEST, LARGEST))
        output = uniform(fold(keys, step + 1), (decoding.size,)) * 2 - 1
        state, _, terminated = dynamics.step(state, decoding.decode(output))
        alive = alive & ~terminated
        if not alive.any():
            break
    return torch.cat(seen)
