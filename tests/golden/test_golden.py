"""The program equals the recordings of the published implementation, alone, in a batch, on both backends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import replay
import torch

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, LifeState
from lndp_agents.lndp.kernel_build import compiler
from lndp_agents.lndp.mechanisms.spontaneous import ornstein_uhlenbeck_step

FOLDER = Path(__file__).parent
RECORDINGS = sorted(FOLDER.glob("*.npz"))
TOLERANCE = 2e-5

needs_compiler = pytest.mark.skipif(compiler() is None, reason="there is no C++ compiler")
backends = pytest.mark.parametrize("backend", ["eager", pytest.param("native", marks=needs_compiler)])
recordings = pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)


def test_all_recordings_are_here() -> None:
    assert len(RECORDINGS) == 5


@recordings
@pytest.mark.parametrize(
    ("backend", "device"),
    [
        ("eager", "cpu"),
        pytest.param("native", "cpu", marks=needs_compiler),
        pytest.param("eager", "cuda", marks=pytest.mark.cuda),
    ],
)
def test_a_life_equals_its_recording(path: Path, backend: str, device: str) -> None:
    errors = replay.replay(path, backend, device)
    assert errors["adjacency"] == 0
    assert max(errors[name] for name in ("node_state", "edge_state", "activations", "output")) <= TOLERANCE
    config, _, _ = replay.load(path)
    assert errors["action"] <= (0 if config.discrete_actions else TOLERANCE)


@recordings
@backends
def test_a_life_in_a_batch_of_other_genomes_equals_its_recording(path: Path, backend: str) -> None:
    """The recorded life is life 1 of genome 2 among 3 x 2; the others have random genomes and births."""
    config, recorded_parameters, recorded = replay.load(path)
    generator = torch.Generator().manual_seed(0)
    parameters = genome_to_parameters(config, torch.randn(3, genome_size(config), generator=generator))
    for name, value in recorded_parameters.items():
        parameters[name] = torch.cat([parameters[name][:2], value])
    program = LNDP(config, backend)
    state = program.birth(torch.arange(6).reshape(3, 2))
    for tensor, born in zip(state, replay.newborn(recorded), strict=True):
        tensor[2, 1] = born[0, 0]
    spontaneous = recorded.get("development/spontaneous_input", torch.zeros(0, config.observation_size))
    for t, x in enumerate(spontaneous):
        state, _ = program.step(parameters, state, x.expand(3, 2, -1), torch.zeros(3, 2))
        assert_recorded(state, recorded, "development", t)
    state = state._replace(activation=torch.zeros_like(state.activation))
    for t, x in enumerate(recorded["life/observation"]):
        uniforms = replay.uniforms(recorded, t)
        if uniforms is not None:
            uniforms = (uniforms[0].expand(3, 2, -1, -1), uniforms[1].expand(3, 2, -1, -1))
        reward = recorded["life/reward"][t].expand(3, 2)
        state, output = program.step(parameters, state, x.expand(3, 2, -1), reward, uniforms=uniforms)
        assert_recorded(state, recorded, "life", t)
        largest = recorded["life/output"][t].topk(min(2, config.action_size)).values
        if config.discrete_actions and largest[0] - largest[-1] > replay.TIE:
            assert output[2, 1].argmax() == recorded["life/action"][t]


def assert_recorded(state: LifeState, recorded: dict[str, torch.Tensor], phase: str, t: int) -> None:
    """Life 1 of genome 2 is the recorded one."""
    row = replay.state_of(LifeState(*(tensor[2:, 1:] for tensor in state)))
    assert torch.equal(row.pop("adjacency"), recorded[f"{phase}/adjacency"][t])
    for name, value in row.items():
        torch.testing.assert_close(value, recorded[f"{phase}/{name}"][t], rtol=0, atol=TOLERANCE)


def test_one_step_of_spontaneous_activity_equals_its_recording() -> None:
    _, _, recorded = replay.load(FOLDER / "cartpole_development.npz")
    x, noise, mean, rate, dt = (recorded[f"ou/{name}"] for name in ("x", "noise", "mean", "rate", "dt"))
    x_next = ornstein_uhlenbeck_step(x[None, None], mean[None], rate[None], dt[None], noise[None, None])
    torch.testing.assert_close(x_next[0, 0], recorded["ou/x_next"], rtol=0, atol=1e-6)


def test_the_script_prints_a_json_line_for_each_file(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "replay.py"), *map(str, RECORDINGS[:2])]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(path) for path in RECORDINGS[:2]]
    names = ["adjacency", "node_state", "edge_state", "activations", "output", "action"]
    assert all(list(line["errors"]) == names for line in lines)
    assert all(max(line["errors"].values()) <= TOLERANCE for line in lines)


def test_a_wrong_parameter_shows() -> None:
    """The comparison can fail."""
    config, parameters, recorded = replay.load(FOLDER / "foraging.npz")
    state, _ = LNDP(config).step(
        {name: value + 0.01 for name, value in parameters.items()},
        replay.newborn(recorded),
        recorded["life/observation"][:1, None],
        recorded["life/reward"][:1, None],
    )
    errors = {"node_state": 0.0}
    replay.compare(errors, {"node_state": state.node_state[0, 0]}, recorded, "life", 0)
    assert errors["node_state"] > TOLERANCE
