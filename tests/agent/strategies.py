"""What hypothesis draws for the tests of this folder: spaces, and agents of small brains."""

from dataclasses import fields
from typing import Any

import hypothesis.strategies as st
import numpy as np
from gymnasium import Space
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from hypothesis.extra.numpy import array_shapes, arrays

from lndp_agents import LNDPAgent, LNDPConfig
from lndp_agents.genome import genome_size
from lndp_agents.spaces import ObservationEncoding, config_for
from lndp_agents.spaces.encoding import PlaceEncoding
from lndp_agents.spaces.rows import Unread


@st.composite
def boxes(draw: st.DrawFn, is_bounded: bool = False) -> Box:
    """Boxes of all types and up to three axes, some of their bounds missing."""
    shape = draw(array_shapes(min_dims=0, max_dims=3, max_side=3))
    dtype = draw(st.sampled_from([np.float32, np.float64, np.uint8, np.int64]))
    numbers = st.integers(0, 200) if dtype == np.uint8 else st.integers(-500, 500)
    low = draw(arrays(dtype, shape, elements=numbers))
    high = low + draw(arrays(dtype, shape, elements=st.integers(0, 50)))
    if not is_bounded and dtype in (np.float32, np.float64):
        low = np.where(draw(arrays(bool, shape)), low, -np.inf).astype(dtype)
        high = np.where(draw(arrays(bool, shape)), high, np.inf).astype(dtype)
    return Box(low, high, dtype=dtype)


discretes = st.builds(
    Discrete,
    st.integers(1, 40),
    start=st.integers(-60, 60),
    dtype=st.sampled_from([np.int8, np.int16, np.int32, np.int64]),
)
binaries = st.builds(MultiBinary, st.integers(1, 3) | st.tuples(st.integers(1, 2), st.integers(1, 2)))


@st.composite
def multi_discretes(draw: st.DrawFn, most: int = 70) -> MultiDiscrete:
    """Choices of 1 to `most` values with one or two axes."""
    shape = draw(array_shapes(max_dims=2, max_side=2))
    counts = draw(arrays(np.int16, shape, elements=st.integers(1, most)))
    return MultiDiscrete(counts, np.int16, start=draw(arrays(np.int16, shape, elements=st.integers(-9, 9))))


def several(is_bounded: bool = False) -> st.SearchStrategy[Space[Any]]:
    """Spaces of several parts, which hold numbers; observations (not bounded) also have parts without."""
    leaves = boxes(is_bounded) | discretes | binaries | multi_discretes()

    def together(parts: st.SearchStrategy[Space[Any]]) -> st.SearchStrategy[Space[Any]]:
        others = parts if is_bounded else parts | st.builds(Unread)
        return st.builds(
            lambda names, first, more: Dict(dict(zip(names, [first, *more], strict=False)), sort_keys=False),
            st.lists(st.text(max_size=3), min_size=4, max_size=4, unique=True),
            parts,
            st.lists(others, max_size=2),
        ) | st.builds(lambda first, more: Tuple([first, *more]), parts, st.lists(others, max_size=2))

    return together(leaves) | together(together(leaves) | leaves) | multi_discretes()


switches = st.fixed_dictionaries(
    {},
    optional={
        **{field.name: st.booleans() for field in fields(LNDPConfig) if field.type is bool},
        "node_features": st.integers(1, 4),
        "edge_features": st.integers(1, 3),
        "network_steps": st.integers(1, 3),
        "development_steps": st.integers(0, 3),
        "graph_layers": st.integers(1, 2),
        "attention_heads": st.integers(1, 3),
        "query_features": st.integers(1, 3),
        "value_features": st.integers(1, 3),
        "decision_features": st.integers(1, 4),
        "candidates": st.sampled_from([0, 2, 9]),
        "initial_density": st.floats(0, 1),
        "initial_density_std": st.floats(0, 10),
    },
)
"""Fields of a configuration that do not follow from spaces, with small sizes; `nodes` is left out."""


@st.composite
def agents(draw: st.DrawFn) -> LNDPAgent:
    """Agents of all spaces, encodings, switches, and finite genomes."""
    observations = draw(st.one_of(boxes(), discretes, binaries, several()))
    actions = draw(st.one_of(boxes(is_bounded=True), discretes, binaries, several(is_bounded=True)))
    encoding = ObservationEncoding.of(observations)
    if isinstance(observations, Box) and np.isfinite([observations.low, observations.high]).all():
        place = PlaceEncoding.of_box(observations)
        encoding = draw(st.sampled_from([encoding, place])) if place.size <= 100 else encoding
    config = config_for(observations, actions, encoding, **draw(switches))
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
    genome = draw(arrays(np.float32, genome_size(config), elements=numbers, fill=numbers))
    return LNDPAgent(observations, actions, config, genome=genome, encoding=encoding)
