"""Learners of stable-baselines3 behind the protocol: their training, their folders, their frames."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecFrameStack

from lndp_agents.baselines import (
    CurvePoint,
    Job,
    baseline_names,
    is_finished,
    load_baseline,
    read_curve,
    train_baseline,
)
from lndp_agents.baselines.ppo_frame_stack import FRAMES, FrameStackPolicy
from lndp_agents.baselines.registry import BASELINE_FILE, LEARNERS, RULES
from lndp_agents.baselines.vec_env import make_vec_env
from lndp_agents.persistence import FileFormatError
from lndp_agents.rollout.streams import HELD_OUT
from lndp_agents.studies.evaluation import evaluate_policy_lives

FORAGING = "lndp/Foraging-v0"
PENDULUM, SHORT = "lndp/PendulumLife-v0", {"episode_steps": 10}
ROLLOUT = 64


@pytest.fixture
def short_rollouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lndp_agents.baselines.learning.EVALUATION_LIVES", 4)
    for module in LEARNERS.values():
        monkeypatch.setattr(f"lndp_agents.baselines.{module}.NUM_ENVS", 4)
        monkeypatch.setattr(f"lndp_agents.baselines.{module}.NUM_STEPS", ROLLOUT // 4)
        monkeypatch.setattr(f"lndp_agents.baselines.{module}.BATCH_SIZE", ROLLOUT)


def ignore(point: CurvePoint) -> None:
    pass


def lives_of(policy: Any, environment: str, keywords: dict[str, Any]) -> NDArray[np.float64]:
    return evaluate_policy_lives(policy, environment, keywords, lives=6).rewards


def test_the_names() -> None:
    assert baseline_names() == [
        "ppo",
        "ppo-frame-stack",
        "recurrent-ppo",
        "random",
        "scripted",
        "win-stay-lose-shift",
    ]


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_is_trained_saved_and_loaded(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs" / name
    job = Job(PENDULUM, SHORT, budget_steps=2 * ROLLOUT + 5, seed=3)
    global_state = torch.get_rng_state()
    policy = train_baseline(name, job, folder)
    assert torch.equal(torch.get_rng_state(), global_state)

    curve = read_curve(folder)
    assert [point.steps for point in curve] == [0, ROLLOUT, 2 * ROLLOUT]  # all of the budget that fits
    assert [point.seconds for point in curve] == sorted(point.seconds for point in curve)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"{name}, seed 3"] * 3
    assert f"{ROLLOUT}/{job.budget_steps} steps, held-out {curve[1].held_out:.1f}" in lines[1]

    held_out = evaluate_policy_lives(policy, PENDULUM, SHORT, lives=4, seed=3, stream=HELD_OUT)
    assert held_out.score.mean == max(point.held_out for point in curve)  # what was best is what is kept

    loaded = load_baseline(folder)
    np.testing.assert_array_equal(lives_of(loaded, PENDULUM, SHORT), lives_of(policy, PENDULUM, SHORT))
    assert (loaded.action_space, is_finished(folder)) == (policy.action_space, True)
    with pytest.raises(ValueError, match="holds a finished baseline"):
        train_baseline(name, job, folder)


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize("name", LEARNERS)
def test_a_seed_names_the_training(name: str) -> None:
    def weights(seed: int) -> list[float]:
        job = Job(PENDULUM, SHORT, budget_steps=ROLLOUT, seed=seed)
        policy: Any = train_baseline(name, job, report=ignore)
        model = policy.model if name == "ppo-frame-stack" else policy
        return [float(part.sum()) for part in model.policy.state_dict().values()]

    first = weights(1)
    torch.rand(3)
    assert weights(1) == first != weights(2)


@pytest.mark.usefixtures("short_rollouts")
def test_any_environment_can_be_learned() -> None:
    for environment, name in (("FrozenLake-v1", "ppo"), ("MountainCar-v0", "ppo-frame-stack")):
        points: list[CurvePoint] = []
        train_baseline(name, Job(environment, budget_steps=ROLLOUT, episodes=2), report=points.append)
        assert [point.steps for point in points] == [0, ROLLOUT]
    with pytest.raises(ValueError, match=r"ppo-frame-stack stacks vectors, and FrozenLake-v1 shows Discrete"):
        train_baseline("ppo-frame-stack", Job("FrozenLake-v1", budget_steps=ROLLOUT))


def test_frames_are_stacked_as_in_the_training() -> None:
    envs = VecFrameStack(make_vec_env("lndp/CartPoleLife-v0", {"episodes": 2}, 3, 0), FRAMES)
    model = PPO("MultiInputPolicy", envs, n_steps=4, batch_size=12, device="cpu", seed=0)
    policy = FrameStackPolicy(model)
    single = make_vec_env("lndp/CartPoleLife-v0", {"episodes": 2}, 3, 0)
    stacked: Any = envs.reset()
    frame: Any = single.reset()
    memory, starts, num_ends = None, np.ones(3, np.bool_), 0
    for _ in range(120):
        action, memory = policy.predict(frame, memory, starts, deterministic=True)
        np.testing.assert_array_equal(action, model.predict(stacked, deterministic=True)[0])
        for name, part in zip(sorted(stacked), memory, strict=True):
            np.testing.assert_array_equal(part, stacked[name])
        (stacked, *_), (frame, _, starts, _) = envs.step(action), single.step(action)
        num_ends += int(starts.sum())
    assert num_ends > 3


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_kept_as_its_name(name: str, tmp_path: Path) -> None:
    policy = train_baseline(name, Job(FORAGING, seed=4), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [BASELINE_FILE]
    np.testing.assert_array_equal(
        lives_of(load_baseline(tmp_path), FORAGING, {}), lives_of(policy, FORAGING, {})
    )
    assert read_curve(tmp_path) == []


def test_a_budget_below_one_update_is_refused() -> None:
    with pytest.raises(ValueError, match="budget_steps=4095: it learns from 4096 steps at a time"):
        train_baseline("ppo", Job(FORAGING, budget_steps=4095), report=ignore)


def test_an_unfinished_training_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(point: CurvePoint) -> None:
        raise KeyboardInterrupt

    job = Job(FORAGING, budget_steps=4096)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_baseline("ppo", job, tmp_path, interrupt)
        assert len(read_curve(tmp_path)) == 1
        assert not is_finished(tmp_path)
    with pytest.raises(FileFormatError, match=r"baseline\.json"):
        load_baseline(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"baseline": "ppo"}', "{damaged", None],
)
def test_damaged_folders_are_refused_in_one_line(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / BASELINE_FILE
    train_baseline("random", Job(FORAGING), tmp_path)
    other = file.read_text().replace('"random"', '"unheard-of"')
    file.write_text(other if content is None else content)
    with pytest.raises(FileFormatError, match=r"^\S*baseline\.json[^\n]*$"):
        load_baseline(tmp_path)


def test_unknown_names_are_answered_with_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no baseline 'ppoo': known are ppo, .*; did you mean 'ppo'\?"):
        train_baseline("ppoo", Job(FORAGING))


def test_without_stable_baselines3_the_rest_works_and_the_error_names_the_extra() -> None:
    program = """
import sys
for name in ("stable_baselines3", "sb3_contrib"):
    sys.modules[name] = None
from lndp_agents.baselines import Job, train_baseline
from lndp_agents.studies.evaluation import evaluate_policy_lives
job = Job("lndp/Foraging-v0", budget_steps=2048)
print(evaluate_policy_lives(train_baseline("scripted", job), job.environment, lives=2).score.mean)
for name in ("ppo", "ppo-frame-stack", "recurrent-ppo"):
    try:
        train_baseline(name, job)
    except ImportError as error:
        print(error)
try:
    import lndp_agents.baselines.vec_env
except ImportError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    score, *errors = result.stdout.splitlines()
    assert float(score) == 490.0
    assert [error.partition(":")[0] for error in errors] == [
        "ppo needs stable_baselines3",
        "ppo-frame-stack needs stable_baselines3",
        "recurrent-ppo needs sb3_contrib",
        "baselines need stable-baselines3",
    ]
    assert all(error.endswith(': pip install "lndp-agents[compare]"') for error in errors)


@pytest.mark.slow
def test_ppo_with_frames_learns_where_the_food_is() -> None:
    """Four frames reach from one meal to the next, so that it can do what one without memory cannot."""
    policy = train_baseline("ppo-frame-stack", Job(FORAGING, budget_steps=60_000), report=ignore)
    assert evaluate_policy_lives(policy, FORAGING, lives=64).score.mean > 300  # one side alone: 250
