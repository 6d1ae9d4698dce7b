import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lndp_envs.randomness import fold, key_of, normal, uniform, uniform_at

KEYS = np.arange(-500, 500, dtype=np.int64) * 0x123456789ABCDEF
INT64 = st.integers(-(2**63), 2**63 - 1)


def test_fold_is_the_published_splitmix64_sequence() -> None:
    # https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64, seed 1234567
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    folded = fold(np.full(4, 1234567, dtype=np.int64), np.arange(4))
    assert folded.astype(np.uint64).tolist() == expected


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_numpy_and_torch_agree(shape: tuple[int, ...]) -> None:
    tensor = torch.from_numpy(KEYS)
    assert np.array_equal(fold(KEYS, 7), fold(tensor, 7).numpy())
    assert np.array_equal(uniform(KEYS, shape), uniform(tensor, shape).numpy())
    np.testing.assert_allclose(normal(KEYS, shape), normal(tensor, shape).numpy(), rtol=0, atol=1e-12)


def test_types_and_shapes() -> None:
    for keys in (KEYS[:6].reshape(2, 3), torch.from_numpy(KEYS[:6].reshape(2, 3))):
        assert tuple(fold(keys, 1).shape) == (2, 3)
        assert str(fold(keys, 1).dtype).endswith("int64")
        for draw in (uniform, normal):
            assert tuple(draw(keys).shape) == (2, 3)
            assert tuple(draw(keys, (5, 7)).shape) == (2, 3, 5, 7)
            assert str(draw(keys).dtype).endswith("float64")


@given(key=INT64, data=st.integers(-(2**40), 2**40))
def test_fold_takes_integers_and_arrays_alike(key: int, data: int) -> None:
    keys = np.array([key])
    assert np.array_equal(fold(keys, data), fold(keys, np.array([data])))


@given(keys=st.lists(INT64, min_size=1, max_size=20))
def test_a_row_does_not_depend_on_the_others(keys: list[int]) -> None:
    batch = np.array(keys, dtype=np.int64)
    alone = np.concatenate([uniform(batch[row : row + 1], (3,)) for row in range(len(keys))])
    assert np.array_equal(uniform(batch, (3,)), alone)


@given(
    keys=st.lists(INT64, min_size=1, max_size=4),
    index=st.lists(st.integers(0, 14), min_size=1, max_size=20),
)
def test_some_numbers_are_drawn_with_the_bits_that_all_have(keys: list[int], index: list[int]) -> None:
    batch, chosen = np.array(keys, dtype=np.int64), np.array(index)
    expected = uniform(batch, (3, 5)).reshape(len(keys), 15)[:, chosen]
    assert np.array_equal(uniform_at(batch, chosen), expected)
    assert np.array_equal(uniform_at(torch.tensor(keys), torch.tensor(index)).numpy(), expected)
    each = (chosen + np.arange(len(keys))[:, None]) % 15
    own = np.take_along_axis(uniform(batch, (15,)), each, 1)
    assert np.array_equal(uniform_at(batch, each), own)


@given(key=INT64)
def test_uniform_lies_in_the_unit_interval(key: int) -> None:
    draws = uniform(np.array([key]), (50,))
    assert (draws >= 0).all()
    assert (draws < 1).all()


def test_uniform_never_reaches_one() -> None:
    assert (2**53 - 1) * 2.0**-53 < 1.0


@pytest.mark.parametrize("keys", ["counted keys", "counted folds", "one key"])
def test_uniform_is_flat(keys: str) -> None:
    count = 200_000
    if keys == "counted keys":
        draws = uniform(np.arange(count))
    elif keys == "counted folds":
        draws = uniform(fold(np.zeros(count, dtype=np.int64), np.arange(count)))
    else:
        draws = uniform(np.zeros(1, dtype=np.int64), (count,))[0]
    counts, _ = np.histogram(draws, bins=100, range=(0, 1))
    chi_square = ((counts - count / 100) ** 2 / (count / 100)).sum()
    assert chi_square < 99 + 5 * np.sqrt(2 * 99)
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 5 / np.sqrt(count)


def test_normal_has_the_moments_of_the_normal_distribution() -> None:
    draws = normal(np.arange(1000), (200,)).ravel()
    error = 5 / np.sqrt(len(draws))
    assert abs(draws.mean()) < error
    assert abs(draws.var() - 1) < error * np.sqrt(2)
    assert abs((draws**3).mean()) < error * np.sqrt(15)
    assert abs((draws**4).mean() - 3) < error * np.sqrt(96)
    assert np.isfinite(draws).all()


def test_every_bit_of_key_and_data_matters() -> None:
    keys = fold(np.arange(2000), 0)
    for changed in [*(fold(keys ^ (1 << bit), 3) for bit in range(63)), fold(keys, 4)]:
        flipped = fold(keys, 3) ^ changed
        share = np.unpackbits(flipped.view(np.uint8)).mean()
        assert abs(share - 0.5) < 0.01


def test_folds_draws_and_their_children_are_unrelated() -> None:
    keys = np.arange(50_000)
    columns = np.stack(
        [uniform(keys), uniform(fold(keys, 0)), uniform(fold(keys, 1)), uniform(keys, (2,))[:, 1]]
    )
    correlations = np.corrcoef(columns) - np.eye(4)
    assert np.abs(correlations).max() < 5 / np.sqrt(50_000)


def test_key_of_is_fold_over_folds() -> None:
    zero = np.zeros(1, dtype=np.int64)
    assert key_of(3, 1, 4) == int(fold(fold(fold(zero, 3), 1), 4)[0]) & (2**63 - 1)


@given(integers=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5))
def test_key_of_fits_int64(integers: list[int]) -> None:
    key = key_of(*integers)
    assert isinstance(key, int)
    assert 0 <= key < 2**63


def test_key_of_tells_names_apart() -> None:
    names = [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0), (2**64 - 1,)]
    assert len({key_of(*name) for name in names}) == len(names)


@pytest.mark.parametrize("integer", [-1, 2**64])
def test_key_of_refuses_what_it_would_confuse(integer: int) -> None:
    with pytest.raises(ValueError, match=str(integer)):
        key_of(0, integer)


def test_no_global_state_is_touched() -> None:
    before = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002
    normal(torch.arange(3), (4,))
    normal(np.arange(3), (4,))
    after = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002
    assert before == after
