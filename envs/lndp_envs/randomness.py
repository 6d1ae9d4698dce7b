"""Counter-based random numbers: a number is a pure function of a key; nothing is streamed, nothing is global.

A key is an int64 number. :func:`fold` derives a new key from a key and a counter, :func:`uniform` and
:func:`normal` turn keys into numbers, all of them for whole arrays of keys. The mixing is the finalizer of
splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). Integers and
uniform numbers have the same bits in NumPy and in torch, on every device.
"""

import math

import numpy as np

from lndp_envs.arrays import Array, namespace


def _signed(value: int) -> int:
    """Return the 64 low bits of ``value`` read as a signed integer."""
    return (value + 2**63) % 2**64 - 2**63


_FOLD_INCREMENT = _signed(0x9E3779B97F4A7C15)
_DRAW_INCREMENT = _signed(
    0xD1342543DE82EF95
)  # another odd constant, so that draws and folded keys never meet
_FIRST_FACTOR = _signed(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = _signed(0x94D049BB133111EB)


def fold(key: Array, data: Array | int) -> Array:
    """Derive a new, independent key.

    Args:
        key: int64 keys of any shape with at least one axis.
        data: what tells the new key from its sisters: a Python int, or an int64 array that broadcasts.

    Returns:
        int64 keys of the broadcast shape.

    Example:
        >>> import numpy as np
        >>> from lndp_envs import fold
        >>> bool((fold(np.arange(3), 1) != fold(np.arange(3), 2)).all())
        True
    """
    offset = _signed((data + 1) * _FOLD_INCREMENT) if isinstance(data, int) else (data + 1) * _FOLD_INCREMENT
    return _mix(key + offset)


def uniform(key: Array, shape: tuple[int, ...] = ()) -> Array:
    """Draw uniform numbers in [0, 1) with 53 random bits.

    Args:
        key: int64 keys of any shape with at least one axis; each is good for one call.
        shape: how many numbers for each key.

    Returns:
        float64 array of shape ``key.shape + shape``.

    Example:
        >>> import numpy as np
        >>> from lndp_envs import uniform
        >>> numbers = uniform(np.arange(1000))
        >>> bool(numbers.min() >= 0 and numbers.max() < 1 and (numbers == uniform(np.arange(1000))).all())
        True
    """
    xp = namespace(key)
    counters = xp.arange(1, math.prod(shape) + 1, dtype=xp.int64, device=key.device) * _DRAW_INCREMENT
    bits = _mix(xp.reshape(key, key.shape + (1,) * len(shape)) + xp.reshape(counters, shape))
    return _unit_interval(bits)


def uniform_at(key: Array, index: Array) -> Array:
    """Draw only some of the numbers that :func:`uniform` draws, with the same bits.

    Args:
        key: int64 keys of any shape with at least one axis.
        index: int64 array (..., M) that broadcasts against ``key[..., None]``: which numbers of each key,
            counted from 0 in row-major order.

    Returns:
        float64 array of shape ``key.shape + (M,)``.
    """
    return _unit_interval(_mix(key[..., None] + (index + 1) * _DRAW_INCREMENT))


def normal(key: Array, shape: tuple[int, ...] = ()) -> Array:
    """Draw standard normal numbers (Box and Muller, 1958).

    Args:
        key: int64 keys of any shape with at least one axis; each is good for one call.
        shape: how many numbers for each key.

    Returns:
        float64 array of shape ``key.shape + shape``. NumPy and torch may differ in the last bit.

    Example:
        >>> import numpy as np
        >>> from lndp_envs import normal
        >>> normal(np.arange(4), (3,)).shape
        (4, 3)
    """
    xp = namespace(key)
    pairs = uniform(key, (*shape, 2))
    radius = xp.sqrt(-2.0 * xp.log1p(-pairs[..., 0]))  # 1 - u is never 0
    return radius * xp.cos(2.0 * math.pi * pairs[..., 1])


def key_of(*integers: int) -> int:
    """Name a key by integers, such as (run seed, generation, lifetime).

    Args:
        *integers: one or more in [0, 2**64); their order matters.

    Returns:
        A Python int in [0, 2**63), to be put in an int64 array.

    Raises:
        ValueError: an integer is out of range.

    Example:
        >>> from lndp_envs import key_of
        >>> key_of(1, 2) == key_of(1, 2), key_of(1, 2) == key_of(2, 1)
        (True, False)
    """
    key = np.zeros(1, dtype=np.int64)
    for integer in integers:
        if not 0 <= integer < 2**64:
            raise ValueError(f"{integer} cannot name a key; it must lie in [0, 2**64)")
        key = fold(key, int(integer))
    return int(key[0]) & (2**63 - 1)


def _mix(bits: Array) -> Array:
    """Scramble 64 bits one to one, so that any change of the input changes half of them."""
    bits = (bits ^ _shift_right(bits, 30)) * _FIRST_FACTOR
    bits = (bits ^ _shift_right(bits, 27)) * _SECOND_FACTOR
    return bits ^ _shift_right(bits, 31)


def _unit_interval(bits: Array) -> Array:
    """Return the upper 53 bits of int64 as numbers in [0, 1)."""
    xp = namespace(bits)
    return xp.astype(_shift_right(bits, 11), xp.float64) * 2.0**-53


def _shift_right(bits: Array, count: int) -> Array:
    """Shift int64 to the right filling with zeros; ``>>`` alone would copy the sign."""
    return (bits >> count) & (2 ** (64 - count) - 1)
