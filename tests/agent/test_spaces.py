"""Observations become inputs, outputs become actions: analytic cases, and invariants over many spaces."""

import json
import math
from typing import Any

import gymnasium
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, Graph, MultiBinary, MultiDiscrete, Sequence, Text, Tuple
from hypothesis import given
from strategies import boxes, discretes

from lndp_agents import Agent, LNDPConfig
from lndp_agents.policies import HebbianConfig
from lndp_agents.spaces import (
    ActionDecoding,
    ObservationEncoding,
    PixelEncoding,
    as_finite,
    check_fit,
    config_for,
    plain_space,
    space_from_json,
    space_to_json,
)
from lndp_agents.spaces.encoding import PlaceEncoding

CORNERS = Box(np.array([-2, 0], np.float32), np.array([2, 10], np.float32))


def encode(encoding: ObservationEncoding, observation: Any) -> list[float]:
    return encoding.encode(torch.tensor(np.asarray(observation))).tolist()


class TestEncoding:
    def test_discrete_is_one_hot_and_respects_its_start(self) -> None:
        encoding = ObservationEncoding.of(Discrete(3, start=-1))
        assert encoding.size == 3
        assert encode(encoding, [-1, 0, 1]) == np.eye(3).tolist()
        assert encode(encoding, [-2, 2]) == np.zeros((2, 3)).tolist()

    def test_bounds_of_a_box_become_minus_one_and_one(self) -> None:
        encoding = ObservationEncoding.of(CORNERS)
        assert encode(encoding, [[-2, 0], [2, 10], [0, 5], [1, 2.5]]) == [
            [-1, -1],
            [1, 1],
            [0, 0],
            [0.5, -0.5],
        ]

    def test_leading_axes_are_kept_and_the_shape_is_flattened(self) -> None:
        encoding = ObservationEncoding.of(Box(0, 4, (2, 3)))
        observation = torch.arange(5 * 7 * 6).reshape(5, 7, 2, 3) % 5
        assert encoding.size == 6
        assert torch.equal(encoding.encode(observation), observation.reshape(5, 7, 6) / 2 - 1.0)
        assert encoding.encode(observation).dtype == torch.float32

    def test_a_scalar_box_gives_one_input(self) -> None:
        assert encode(ObservationEncoding.of(Box(-4, 4, ())), [-4.0, 2.0]) == [[-1.0], [0.5]]

    def test_dimensions_without_telling_bounds_use_statistics(self) -> None:
        space = gymnasium.spec("CartPole-v1").make().observation_space
        assert isinstance(space, Box)
        plain, scaled = (
            ObservationEncoding.of(space),
            ObservationEncoding.of(space, [9, 1, 9, 2], [9, 2, 9, 4]),
        )
        observation = [2.4, 3.0, 0.0, -6.0]
        assert encode(plain, observation) == pytest.approx([0.5, 3, 0, -6])
        assert encode(scaled, observation) == pytest.approx([0.5, 1, 0, -2])

    @pytest.mark.parametrize("bound", [1.1e6, 3.4e38, np.inf])
    def test_wide_bounds_say_nothing(self, bound: float) -> None:
        assert encode(ObservationEncoding.of(Box(-bound, bound, (1,))), [7.0]) == [7.0]
        assert encode(ObservationEncoding.of(Box(-1, np.inf, (1,))), [7.0]) == [7.0]

    def test_a_dimension_that_never_varies_is_kept(self) -> None:
        assert encode(ObservationEncoding.of(Box(3, 3, (1,))), [3.5]) == [0.5]
        for std in (0.0, 1e-7):  # nor is what varies by rounding alone blown up
            assert encode(ObservationEncoding.of(Box(-np.inf, np.inf, (1,)), [3.0], [std]), [3.5]) == [0.5]

    def test_every_input_is_finite(self) -> None:
        encoding = ObservationEncoding.of(Box(-np.inf, np.inf, (3,)))
        assert encode(encoding, [np.nan, np.inf, -np.inf]) == [0, 1e6, -1e6]
        assert as_finite(torch.tensor([math.nan, math.inf, 3.0], dtype=torch.float64)).tolist() == [0, 1e6, 3]

    def test_place_cells_share_what_lies_between_whole_numbers(self) -> None:
        encoding = PlaceEncoding.of_box(Box(np.array([0, -1]), np.array([2, 0]), dtype=np.float64))
        assert encoding.size == 5
        assert encode(encoding, [1.0, -1.0]) == [0, 1, 0, 1, 0]
        assert encode(encoding, [0.25, 0.0]) == [0.75, 0.25, 0, 0, 1]

    def test_the_observation_inside_sense_reward_is_what_counts(self) -> None:
        start = Box(0, 1, (1,))
        sensed = Dict({"observation": CORNERS, "reward": Box(-np.inf, np.inf, (1,)), "episode_start": start})
        assert plain_space(sensed) == CORNERS
        assert ObservationEncoding.of(sensed) == ObservationEncoding.of(CORNERS)

    @pytest.mark.parametrize(
        ("space", "reason"),
        [
            (Sequence(Discrete(3)), "its size varies"),
            (Dict({"a": Discrete(3), "b": Graph(Discrete(2), None)}), "its size varies"),
            (Text(4), "holds no numbers"),
            (Dict({"a": Text(4), "b": Tuple([Text(3)])}), "holds no numbers"),
        ],
    )
    def test_other_spaces_are_refused_by_name(self, space: gymnasium.Space[Any], reason: str) -> None:
        with pytest.raises(ValueError, match=f"observation space .*{reason}") as error:
            ObservationEncoding.of(space)
        assert "agents take Box, Discrete, MultiDiscrete" in str(error.value)

    @pytest.mark.parametrize(
        "space",
        [
            Box(0, 255, (84, 84, 3), np.uint8),
            Discrete(2**31 + 1),
            Box(0, 1, (0,)),
            MultiBinary(4097),
            Dict({"a": Box(0, 1, (4000,)), "b": MultiDiscrete([50, 50])}),
            Tuple([Discrete(2), Box(0, 255, (84, 84, 3), np.uint8)]),
        ],
    )
    def test_spaces_that_no_brain_can_hold_are_refused(self, space: gymnasium.Space[Any]) -> None:
        with pytest.raises(ValueError, match=r"give 1 to 2147483648|takes 1 to 4096"):
            ObservationEncoding.of(space)

    @pytest.mark.parametrize("mean", [[1.0], [1.0, 2.0, 3.0], [np.nan, 0.0]])
    def test_statistics_of_another_shape_are_refused(self, mean: list[float]) -> None:
        with pytest.raises(ValueError, match=r"give finite numbers of the space's shape \(2,\)"):
            ObservationEncoding.of(CORNERS, mean)

    @given(boxes(is_bounded=True))
    def test_observations_of_a_bounded_space_become_numbers_between_minus_one_and_one(
        self, space: Box
    ) -> None:
        encoding = ObservationEncoding.of(space)
        degenerate = torch.tensor((space.low == space.high).ravel())
        for value in (space.low, space.high, space.sample()):
            x = encoding.encode(torch.tensor(value))
            assert x.shape == (max(value.size, 1),)
            assert x.abs().max() <= 1 + 1e-6
        assert torch.all((encoding.encode(torch.tensor(space.high)) == 1) | degenerate)

    @given(st.one_of(boxes(), discretes))
    def test_json_round_trip(self, space: gymnasium.Space[Any]) -> None:
        encoding = ObservationEncoding.of(space)
        text = json.dumps(encoding.to_json(), allow_nan=False)
        assert ObservationEncoding.from_json(json.loads(text)) == encoding
        assert encoding.accepts(space)
        assert not encoding.accepts(Discrete(41))

    def test_place_cells_fit_only_boxes_within_them(self) -> None:
        encoding = PlaceEncoding.of_box(Box(0, 4, (1,)))
        assert encoding.accepts(Box(0, 4, (1,)))
        assert encoding.accepts(Box(1, 3.5, (1,)))
        for other in (Box(0, 6, (1,)), Box(-1, 4, (1,)), Box(0, 4, (2,)), Box(0, np.inf, (1,)), Discrete(5)):
            assert not encoding.accepts(other)

    def test_json_round_trip_of_place_cells(self) -> None:
        encoding = PlaceEncoding.of_box(Box(-1.5, 4, (2,)))
        assert ObservationEncoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (None, "encoding None"),
            ({"kind": ["affine"]}, "give an object of kind affine or place"),
            ({"kind": "one_hot", "num_values": 3}, "lacks the key 'start'"),
            ({"kind": "one_hot", "num_values": 3, "start": 0, "x": 1}, "unknown key 'x'"),
            ({"kind": "one_hot", "num_values": 10**9, "start": 0}, "give 1 to 4096"),
            ({"kind": "one_hot", "num_values": True, "start": 0}, "one-hot encoding of True"),
            ({"kind": "affine", "shape": [2], "offset": [0.0], "scale": [1.0, 1.0]}, "give 2 finite numbers"),
            ({"kind": "affine", "shape": [1], "offset": ["0"], "scale": [1.0]}, "give 1 finite numbers"),
            ({"kind": "affine", "shape": [1], "offset": 0.0, "scale": [1.0]}, "give 1 finite numbers"),
            ({"kind": "affine", "shape": [1], "offset": [math.inf], "scale": [1.0]}, "give 1 finite numbers"),
            ({"kind": "affine", "shape": [2**30, 2**30], "offset": [], "scale": []}, "takes 1 to 4096"),
            ({"kind": "affine", "shape": "3", "offset": [], "scale": []}, "give a list of lengths"),
            ({"kind": "place", "shape": [1], "low": [0], "high": [10**6]}, "give a small range"),
            ({"kind": "place", "shape": [1], "low": [1], "high": [0]}, "give a small range"),
            ({"kind": "place", "shape": [1], "low": [0.5], "high": [1]}, "give 1 integers"),
        ],
    )
    def test_foreign_json_is_refused_in_one_line(self, data: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message) as error:
            ObservationEncoding.from_json(data)
        assert "\n" not in str(error.value)


class TestDecoding:
    def test_discrete_takes_the_largest_output_and_adds_the_start(self) -> None:
        decoding = ActionDecoding.of(Discrete(3, start=5))
        assert (decoding.size, decoding.discrete) == (3, True)
        assert decoding.decode(torch.tensor([[0.1, 0.9, 0.2], [0.5, 0.5, -1.0]])).tolist() == [6, 5]

    def test_box_maps_the_outputs_on_its_bounds(self) -> None:
        decoding = ActionDecoding.of(CORNERS)
        action = decoding.decode(torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.5]]))
        assert (decoding.size, decoding.discrete, action.dtype) == (2, False, torch.float32)
        assert action.tolist() == [[-2, 0], [2, 10], [0, 7.5]]

    def test_box_restores_shape_and_type(self) -> None:
        space = Box(0, 10, (2, 3), np.uint8)
        for output, rounded in ((0.09, 5), (0.13, 6)):  # of 5.45 and of 5.65
            action = ActionDecoding.of(space).decode(torch.full((4, 6), output))
            assert (action.shape, action.dtype) == ((4, 2, 3), torch.uint8)
            assert torch.all(action == rounded)

    @given(boxes(is_bounded=True), st.floats(-1.5, 1.5))
    def test_every_action_is_in_its_space(self, space: Box, output: float) -> None:
        decoding = ActionDecoding.of(space)
        action = decoding.decode(torch.full((decoding.size,), output)).numpy()
        assert space.contains(action)

    @pytest.mark.parametrize("space", [Box(-np.inf, np.inf, (2,)), Box(0, np.inf, (1,)), Box(0, 2e6, (1,))])
    def test_unbounded_actions_are_refused_by_name(self, space: Box) -> None:
        with pytest.raises(ValueError, match=r"action space Box.* is unbounded: give every dimension bounds"):
            ActionDecoding.of(space)

    def test_actions_that_int64_does_not_hold_are_refused(self) -> None:
        largest = space_from_json({"type": "Discrete", "n": 3, "start": 2**63 - 3, "dtype": "uint64"})
        output = torch.tensor([0.0, 0.0, 1.0])
        assert ActionDecoding.of(largest).decode(output).item() == 2**63 - 1
        with pytest.raises(ValueError, match="give actions that int64 holds"):
            ActionDecoding.of(
                space_from_json({"type": "Discrete", "n": 3, "start": 2**63 - 2, "dtype": "uint64"})
            )

    def test_a_large_space_is_refused_in_one_line(self) -> None:
        low = np.arange(2000, dtype=np.float32).reshape(20, 100)
        with pytest.raises(ValueError, match="is unbounded: give every dimension bounds") as error:
            ActionDecoding.of(Box(low, np.full_like(low, np.inf)))
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 200

    def test_other_spaces_are_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match=r"action space Text\(.*: agents give Box, Discrete"):
            ActionDecoding.of(Dict({"a": Discrete(2), "b": Text(3)}))
        with pytest.raises(ValueError, match="5000 numbers"):
            ActionDecoding.of(Discrete(5000))


class TestLargeSpaces:
    PICTURES = Box(0, 255, (210, 160, 3), np.uint8)

    @pytest.mark.parametrize("encode", [ObservationEncoding.of, PlaceEncoding.of_box])
    def test_pictures_are_shown_the_way(self, encode: Any) -> None:
        message = (
            r"observation space Box\(0, 255, \(210, 160, 3\), uint8\) has 100800 numbers, a brain takes 1 to "
            r"4096, one node each: for pictures take `--policy hebbian --encoding pixels`$"
        )
        with pytest.raises(ValueError, match=message.replace("\\\\", "\\")):
            encode(self.PICTURES)
        encoding = PixelEncoding.of_box(self.PICTURES)
        with pytest.raises(ValueError, match=r"sees no pictures .* --encoding pixels`$"):
            config_for(self.PICTURES, Discrete(3), encoding)
        config = config_for(self.PICTURES, Discrete(3), encoding, HebbianConfig, hidden_sizes=[3])
        agent: Agent[Any] = Agent(self.PICTURES, Discrete(3), config, encoding=encoding)
        agent.birth(1)
        assert agent.act(np.full((210, 160, 3), 7, np.uint8)) in (0, 1, 2)

    def test_other_spaces_are_too_large(self) -> None:
        message = "has 5000 numbers, a brain takes 1 to 4096, one node each: register .* with a wrapper"
        with pytest.raises(ValueError, match=message):
            ObservationEncoding.of(Box(0, 255, (5000,), np.uint8))
        with pytest.raises(ValueError, match="picture has 3000000 numbers, a brain takes 1 to 1048576: make"):
            PixelEncoding.of_box(Box(0, 255, (1000, 1000, 3), np.uint8))


class TestSpacesAsJson:
    @given(st.one_of(boxes(), discretes))
    def test_round_trip_is_exact(self, space: gymnasium.Space[Any]) -> None:
        again = space_from_json(json.loads(json.dumps(space_to_json(space), allow_nan=False)))
        assert again == space
        if isinstance(space, Box) and isinstance(again, Box):
            assert np.array_equal(again.low, space.low)
            assert np.array_equal(again.high, space.high)

    @pytest.mark.parametrize(
        "dtype", [np.int8, np.uint16, np.int64, np.uint64, np.float16, np.float64, np.bool_]
    )
    def test_round_trip_of_the_whole_range_of_a_type(self, dtype: type[np.generic]) -> None:
        low, high = limits(dtype)
        space = Box(np.array([low], dtype), np.array([high], dtype), dtype=dtype)
        again = space_from_json(json.loads(json.dumps(space_to_json(space), allow_nan=False)))
        assert isinstance(again, Box)
        assert (again.dtype, again.low[0], again.high[0]) == (space.dtype, space.low[0], space.high[0])

    @pytest.mark.parametrize("side", [84, 210])
    def test_pictures_come_back_and_those_that_have_equal_bounds_take_little_room(self, side: int) -> None:
        space = Box(0, 255, (side, 160, 3), np.uint8)
        text = json.dumps(space_to_json(space))
        assert space_from_json(json.loads(text)) == space
        assert len(text) < (2**19 if side == 84 else 200)

    @pytest.mark.parametrize(
        ("low", "message"),
        [(-1, "with -1 in low"), (None, "with None in low"), ([0], "give 100800 numbers"), ("0", "with '0'")],
    )
    def test_foreign_bounds_of_pictures_are_refused(self, low: Any, message: str) -> None:
        data = space_to_json(Box(0, 255, (210, 160, 3), np.uint8))
        with pytest.raises(ValueError, match=message):
            space_from_json(data | {"low": low})
        with pytest.raises(ValueError, match="give 4 numbers"):
            space_from_json(data | {"shape": [4], "low": low})

    def test_other_spaces_cannot_be_saved(self) -> None:
        with pytest.raises(ValueError, match="cannot be saved: agents know Box, Discrete"):
            space_to_json(Text(3))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"type": "Sequence"},
                "whose type is Box or Discrete or MultiDiscrete or MultiBinary or Dict or",
            ),
            ({"type": "Tuple"}, "unknown key 'dtype'"),
            ({"type": ["Box"]}, "whose type is Box or Discrete"),
            ({"seed": 3}, "unknown key 'seed'"),
            ({"low": [0.0]}, "give 2 numbers"),
            ({"low": [0.0, "1"]}, "with '1' in low"),
            ({"low": [0.0, True]}, "with True in low"),
            ({"low": [0.0, math.nan]}, "with nan in low"),
            ({"high": [0.0, 1e39]}, r"1e\+39 in high: give a number that float32 holds"),
            ({"high": [-9.0, 1.0]}, "low <= high"),
            ({"shape": [2**40, 2**40]}, "give a list of lengths"),
            ({"shape": [10**9]}, "has 1000000000 numbers"),
            ({"shape": [-2]}, "give a list of lengths"),
            ({"shape": [1] * 100}, "give a list of lengths, 32 at most"),
            ({"dtype": "object"}, "space of dtype 'object': known are bool"),
            ({"dtype": {"a": 1}}, "space of dtype"),
        ],
    )
    def test_foreign_boxes_are_refused_in_one_line(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message) as error:
            space_from_json(space_to_json(CORNERS) | change)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(
        "change",
        [{"n": 0}, {"n": 10**10}, {"n": 2.0}, {"start": 2**63}, {"dtype": "int8", "start": 126}, {"n": None}],
    )
    def test_foreign_discrete_spaces_are_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"Discrete space of n=.* give 1 to 2147483648 values"):
            space_from_json(space_to_json(Discrete(3)) | change)


def limits(dtype: Any) -> tuple[Any, Any]:
    if dtype is np.bool_:
        return 0, 1
    info = np.finfo(dtype) if issubclass(dtype, np.floating) else np.iinfo(dtype)
    return info.min, info.max


class TestConfigurations:
    def test_sizes_come_from_the_spaces(self) -> None:
        config = config_for(Discrete(5), Box(-1, 1, (2, 2)), nodes=19, bias=True)
        assert config == LNDPConfig(
            observation_size=5, action_size=4, nodes=19, discrete_actions=False, bias=True
        )

    def test_large_spaces_get_more_nodes(self) -> None:
        assert config_for(Box(0, 1, (40,)), Discrete(3)).nodes == 51
        assert config_for(Box(0, 1, (4,)), Discrete(3)).nodes == 32

    def test_an_encoding_decides_on_the_number_of_inputs(self) -> None:
        space = Box(0, 4, (1,))
        assert config_for(space, Discrete(3), PlaceEncoding.of_box(space)).observation_size == 5

    def test_an_unknown_field_is_refused(self) -> None:
        with pytest.raises(ValueError, match="unknown configuration field 'colour'"):
            config_for(Discrete(5), Discrete(2), colour="red")

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            (
                LNDPConfig(observation_size=4, action_size=3),
                r"observation_size=4, but Discrete\(5\) gives 5 inputs",
            ),
            (
                LNDPConfig(observation_size=5, action_size=2),
                r"action_size=2 .* but Discrete\(3\) takes 3 and True",
            ),
            (LNDPConfig(observation_size=5, action_size=3, discrete_actions=False), "discrete_actions=False"),
        ],
    )
    def test_a_configuration_for_other_spaces_is_named(self, config: LNDPConfig, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check_fit(config, Discrete(5), Discrete(3), ObservationEncoding.of(Discrete(5)))

    def test_an_encoding_of_another_space_is_named(self) -> None:
        config = config_for(Discrete(5), Discrete(3))
        with pytest.raises(ValueError, match=r"does not fit the observation space Discrete\(5\)"):
            check_fit(config, Discrete(5), Discrete(3), ObservationEncoding.of(Box(0, 1, (5,))))
