"""What a lesion may be, and what is drawn for it."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import Space
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from hypothesis import given
from hypothesis import strategies as st

from lndp_agents.interventions import Lesion
from lndp_agents.interventions.masks import ring_mask
from lndp_agents.rollout import StepInput
from lndp_agents.studies.recovery import window_ends

KINDS: list[dict[str, Any]] = [
    {"zero": 0.0},
    {"zero": 0.33},
    {"freeze": True},
    {"saturate": 100},
    {"cut_reward": True},
    {"nodes": 3},
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lesion_is_of_one_kind(kind: dict[str, Any]) -> None:
    lesion = Lesion(at=7, **kind)
    assert {lesion.kind: lesion.value} == kind
    assert str(lesion).endswith("at step 7")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "a lesion is of one kind, not none: give one of zero, freeze, saturate, cut_reward, nodes"),
        ({"zero": 0.0, "nodes": 1}, "of one kind, not zero and nodes"),
        ({"freeze": True, "at": -1}, "at=-1: give an integer from 0"),
        ({"freeze": True, "at": 1.5}, "at=1.5: give an integer"),
        ({"freeze": 1}, "freeze=1: give true or false"),
        ({"cut_reward": "yes"}, "cut_reward='yes': give true or false"),
        ({"zero": 1.1}, "zero=1.1: give a share from 0 to 1"),
        ({"zero": float("nan")}, "zero=nan: give a share"),
        ({"saturate": 0}, "saturate=0: give an integer from 1"),
        ({"nodes": 0}, "nodes=0: give an integer from 1"),
        ({"nodes": True}, "nodes=True: give an integer"),
    ],
)
def test_other_lesions_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Lesion(**fields)
    assert "\n" not in str(caught.value)


def test_senses_and_actuators_have_their_steps() -> None:
    cut, forced = Lesion(at=3, cut_reward=True), Lesion(at=3, saturate=2)
    given = StepInput(torch.zeros(1), torch.ones(1, 1), torch.ones(1, 1, dtype=torch.bool))
    action, space = torch.zeros(1, dtype=torch.int64), Discrete(4)
    assert [cut.on_senses(step, given).reward.item() for step in range(6)] == [1, 1, 1, 0, 0, 0]
    assert cut.on_senses(4, given).episode_start.all()
    assert [forced.on_action(step, action, space).item() for step in range(6)] == [0, 0, 0, 3, 3, 0]
    assert all(forced.on_senses(step, given) is given for step in range(6))
    assert all(cut.on_action(step, action, space) is action for step in range(6))


def test_saturated_actions_are_the_upper_bound_or_the_last_choice() -> None:
    def saturated(space: Space[Any], action: torch.Tensor) -> torch.Tensor:
        return Lesion(saturate=1).on_action(0, action, space)

    assert saturated(Discrete(3, start=-1), torch.zeros(2, dtype=torch.int64)).tolist() == [1, 1]
    high = np.array([2, 5], np.float32)
    assert saturated(Box(-high, high), torch.zeros(2, 2)).tolist() == [[2, 5], [2, 5]]
    both = Dict({"move": MultiDiscrete([2, 3]), "force": Box(-high, high)})
    assert saturated(both, torch.zeros(2, 4)).tolist() == [
        [2, 5, 1, 2],
        [2, 5, 1, 2],
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.floats(0, 1), st.integers(0, 2**60))
def test_a_share_is_of_neighbours_round_a_ring(exists: list[bool], share: float, key: int) -> None:
    there = torch.tensor(exists)
    hit = ring_mask(torch.tensor([key]), there[None], share)[0]
    count = sum(exists)
    assert hit.sum().item() == round(share * count)
    assert not (hit & ~there).any()
    on_ring = hit[there].int()
    assert (on_ring != on_ring.roll(1)).sum().item() in (0, 2)  # at most one block


def test_the_place_of_a_share_is_drawn_evenly() -> None:
    hits = ring_mask(torch.arange(4000), torch.ones(4000, 8, dtype=torch.bool), 0.25)
    assert hits.double().mean(0).tolist() == pytest.approx([0.25] * 8, abs=0.03)


@given(st.integers(1, 300), st.integers(1, 40), st.data())
def test_windows_cover_a_life_and_meet_at_the_lesion(steps: int, size: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, steps - 1))
    ends = window_ends(steps, at, size)
    assert [step for first, last in ends for step in range(first, last + 1)] == list(range(steps))
    assert at in [first for first, _ in ends]
    assert len(ends) <= steps / size + 2
    sizes = [last - first + 1 for first, last in ends if first > at or first == 0 < at - first]
    assert all(found >= size for found in sizes[1:])  # no window of few steps at the end
