"""Spaces of several parts: rows of numbers, their encodings and decodings, and agents that live in them."""

import json
from typing import Any

import gymnasium
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Text, Tuple
from gymnasium.utils.env_checker import data_equivalence
from hypothesis import given
from lndp_envs import Lifetime, SenseReward
from strategies import binaries, discretes, multi_discretes, several

from lndp_agents import LNDPAgent
from lndp_agents.spaces import (
    ActionDecoding,
    ObservationEncoding,
    config_for,
    from_numbers,
    highest,
    plain_space,
    space_from_json,
    space_to_json,
    to_numbers,
)
from lndp_agents.spaces.choices import BitsEncoding, OneHotEncoding
from lndp_agents.spaces.rows import Unread, row_shape, unread

SEEN = Dict({"where": Discrete(3, start=1), "hand": Tuple([MultiBinary(2), Box(-2, 2, (1, 2)), Text(9)])})
DONE = Dict({"pick": MultiDiscrete([2, 3]), "force": Box(-1, 3, (1,)), "keys": MultiBinary(2)})
SAMPLE = {"where": 3, "hand": ([1, 0], [[0.5, -1.0]], "north")}


def arrays(value: Any) -> Any:
    """Arrays where Gymnasium samples a scalar."""
    if isinstance(value, dict):
        return {key: arrays(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(arrays, value))
    return value if value is None else np.asarray(value)


class TestRows:
    def test_the_parts_stand_in_the_order_of_the_space(self) -> None:
        assert to_numbers(plain_space(SEEN), SAMPLE).tolist() == [1, 0, 0.5, -1, 3]  # "hand" before "where"

    @given(several())
    def test_a_value_comes_back(self, space: gymnasium.Space[Any]) -> None:
        space.seed(3)
        value = space.sample()
        numbers = to_numbers(space, value)
        assert (numbers.shape, numbers.dtype) == (row_shape(space), np.float64)
        assert data_equivalence(arrays(from_numbers(space, numbers)), arrays(value), exact=True)
        assert np.array_equal(to_numbers(space, numbers), numbers)  # a row stays one

    @given(several())
    def test_values_with_an_axis_of_rows_are_the_single_ones(self, space: gymnasium.Space[Any]) -> None:
        space.seed(5)
        rows = np.stack([to_numbers(space, space.sample()) for _ in range(3)])
        assert np.array_equal(to_numbers(space, from_numbers(space, rows)), rows)

    @given(several(is_bounded=True))
    def test_the_highest_is_the_largest_of_the_space(self, space: gymnasium.Space[Any]) -> None:
        top = highest(space)
        assert space.contains(from_numbers(space, top))
        for seed in range(3):
            space.seed(seed)
            assert (to_numbers(space, space.sample()) <= top).all()

    def test_parts_without_numbers_are_left_out_by_name(self) -> None:
        plain = plain_space(SenseReward(_env(SEEN)).observation_space)
        assert plain == Dict({"where": SEEN["where"], "hand": Tuple([*SEEN["hand"].spaces[:2], Unread()])})
        assert unread(plain) == ["hand.2"]
        assert plain_space(DONE) is DONE
        assert unread(DONE) == []

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (3, "observation 3: give a dict with 'hand'"),
            ({"where": 3}, "give a dict with 'hand'"),
            (SAMPLE | {"hand": ([1, 0],)}, "give a tuple"),
            (SAMPLE | {"where": "north"}, r"observation 'north': give numbers, for Discrete\(3, start=1\)"),
            (SAMPLE | {"hand": ([1, 0, 1], [[0, 0]], "")}, r"of shape \(3,\): give \(2,\)"),
            (SAMPLE | {"where": [1, 2]}, r"rows \[\(\), \(2,\)\] in its parts"),
            (np.zeros(4), r"give a dict with 'hand'"),
        ],
    )
    def test_values_of_other_spaces_are_refused_in_one_line(self, value: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message) as error:
            to_numbers(plain_space(SEEN), value)
        assert "\n" not in str(error.value)


class TestEncoding:
    @given(st.lists(discretes | binaries | multi_discretes(64), min_size=2, max_size=4))
    def test_choices_are_encoded_as_gymnasium_flattens_them(self, parts: list[gymnasium.Space[Any]]) -> None:
        space = Dict({"b": Tuple(parts[1:]), "a": parts[0]})
        encoding = ObservationEncoding.of(space)
        value = space.sample()
        assert encoding.accepts(space)
        inputs = encoding.encode(torch.tensor(to_numbers(space, value)))
        assert inputs.tolist() == spaces.flatten(space, value).tolist()

    def test_each_part_is_encoded_by_itself_and_texts_not_at_all(self) -> None:
        encoding = ObservationEncoding.of(SEEN)
        row = torch.tensor(to_numbers(plain_space(SEEN), SAMPLE))
        assert encoding.encode(row).tolist() == [1, 0, 0.25, -0.5, 0, 0, 1]
        assert encoding.encode(row.expand(4, 3, -1)).shape == (4, 3, 7)

    def test_statistics_are_those_of_the_row(self) -> None:
        space = Tuple([Discrete(2), Box(-np.inf, np.inf, (2,))])
        encoding = ObservationEncoding.of(space, [9.0, 1.0, 2.0], [9.0, 2.0, 4.0])
        assert encoding.encode(torch.tensor([1.0, 3.0, -2.0])).tolist() == [0, 1, 1, -1]

    def test_many_values_become_the_digits_of_their_number(self) -> None:
        encoding = ObservationEncoding.of(Discrete(500, start=-2))
        assert (encoding, encoding.size) == (BitsEncoding(500, -2), 9)
        assert encoding.encode(torch.tensor([-2, -1, 3])).tolist() == [
            [-1] * 9,
            [1] + [-1] * 8,
            [1, -1, 1] + [-1] * 6,
        ]
        assert encoding.encode(torch.tensor([-3, 498])).tolist() == [[0] * 9] * 2  # none of the space
        assert (BitsEncoding(1).size, BitsEncoding(2).size, BitsEncoding(2**31).size) == (1, 1, 31)

    def test_every_value_has_digits_of_its_own(self) -> None:
        inputs = ObservationEncoding.of(Discrete(300)).encode(torch.arange(300))
        assert len({tuple(row) for row in inputs.tolist()}) == 300

    def test_a_saved_one_hot_of_many_values_is_still_good(self) -> None:
        space = Discrete(500)
        assert ObservationEncoding.of(Discrete(64)) == OneHotEncoding(64)
        old = ObservationEncoding.from_json({"kind": "one_hot", "num_values": 500, "start": 0})
        agent = LNDPAgent(space, Discrete(2), config_for(space, Discrete(2), old), encoding=old)
        assert agent.config.observation_size == 500

    @given(several())
    def test_json_round_trip(self, space: gymnasium.Space[Any]) -> None:
        encoding = ObservationEncoding.of(space)
        assert ObservationEncoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"kind": "parts", "parts": []}, "give encodings"),
            ({"kind": "parts", "parts": 3}, "of the parts 3: give a list"),
            ({"kind": "parts", "parts": [3]}, "encoding 3: give an object of kind"),
            ({"kind": "parts"}, "lacks the key 'parts'"),
            ({"kind": "parts", "parts": [ObservationEncoding.of(SEEN).to_json()]}, "none of parts itself"),
            (
                {"kind": "parts", "parts": [{"kind": "one_hot", "num_values": 4000, "start": 0}] * 2},
                "8000 numbers, a brain takes 1 to 4096",
            ),
            ({"kind": "bits", "num_values": 2**32, "start": 0}, "give 1 to 2147483648"),
            ({"kind": "bits", "num_values": 9, "start": 0.5}, "from an integer"),
        ],
    )
    def test_foreign_json_is_refused_in_one_line(self, data: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message) as error:
            ObservationEncoding.from_json(data)
        assert "\n" not in str(error.value)


class TestDecoding:
    def test_each_choice_has_outputs_of_its_own(self) -> None:
        decoding = ActionDecoding.of(DONE)
        output = torch.tensor([0.5, 0.1, -0.1, 0.2, 0.9, 0.3, 0.4, 0.3])  # force, keys, pick 0, pick 1
        assert (decoding.size, decoding.discrete) == (8, False)
        action = from_numbers(DONE, decoding.decode(output).numpy())
        assert {name: value.tolist() for name, value in action.items()} == {
            "force": [2.0],
            "keys": [1, 0],
            "pick": [1, 1],
        }

    def test_binary_actions_are_where_outputs_are_positive(self) -> None:
        decoding = ActionDecoding.of(MultiBinary((1, 2)))
        output = torch.tensor([[0.0, 0.1], [-1.0, 1.0]])
        assert decoding.decode(output).tolist() == [[[0, 1]], [[0, 1]]]

    @given(several(is_bounded=True))
    def test_every_action_is_in_its_space(self, space: gymnasium.Space[Any]) -> None:
        decoding = ActionDecoding.of(space)
        output = torch.linspace(-1.2, 1.2, 3 * decoding.size).reshape(3, -1)
        for row in decoding.decode(output).numpy():
            assert space.contains(from_numbers(space, row))


class TestJson:
    @given(several())
    def test_round_trip_is_exact(self, space: gymnasium.Space[Any]) -> None:
        again = space_from_json(json.loads(json.dumps(space_to_json(space), allow_nan=False)))
        assert again == space
        assert str(again) == str(space)  # the order of keys too, which == leaves alone

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"type": "Dict", "spaces": {"a": 1}}, "give a list of 1 to 4096"),
            ({"type": "Dict", "spaces": [["a"]]}, "pairs of a key and a space"),
            ({"type": "Dict", "spaces": [[1, {"type": "Unread"}]]}, "pairs of a key and a space"),
            ({"type": "Dict", "spaces": [["a", {"type": "Unread"}]] * 2}, "each key once"),
            ({"type": "Tuple", "spaces": []}, "give a list of 1 to 4096"),
            ({"type": "Tuple", "spaces": [{"type": "Unread", "x": 1}]}, "unknown key 'x'"),
            ({"type": "MultiBinary", "n": 10**9}, "takes 1 to 4096"),
            ({"type": "MultiBinary", "n": True}, "give a list of lengths"),
            ({"type": "MultiBinary", "n": [2, 0]}, "takes 1 to 4096"),
            (
                {"type": "MultiDiscrete", "shape": [2], "nvec": [2], "start": [0, 0], "dtype": "int8"},
                "give 2 nvec and start",
            ),
            (
                {"type": "MultiDiscrete", "shape": [1], "nvec": [0], "start": [0], "dtype": "int8"},
                "MultiDiscrete space of n=0",
            ),
            (
                {"type": "MultiDiscrete", "shape": [1], "nvec": [9], "start": [120], "dtype": "int8"},
                "that int8 holds",
            ),
        ],
    )
    def test_foreign_json_is_refused_in_one_line(self, data: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message) as error:
            space_from_json(data)
        assert "\n" not in str(error.value)

    def test_a_space_in_a_space_in_a_space_has_an_end(self) -> None:
        data: dict[str, Any] = {"type": "Unread"}
        for _ in range(17):
            data = {"type": "Tuple", "spaces": [data]}
        with pytest.raises(ValueError, match="at most 16 spaces within each other"):
            space_from_json(data)

    def test_a_key_that_is_no_string_is_refused(self) -> None:
        with pytest.raises(ValueError, match="with the key 3: give strings"):
            space_to_json(Dict({3: Discrete(2)}))


def _env(observations: gymnasium.Space[Any]) -> gymnasium.Env[Any, Any]:
    """Shows samples, pays by what is pressed, ends after four steps."""

    class Anything(gymnasium.Env[Any, Any]):
        observation_space = observations
        action_space = DONE

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[Any, dict[str, Any]]:
            super().reset(seed=seed)
            self.steps = 0
            self.observation_space.seed(seed)
            return self.observation_space.sample(), {}

        def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            assert self.action_space.contains(action)
            self.steps += 1
            return self.observation_space.sample(), float(action["keys"].sum()), self.steps == 4, False, {}

    return Anything()


class TestAgent:
    @pytest.fixture
    def agent(self) -> LNDPAgent:
        return LNDPAgent(SEEN, DONE, config_for(SEEN, DONE, nodes=20, initial_density=0.5))

    def test_it_lives_on_what_the_environment_shows(self, agent: LNDPAgent) -> None:
        env = SenseReward(Lifetime(_env(SEEN), 2))
        agent.birth(1)
        observation, _ = env.reset(seed=1)
        starts, is_over = [], False
        while not is_over:
            starts.append(bool(observation["episode_start"].item()))
            observation, _, is_over, _, _ = env.step(agent.act(observation))
        assert starts == [True, False, False, False] * 2

    def test_act_takes_a_plain_observation_and_its_numbers_alike(self, agent: LNDPAgent) -> None:
        actions = []
        for observation in (SAMPLE, to_numbers(agent.observation_space, SAMPLE)):
            agent.birth(1)
            actions.append(agent.act(observation, 0.5))
        assert data_equivalence(actions[0], actions[1], exact=True)
        assert DONE.contains(actions[0])

    def test_rows_of_predict_are_lives_of_their_own(self, agent: LNDPAgent) -> None:
        envs = [SenseReward(_env(SEEN)) for _ in range(3)]
        observations = [env.reset(seed=seed)[0] for seed, env in enumerate(envs)]
        together = {
            "observation": {
                "where": np.array([one["observation"]["where"] for one in observations]),
                "hand": tuple(
                    np.array([one["observation"]["hand"][part] for one in observations]) for part in range(3)
                ),
            },
            "reward": np.array([one["reward"] for one in observations]),
            "episode_start": np.array([one["episode_start"] for one in observations]),
        }
        actions, lives = agent.predict(together)
        assert {name: value.shape for name, value in actions.items()} == {
            "force": (3, 1),
            "keys": (3, 2),
            "pick": (3, 2),
        }
        assert [len(part) for part in lives] == [3] * len(lives)
        alone, _ = agent.predict(observations[0])
        assert DONE.contains(alone)
        assert np.allclose(alone["force"], actions["force"][0], atol=1e-4)

    def test_it_comes_back_from_its_files(self, agent: LNDPAgent, tmp_path: Any) -> None:
        agent.save_pretrained(tmp_path)
        again = LNDPAgent.from_pretrained(tmp_path)
        assert again.observation_space == agent.observation_space == plain_space(SEEN)
        agent.birth(4), again.birth(4)
        assert data_equivalence(agent.act(SAMPLE), again.act(SAMPLE), exact=True)
