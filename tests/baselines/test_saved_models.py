"""Models of stable-baselines3 as files: what acts as before, and what files of others can do (nothing)."""

import base64
import importlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from safetensors.torch import load, save

from lndp_agents import cli
from lndp_agents.baselines import CurvePoint, Job, load_baseline, train_baseline
from lndp_agents.baselines.registry import (
    BASELINE_FILE,
    LEARNERS,
    hyperparameters_of,
    read_baseline,
    read_curve,
)
from lndp_agents.interventions.trained import network_of
from lndp_agents.persistence import FileFormatError
from lndp_agents.rollout import PredictPolicy
from lndp_agents.studies.evaluation import evaluate_policy_lives

PENDULUM, SHORT = "lndp/PendulumLife-v0", {"episode_steps": 10}
ROLLOUT, ROWS = 64, 5
MODEL = "model.safetensors"
LNDP = Path(sys.executable).with_name("lndp")
Trained = dict[str, tuple[PredictPolicy, Path]]


def ignore(point: CurvePoint) -> None:
    pass


def learned(name: str, folder: Path | None, environment: str = PENDULUM, **fields: Any) -> PredictPolicy:
    """A training of one update."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lndp_agents.baselines.learning.EVALUATION_LIVES", 2)
        module = importlib.import_module(f"lndp_agents.baselines.{LEARNERS[name]}")
        for constant, value in {"NUM_ENVS": 4, "NUM_STEPS": ROLLOUT // 4, "BATCH_SIZE": ROLLOUT}.items():
            patch.setattr(module, constant, value)
        job = Job(environment, SHORT if environment == PENDULUM else {}, budget_steps=ROLLOUT, **fields)
        return train_baseline(name, job, folder, ignore)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Every learner after one update, and its folder; copy that before changing it."""
    folders = tmp_path_factory.mktemp("trained")
    return {name: (learned(name, folders / name), folders / name) for name in LEARNERS}


def copied(trained: Trained, name: str, folder: Path) -> Path:
    return Path(shutil.copytree(trained[name][1], folder / name))


def actions(policy: PredictPolicy, seed: int = 0) -> list[NDArray[Any]]:
    """Ten steps of some rows, the likeliest actions and drawn ones."""
    draw = np.random.default_rng(seed)
    shapes = {"observation": (ROWS, 3), "reward": (ROWS, 1), "episode_start": (ROWS, 1)}
    memory, found = None, list[NDArray[Any]]()
    torch.manual_seed(seed)
    for step in range(10):
        senses = {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        starts = np.full(ROWS, step in (0, 6))
        drawn = policy.predict(senses, memory, starts, deterministic=False)[0]
        action, memory = policy.predict(senses, memory, starts, deterministic=True)
        found += [drawn, action]
    return found


@pytest.mark.parametrize("name", LEARNERS)
def test_it_acts_as_it_did(name: str, trained: Trained) -> None:
    policy, folder = trained[name]
    generators = torch.get_rng_state()
    again = load_baseline(folder)
    assert torch.equal(torch.get_rng_state(), generators)
    before, after = actions(policy), actions(again)
    assert len(np.unique(before)) > 20
    np.testing.assert_array_equal(after, before)
    assert again.action_space == policy.action_space
    lives = [evaluate_policy_lives(each, PENDULUM, SHORT, lives=3).rewards for each in (policy, again)]
    np.testing.assert_array_equal(*lives)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_folder_has_nothing_that_runs(name: str, trained: Trained) -> None:
    policy, folder = trained[name]
    assert {path.name for path in folder.iterdir()} == {BASELINE_FILE, "curve.csv", MODEL}
    parameters: Any = network_of(policy)
    saved = load((folder / MODEL).read_bytes())
    assert set(saved) == set(parameters.state_dict())
    assert all(torch.equal(tensor, saved[name]) for name, tensor in parameters.state_dict().items())


@pytest.mark.parametrize("name", LEARNERS)
def test_all_settings_are_written_down(name: str, trained: Trained) -> None:
    found = read_baseline(trained[name][1]).hyperparameters
    assert found is not None
    assert found == hyperparameters_of(name) | {
        "num_envs": 4,
        "n_steps": ROLLOUT // 4,
        "batch_size": ROLLOUT,
        "look_lives": 2,
    }
    assert (found["learning_rate"], found["gamma"], found["n_epochs"], found["looks"]) == (3e-4, 0.99, 10, 20)
    assert found.get("frames") == (4 if name == "ppo-frame-stack" else None)
    lstm = {"lstm_hidden_size": 64, "shared_lstm": True, "enable_critic_lstm": False}
    assert found["policy_kwargs"] == (lstm if name == "recurrent-ppo" else {})


class _Wide(gymnasium.Env[Any, Any]):
    """Shows more numbers than a file of an agent may say the bounds of."""

    observation_space = Box(-1.0, 1.0, (5000,))
    action_space = Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        return np.zeros(5000, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.zeros(5000, np.float32), 0.0, False, False, {}


def test_what_cannot_be_saved_is_refused_before_it_is_learned(tmp_path: Path) -> None:
    gymnasium.register("Wide-v0", _Wide, max_episode_steps=4)
    try:
        with pytest.raises(ValueError, match="Box space has 5000 numbers"):
            learned("ppo", tmp_path, "Wide-v0")
    finally:
        del gymnasium.registry["Wide-v0"]
    assert read_curve(tmp_path) == []


def refused(folder: Path, *parts: str) -> None:
    """In one line that begins with the file, and draws from no global generator."""
    generators = torch.get_rng_state()
    with pytest.raises(FileFormatError) as error:
        load_baseline(folder)
    assert torch.equal(torch.get_rng_state(), generators)
    line = str(error.value)
    assert line.startswith(f"{folder}")
    assert line.isprintable()
    assert len(line) < 500
    assert all(part in line for part in parts)


class TestDamage:
    def test_any_flipped_bit_of_a_model_is_noticed(self, trained: Trained, tmp_path: Path) -> None:
        folder = copied(trained, "recurrent-ppo", tmp_path)
        sound = (folder / MODEL).read_bytes()
        for place in range(0, len(sound), 2003):
            damaged = bytearray(sound)
            damaged[place] ^= 1 << place % 8
            (folder / MODEL).write_bytes(damaged)
            refused(folder, MODEL)

    @pytest.mark.parametrize("length", [0, 7, 100, -1])
    def test_a_model_of_another_length(self, trained: Trained, tmp_path: Path, length: int) -> None:
        folder = copied(trained, "ppo", tmp_path)
        (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:length])
        refused(folder, MODEL)

    @pytest.mark.parametrize("target", ["pipe", "/dev/zero", "nothing", "."])
    @pytest.mark.parametrize("name", [MODEL, BASELINE_FILE])
    def test_what_is_no_file(self, trained: Trained, tmp_path: Path, name: str, target: str) -> None:
        folder = copied(trained, "ppo", tmp_path)
        (folder / name).unlink()
        if target == "pipe":
            os.mkfifo(folder / name)
        else:
            (folder / name).symlink_to(target)
        refused(folder, name)

    def test_the_model_of_another_training(self, trained: Trained, tmp_path: Path) -> None:
        folder = copied(trained, "ppo", tmp_path)
        learned("ppo", tmp_path / "other", seed=2)
        shutil.copy(tmp_path / "other" / MODEL, folder / MODEL)
        refused(folder, MODEL, "not the model that was saved here")
        shutil.copy(trained["recurrent-ppo"][1] / MODEL, folder / MODEL)
        refused(folder, MODEL)

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_a_model_that_is_not_made_of_numbers(
        self, trained: Trained, tmp_path: Path, value: float
    ) -> None:
        folder = copied(trained, "ppo", tmp_path)
        parameters = load((folder / MODEL).read_bytes())
        parameters["log_std"][0] = value
        (folder / MODEL).write_bytes(save(parameters))
        refused(folder, MODEL, "log_std holds NaN or infinity")

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("format_version",), 3),
            (("format_version",), True),
            (("baseline",), "unheard-of"),
            (("baseline",), ["ppo"]),
            (("environment",), 3),
            (("keywords",), []),
            (("seed",), -1),
            (("episodes",), 1e9),
            (("hyperparameters",), None),
            (("hyperparameters",), {}),
            (("hyperparameters", "policy_kwargs"), {"net_arch": [10**9]}),
            (("hyperparameters", "policy_kwargs"), 3),
            (("hyperparameters", "policy_kwargs", "lstm_hidden_size"), 10**9),
            (("hyperparameters", "policy_kwargs", "lstm_hidden_size"), 0),
            (("hyperparameters", "policy_kwargs", "lstm_hidden_size"), 32),
            (("hyperparameters", "policy_kwargs", "lstm_hidden_size"), True),
            (("hyperparameters", "policy_kwargs", "shared_lstm"), "yes"),
            (("hyperparameters", "policy_kwargs", "shared_lstm"), False),
            (("hyperparameters", "policy_kwargs", "features_extractor_class"), "os.system"),
            (("model",), "model.zip"),
            (("model", "model_sha256"), "0" * 64),
            (("model", "model_sha256"), None),
            (("model", "action_space"), {"type": "Discrete", "n": 10**9, "start": 0, "dtype": "int64"}),
            (("model", "action_space"), {"type": "Discrete", "n": 2, "start": 0, "dtype": "int64"}),
            (("model", "observation_spaces"), {}),
            (("model", "observation_spaces"), []),
            (("model", "observation_spaces", "reward"), None),
            (
                ("model", "observation_spaces", "observation"),
                {"type": "Box", "shape": [3, 2, 2], "low": [0] * 12, "high": [255] * 12, "dtype": "uint8"},
            ),
        ],
    )
    def test_foreign_json(self, trained: Trained, tmp_path: Path, path: tuple[str, ...], value: Any) -> None:
        folder = copied(trained, "recurrent-ppo", tmp_path)
        data = place = json.loads((folder / BASELINE_FILE).read_bytes())
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        (folder / BASELINE_FILE).write_text(json.dumps(data))
        refused(folder)

    @pytest.mark.parametrize("content", [b"[" * 10**5, b"9" * 10**5, b"\xff", b"{}" * 2**20, b"null", b"NaN"])
    def test_no_json(self, trained: Trained, tmp_path: Path, content: bytes) -> None:
        folder = copied(trained, "ppo", tmp_path)
        (folder / BASELINE_FILE).write_bytes(content)
        refused(folder, BASELINE_FILE)

    @pytest.mark.parametrize("content", ["steps\n1\n", "a,b,c\n1,2,x\n", "a,b,c\n1,2,3,4\n"])
    def test_a_curve(self, trained: Trained, tmp_path: Path, content: str) -> None:
        folder = copied(trained, "ppo", tmp_path)
        (folder / "curve.csv").write_text(content)
        with pytest.raises(FileFormatError, match=r"^\S*curve\.csv: [^\n]*train again$"):
            read_curve(folder)


class _Code:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def old_folder(folder: Path, name: str, *, runs: Path | None = None) -> PredictPolicy:
    """A folder as it was in format 1, with the model in stable-baselines3's own format."""
    from lndp_agents.baselines import learning

    models = list[Any]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "spaces_to_json", lambda network: None)
        original = learning._learn
        patch.setattr(learning, "_learn", lambda model, *rest: (models.append(model), original(model, *rest)))
        policy = learned(name, None)
    folder.mkdir()
    models[0].save(folder / "model.zip")
    job = {"format_version": 1, "package_version": "0.1.0", "baseline": name}
    job |= asdict(Job(PENDULUM, SHORT, budget_steps=ROLLOUT))
    (folder / BASELINE_FILE).write_text(json.dumps(job))
    if runs is not None:
        with zipfile.ZipFile(folder / "model.zip") as archive:
            parts = {part: archive.read(part) for part in archive.namelist()}
        data = json.loads(parts["data"])
        code = base64.b64encode(cloudpickle.dumps(_Code(runs))).decode()
        data["clip_range_vf"] = {":type:": "<class 'function'>", ":serialized:": code}
        with zipfile.ZipFile(folder / "model.zip", "w") as archive:
            for part, content in (parts | {"data": json.dumps(data).encode()}).items():
                archive.writestr(part, content)
    return policy


class TestFormat1:
    @pytest.mark.parametrize("name", LEARNERS)
    def test_it_is_loaded_if_it_is_trusted(self, name: str, tmp_path: Path) -> None:
        policy = old_folder(tmp_path / "old", name)
        refused(tmp_path / "old", "model.zip can run code", "add --trust (in Python trust=True)")
        np.testing.assert_array_equal(actions(load_baseline(tmp_path / "old", trust=True)), actions(policy))

    def test_a_broken_one_is_refused_in_one_line(self, tmp_path: Path) -> None:
        old_folder(tmp_path / "old", "ppo")
        file = tmp_path / "old" / "model.zip"
        for content in (b"", b"PK", file.read_bytes()[:-900], b"\x80\x04."):
            file.write_bytes(content)
            with pytest.raises(FileFormatError, match=r"^\S*model\.zip: [^\n]*; train the baseline again$"):
                load_baseline(tmp_path / "old", trust=True)
        file.unlink()
        with pytest.raises(FileFormatError, match=r"^\S*model\.zip: "):
            load_baseline(tmp_path / "old", trust=True)

    def test_the_command_runs_no_code_before_it_is_trusted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old_folder(tmp_path / "old", "ppo", runs=tmp_path / "was_run")
        command = ["lesion", "old", "--freeze", "--at", "5", "--lives", "2"]
        done = subprocess.run([LNDP, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("lndp: error: old/model.zip can run code, ")
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "was_run").exists()
        monkeypatch.chdir(tmp_path)
        assert cli.main([*command, "--trust"]) == 0
        assert (tmp_path / "was_run").exists()  # so the assertion above could have failed
