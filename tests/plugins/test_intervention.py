"""An intervention in a file of its own, through the command line and in Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lndp_agents import load_pretrained
from lndp_agents.cli import main
from lndp_agents.interventions import find_intervention
from lndp_agents.rollout import Transition
from lndp_agents.studies.evaluation import fresh_rollout, world_of

FILE = Path(__file__).parents[2] / "examples" / "plugins" / "intervention.py"
NAME = f"{FILE}:Clamp"
REVERSAL = "lndp/ForagingReversal-v0"


def test_the_node_is_held_in_every_lifetime_from_that_step_on() -> None:
    agent = load_pretrained("foraging-reversal")
    node = agent.config.observation_size

    def activation(transition: Transition) -> torch.Tensor:
        return transition.network.state.activation[..., node]

    results = [
        fresh_rollout(
            agent,
            world_of(agent, REVERSAL),
            lives=4,
            seed=1,
            interventions=interventions,
            record=[("node", activation), "rewards"],
        ).records
        for interventions in ((), (find_intervention(NAME, 60),))
    ]
    intact, clamped = (each["node"][0] for each in results)
    assert torch.equal(clamped[:, :60], intact[:, :60])
    assert (clamped[:, 60:] == 1.0).all()
    assert not (intact[:, 60:] == 1.0).all()
    assert torch.equal(results[0]["rewards"][..., :60], results[1]["rewards"][..., :60])


def test_act_holds_the_node_too() -> None:
    agent = load_pretrained("foraging-reversal")
    agent.birth(0)
    agent.lesion(find_intervention(NAME, 0))
    for _ in range(3):
        agent.act(np.zeros(1))
        assert agent.state.activation[0, 0, agent.config.observation_size] == 1.0


def test_lndp_lesion_takes_it_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["lesion", "foraging-reversal", "--lesion", NAME, "--at", "50", "--lives", "4", "--json"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["lesion"] == {"at": 50, "clamp": 1.0}
    assert (tmp_path / "foraging-reversal_clamp-1.0_at-50.csv").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{FILE}:Clamps", "has no 'Clamps'; did you mean 'Clamp'?"),
        ("gone.py:Clamp", "no file 'gone.py'"),
        ("clamp", "intervention='clamp': give MODULE:NAME"),
        ("zero", "lesion=zero: that is an option of its own, --zero"),
        ("cut-reward", "lesion=cut-reward: that is an option of its own, --cut-reward"),
        ("json:loads", "TypeError"),
    ],
)
def test_what_is_no_intervention_is_refused_in_one_line(
    name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lesion", "foraging-reversal", "--lesion", name, "--at", "50"]) != 0
    told = capsys.readouterr().err.strip()
    assert message in told
    assert "\n" not in told
