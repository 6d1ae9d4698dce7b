"""The picture of the README: what is drawn is what the two agents live."""

import importlib
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from lndp_envs import SenseReward
from PIL import Image

from lndp_agents import Lesion, load_pretrained
from lndp_agents.policies.gru import GRUConfig

FOLDER = Path(__file__).parent.parent / "examples" / "hero"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a module of the folder as Python does that runs the script."""
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in ("hero", "patients", "picture"):
        sys.modules.pop(name, None)


def test_a_small_picture(script: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hero.gif"
    script("hero").main(["--out", str(path), "--lives", "2", "--steps", "4", "--width", "420"])
    with Image.open(path) as image:
        assert image.size == (420, 322)
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
        assert image.info["loop"] == 0
    frames = [frames[0], *(after for before, after in pairwise(frames) if (after != before).any())]
    assert len(frames) == 6  # four steps, the injury and the end
    dark = [int((frame[118:212] < 70).all(-1).sum()) for frame in frames]
    assert min(dark[2:4]) > max(dark[:2]) + 200  # what the injury takes is dashed in ink
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in printed[:2]] == ["LNDP", "GRU"]
    assert printed[2].startswith("shown is the life of seed ")


def test_the_weights_that_are_drawn_dark_are_those_that_are_lost(script: Any) -> None:
    module = script("patients")
    patient = module.Fixed(load_pretrained(str(FOLDER / "agents" / "gru")))
    lesion = Lesion(at=1, zero=0.33)
    moments = list(patient.live(3, 3, lesion, is_drawn=True))
    agent = load_pretrained(str(FOLDER / "agents" / "gru"))
    agent.birth(3)
    program: Any = lesion.before_step(1, agent.phenotype)
    lost = {name: (tensor[0] == 0).numpy() for name, tensor in program.parameters.items()}
    assert isinstance(agent.config, GRUConfig)
    inputs, hidden = agent.config.input_size, agent.config.hidden_size
    gates = lost["weight_ih"].reshape(3, hidden, inputs)
    expected = gates.sum(0).T >= 2
    assert not moments[0].brain.dark.any()
    for moment in moments[1:]:
        np.testing.assert_array_equal(moment.brain.dark[:inputs, inputs : inputs + hidden], expected)
        np.testing.assert_array_equal(
            moment.brain.dark[inputs : inputs + hidden, inputs + hidden :], lost["out.weight"].T
        )


def test_the_lives_are_those_that_a_user_would_lead(script: Any) -> None:
    module = script("patients")
    agent = load_pretrained("foraging-reversal")
    lesion = Lesion(at=4, zero=1.0)
    *_, end = module.Plastic(agent).live(5, 12, lesion, is_drawn=False)
    rewards, (observation, _) = (
        [],
        (env := SenseReward(gymnasium.make(module.ENVIRONMENT))).reset(seed=5),
    )
    agent.birth(5)
    for step in range(12):
        if step == 4:
            agent.lesion(lesion)
        observation, reward, *_ = env.step(agent.act(observation))
        rewards.append(reward)
    assert end.rewards == rewards
    assert len(end.food) == 13


def test_a_typical_life_is_nearest_to_both_medians(script: Any) -> None:
    hero, moment = script("hero"), script("patients").Moment

    def end(meals: int, moves: tuple[int, ...]) -> Any:
        food = [sum(step >= move for move in moves) % 2 for step in range(101)]
        return moment(None, None, None, [0.0] * 50 + [10.0] * meals + [0.0] * (50 - meals), food)

    clear, unclear = (30, 70), (30, 55, 70)
    plastic = [end(10, unclear), end(12, clear), end(11, clear), end(8, clear)]  # median 10.5
    fixed = [end(5, clear), end(9, clear), end(4, clear), end(5, clear)]  # median 5
    assert hero.typical([plastic, fixed], 50) == 2
    unclear_lives = [end(meals, unclear) for meals in (10, 12, 11, 8)]
    assert hero.typical([unclear_lives, fixed], 50) == 0


def test_what_is_said_of_a_life(script: Any) -> None:
    note, moment = script("picture").note, script("patients").Moment

    def said(rewards: str, food: str) -> str:
        return note(
            moment(None, None, None, [10.0 * int(reward) for reward in rewards], [int(s) for s in food])
        )

    assert said("", "0") == said("00", "000") == "it cannot see the food"
    assert said("01", "000") == ""
    assert said("01", "001") == said("010", "0011") == "the food has moved"
    assert said("01001", "001111") == said("010010", "0011111") == "found it again"
    assert said("01001000001", "001111111111") == ""
    assert said("010000000", "0000000000") == "no food for 7 steps"


def test_curves_are_means_of_lives_and_of_the_last_steps(script: Any) -> None:
    means = script("picture").trailing_means(np.array([[0.0, 2, 4, 6], [2.0, 2, 2, 2]]), 2)
    np.testing.assert_array_equal(means, [np.nan, 1.5, 2.5, 3.5])
