"""Replay recordings of the published implementation: `python tests/golden/replay.py FILE...`.

Prints one JSON line a file with the largest absolute error of each recorded quantity. A discrete action
counts only where the two largest recorded outputs differ by more than 1e-5 (saturated outputs tie).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lndp_agents.lndp import LNDP, LifeState, parameter_shapes
from lndp_agents.lndp.config import LNDPConfig

TIE = 1e-5
SCALE = "action_scale"
"""Of the files: the factor on a continuous output, which is an action's bound."""
QUANTITIES = ("adjacency", "node_state", "edge_state", "activations", "output", "action")


def load(path: Path) -> tuple[LNDPConfig, dict[str, Tensor], dict[str, Tensor]]:
    """Configuration, named parameters (1, ...) and recordings of a file."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    given = str(arrays.pop("config"))
    config = LNDPConfig.from_json(given)
    recorded = {name: torch.from_numpy(array) for name, array in arrays.items()}
    recorded[SCALE] = torch.tensor(json.loads(given)[SCALE])
    torch_layout = {name[6:]: recorded[name] for name in recorded if name.startswith("param/")}
    parameters = {
        name: from_torch_layout(name, torch_layout)[None]
        for name in parameter_shapes(config)
        if not name.startswith("spontaneous")
    }
    return config, parameters, recorded


def from_torch_layout(name: str, recorded: dict[str, Tensor]) -> Tensor:
    """A parameter of ours from `torch.nn.GRUCell`'s, which has the biases of two gates twice."""
    cell, _, leaf = name.rpartition(".")
    if leaf not in ("bias", "candidate_bias") or f"{cell}.bias_hh" not in recorded:
        return recorded[name]
    input_bias, state_bias = recorded[f"{cell}.bias_ih"], recorded[f"{cell}.bias_hh"]
    gates = len(state_bias) * 2 // 3
    if leaf == "candidate_bias":
        return state_bias[gates:]
    return input_bias + torch.cat([state_bias[:gates], torch.zeros_like(state_bias[gates:])])


def replay(path: Path, backend: str = "eager", device: str = "cpu") -> dict[str, float]:
    """The largest absolute error of each quantity over development and life."""
    config, parameters, recorded = load(path)
    parameters, recorded = (
        {name: tensor.to(device) for name, tensor in tensors.items()} for tensors in (parameters, recorded)
    )
    with torch.device(device):
        return errors_of(LNDP(config, backend), parameters, recorded)


def errors_of(program: LNDP, parameters: dict[str, Tensor], recorded: dict[str, Tensor]) -> dict[str, float]:
    """As `replay`, of what was loaded."""
    config = program.config
    state = newborn(recorded)
    errors = dict.fromkeys(QUANTITIES, 0.0)
    if "development/spontaneous_input" in recorded:
        for t, x in enumerate(recorded["development/spontaneous_input"]):
            state, _ = program.step(parameters, state, x[None, None], torch.zeros(1, 1))
            compare(errors, state_of(state), recorded, "development", t)
        state = state._replace(activation=torch.zeros_like(state.activation))
    for t, x in enumerate(recorded["life/observation"]):
        reward = recorded["life/reward"][t].reshape(1, 1)
        state, output = program.step(parameters, state, x[None, None], reward, uniforms=uniforms(recorded, t))
        now = state_of(state) | {"output": output[0, 0]}
        best = recorded["life/output"][t].topk(min(2, config.action_size)).values
        if not config.discrete_actions or best[0] - best[-1] > TIE:
            now["action"] = (
                output[0, 0].argmax() if config.discrete_actions else output[0, 0] * recorded[SCALE]
            )
        compare(errors, now, recorded, "life", t)
    return errors


def newborn(recorded: dict[str, Tensor]) -> LifeState:
    """The recorded state at birth, as one life of one genome."""
    nodes = recorded["birth/node_state"].shape[0]
    return LifeState(
        adjacency=recorded["birth/adjacency"][None, None],
        node_state=recorded["birth/node_state"][None, None],
        edge_state=recorded["birth/edge_state"].permute(2, 0, 1)[None, None].contiguous(),
        trace=recorded["birth/activations"][None, None],
        activation=torch.zeros(1, 1, nodes),
        age=torch.zeros(1, 1, dtype=torch.int64),
        key=torch.zeros(1, 1, dtype=torch.int64),
    )


def uniforms(recorded: dict[str, Tensor], t: int) -> tuple[Tensor, Tensor] | None:
    """The random numbers that the recorded life drew for its decisions at step t."""
    if "life/uniform_prune" not in recorded:
        return None
    return recorded["life/uniform_prune"][t][None, None], recorded["life/uniform_add"][t][None, None]


def state_of(state: LifeState) -> dict[str, Tensor]:
    """What is recorded of a state, in the recordings' layout."""
    return {
        "adjacency": state.adjacency[0, 0],
        "node_state": state.node_state[0, 0],
        "edge_state": state.edge_state[0, 0].permute(1, 2, 0),
        "activations": state.trace[0, 0],
    }


def compare(
    errors: dict[str, float], now: dict[str, Tensor], recorded: dict[str, Tensor], phase: str, t: int
) -> None:
    """Raise `errors` to the largest difference seen."""
    for name, value in now.items():
        difference = (value.double() - recorded[f"{phase}/{name}"][t].double()).abs().max().item()
        errors[name] = max(errors[name], difference) if difference == difference else float("inf")


def main() -> None:
    """Replay the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--backend", default="eager", choices=["eager", "native"])
    arguments = parser.parse_args()
    for file in arguments.files:
        print(json.dumps({"file": str(file), "errors": replay(file, arguments.backend)}))


if __name__ == "__main__":
    main()
