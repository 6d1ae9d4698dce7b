"""Hebbian networks: rules against a double loop, the order of a step, initial weights, pixels, numbers."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from small_policies import parameters_of, small_config, steps_of
from torch import Tensor, nn

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.policies import HebbianConfig, make_policy, parameter_shapes
from lndp_agents.policies.hebbian import Hebbian, Initialisation, Output, Rule
from lndp_agents.policies.hebbian.pixels import convolve
from lndp_agents.policies.hebbian.rule import increment, layer_table
from lndp_agents.policies.hebbian.weights import draw_weights
from lndp_agents.spaces import ActionDecoding, ObservationEncoding, PixelEncoding, config_for
from lndp_agents.spaces.json_form import space_from_json, space_to_json

FORMULAS = {
    "A": (["A"], lambda i, j, c: c["A"] * i * j),
    "AD": (["A", "D"], lambda i, j, c: c["A"] * i * j + c["D"]),
    "AD_lr": (["A", "D", "eta"], lambda i, j, c: c["eta"] * (c["A"] * i * j + c["D"])),
    "ABC": (["A", "B", "C"], lambda i, j, c: c["A"] * i * j + c["B"] * i + c["C"] * j),
    "ABC_lr": (
        ["A", "B", "C", "eta"],
        lambda i, j, c: c["eta"] * (c["A"] * i * j + c["B"] * i + c["C"] * j),
    ),
    "ABCD": (["A", "B", "C", "D"], lambda i, j, c: c["A"] * i * j + c["B"] * i + c["C"] * j + c["D"]),
    "ABCD_lr": (
        ["A", "B", "C", "eta", "D"],
        lambda i, j, c: c["eta"] * (c["A"] * i * j + c["B"] * i + c["C"] * j + c["D"]),
    ),
    "ABCD_lr_D_out": (
        ["A", "B", "C", "eta", "D"],
        lambda i, j, c: c["eta"] * (c["A"] * i * j + c["B"] * i + c["C"] * j) + c["D"],
    ),
    "ABCD_lr_D_in_and_out": (
        ["A", "B", "C", "eta", "D_in", "D_out"],
        lambda i, j, c: c["eta"] * (c["A"] * i * j + c["B"] * i + c["C"] * j + c["D_in"]) + c["D_out"],
    ),
}
"""The columns of the paper's code, in its order, and its formulas; i is before the synapse, j after it."""


def program_of(**switches: Any) -> Hebbian:
    program = make_policy(small_config("hebbian", **switches))
    assert isinstance(program, Hebbian)
    return program


def born(program: Hebbian, parameters: dict[str, Tensor], num_lives: int = 3) -> Any:
    return program.develop(parameters, program.birth(torch.arange(num_lives)[None]))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_table_is_a_double_loop_over_a_layer(name: str) -> None:
    columns, formula = FORMULAS[name]
    draw = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 3 * 2, len(columns), generator=draw)
    before, after = torch.randn(2, 4, 3, generator=draw), torch.randn(2, 4, 2, generator=draw)
    change = increment(layer_table(Rule(name), rows, 3), before, after)
    assert change.shape == (2, 4, 2, 3)
    for genome, life, i, j in np.ndindex(2, 4, 3, 2):
        coefficients = dict(zip(columns, rows[genome, i * 2 + j].tolist(), strict=True))
        expected = formula(before[genome, life, i].item(), after[genome, life, j].item(), coefficients)
        assert change[genome, life, j, i].item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_every_rule_has_its_formula() -> None:
    assert {rule.value: len(rule.columns) for rule in Rule} == {
        name: len(columns) for name, (columns, _) in FORMULAS.items()
    }
    assert Rule.ABCD_LR.columns == ("A", "B", "C", "eta", "D")


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("normalise", [True, False])
def test_a_life_is_the_papers_order_of_operations(name: str, normalise: bool) -> None:
    program = program_of(rule=name, normalise=normalise, output="clip", discrete_actions=False)
    parameters = parameters_of(program.config)
    state = born(program, parameters, 1)
    weights = [matrix[0, 0].double().numpy().copy() for matrix in program.weights(state.memory)]
    columns, formula = FORMULAS[name]
    rows = parameters["coefficients"][0].double().numpy()
    activities: list[np.ndarray] = []
    for observation, reward, start in steps_of(program.config, (1, 1), 5):
        offset = 0
        for layer, (before, after) in enumerate(pairwise(activities)):
            for i, j in np.ndindex(len(before), len(after)):
                row = rows[offset + i * len(after) + j]
                weights[layer][j, i] += formula(before[i], after[j], dict(zip(columns, row, strict=True)))
            offset += len(before) * len(after)
            if normalise:
                weights[layer] /= np.abs(weights[layer]).max()
        x = observation[0, 0].double().numpy()
        activities = [x]
        for layer, matrix in enumerate(weights):
            z = matrix @ activities[-1]
            activities.append(np.tanh(z) if layer < 2 else z)
        state, output = program.step(parameters, state, observation, reward, start)
        np.testing.assert_allclose(output[0, 0].numpy(), activities[-1], rtol=2e-3, atol=2e-3)
        for mine, theirs in zip(program.weights(state.memory), weights, strict=True):
            np.testing.assert_allclose(mine[0, 0].numpy(), theirs, rtol=2e-3, atol=2e-3)


def test_weights_that_only_have_d_grow_by_it() -> None:
    program = program_of(normalise=False)
    parameters = {"coefficients": torch.zeros(1, program.config.num_synapses, 5)}
    parameters["coefficients"][..., 3], parameters["coefficients"][..., 4] = 1, 0.25
    state = born(program, parameters)
    first = [matrix.clone() for matrix in program.weights(state.memory)]
    for number, step in enumerate(steps_of(program.config, (1, 3), 4)):
        state, _ = program.step(parameters, state, *step)
        for matrix, newborn in zip(program.weights(state.memory), first, strict=True):
            torch.testing.assert_close(matrix, newborn + 0.25 * number)


def test_weights_are_normalised_by_every_change_but_not_at_birth() -> None:
    program = program_of()
    parameters = parameters_of(program.config)
    state = born(program, parameters)
    for number, step in enumerate(steps_of(program.config, (1, 3), 4)):
        state, _ = program.step(parameters, state, *step)
        for matrix in program.weights(state.memory):
            largest = matrix.abs().amax((-2, -1))
            assert (largest <= 0.1).all() if number == 0 else torch.equal(largest, torch.ones(1, 3))


def test_weights_that_are_all_zero_stay_so() -> None:
    program = program_of(initialisation="zeros")
    parameters = {"coefficients": torch.zeros(1, program.config.num_synapses, 5)}
    state = born(program, parameters)
    for step in steps_of(program.config, (1, 3), 3):
        state, output = program.step(parameters, state, *step)
    assert torch.equal(state.memory[..., : program.config.num_synapses], torch.zeros(1, 3, 43))
    assert torch.equal(output, torch.zeros(1, 3, 2))


@pytest.mark.parametrize(
    ("kind", "low", "high", "deviation"),
    [
        ("uni", -0.1, 0.1, 0.1 / math.sqrt(3)),
        ("normal", -0.15, 0.15, 0.024),
        ("xa_uni", -0.3 * math.sqrt(6 / 160), 0.3 * math.sqrt(6 / 160), 0.3 * math.sqrt(2 / 160)),
        ("xa_uni_big", -math.sqrt(6 / 160), math.sqrt(6 / 160), math.sqrt(2 / 160)),
        ("sparse", -0.06, 0.06, math.sqrt(0.2) * 0.01),
        ("ka_uni", -math.sqrt(0.6 / 40), math.sqrt(0.6 / 40), math.sqrt(0.2 / 40)),
        ("uni_big", -1, 1, 1 / math.sqrt(3)),
        ("default", -1 / math.sqrt(40), 1 / math.sqrt(40), 1 / math.sqrt(120)),
        ("ones", 1, 1, 0),
        ("zeros", 0, 0, 0),
    ],
)
def test_initial_weights_have_their_distribution(
    kind: str, low: float, high: float, deviation: float
) -> None:
    weights = draw_weights(Initialisation(kind), torch.arange(6).reshape(2, 3), (120, 40))
    assert weights.shape == (2, 3, 120, 40)
    assert weights.dtype == torch.float32
    assert low - 1e-6 <= weights.min() <= weights.max() <= high + 1e-6
    assert weights.std().item() == pytest.approx(deviation, rel=0.02)
    if deviation:
        assert abs(weights.mean().item()) < 4 * deviation / math.sqrt(weights.numel())
        assert not torch.equal(weights[0, 0], weights[0, 1])
        again = draw_weights(Initialisation(kind), torch.tensor([[4]]), (120, 40))
        assert torch.equal(again[0, 0], weights[1, 1])
    if kind == "sparse":
        assert torch.equal((weights == 0).sum(-2), torch.full((2, 3, 40), 96))


@pytest.mark.parametrize(
    ("kind", "init"),
    [
        ("xa_uni", lambda w: nn.init.xavier_uniform_(w, 0.3)),
        ("ka_uni", lambda w: nn.init.kaiming_uniform_(w, a=3)),
        ("default", lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5))),
    ],
)
def test_initial_weights_are_spread_as_torchs(kind: str, init: Any) -> None:
    torchs = init(torch.empty(300, 200))
    ours = draw_weights(Initialisation(kind), torch.tensor([[0]]), (300, 200))
    assert ours.abs().max().item() == pytest.approx(torchs.abs().max().item(), rel=1e-3)


def test_initial_weights_of_layers_and_lifetimes_are_drawn_independently() -> None:
    program = program_of(hidden_sizes=[12, 12, 12], initialisation="normal")
    weights = program.weights(program.birth(torch.tensor([[1, 2]])).memory)
    drawn = torch.cat([matrix.flatten(2) for matrix in weights], -1)
    assert len(drawn.unique()) > 0.99 * drawn.numel()


def test_initial_weights_can_evolve() -> None:
    program = program_of(initialisation="coevolve")
    shapes = parameter_shapes(program.config)
    assert list(shapes.items())[1:] == [
        ("initial.0.weight", (5, 3)),
        ("initial.1.weight", (4, 5)),
        ("initial.2.weight", (2, 4)),
    ]
    parameters = parameters_of(program.config, 2)
    state = program.develop(parameters, program.birth(torch.arange(3)[None].expand(2, 3)))
    for number, matrix in enumerate(program.weights(state.memory)):
        for life in range(3):
            assert torch.equal(matrix[:, life], parameters[f"initial.{number}.weight"])
    genome = torch.arange(float(genome_size(program.config)))[None]
    flat = genome_to_parameters(program.config, genome)
    assert flat["coefficients"].flatten().tolist() == list(range(215))
    assert flat["initial.0.weight"][0, 0].tolist() == [215, 216, 217]  # row by row


@pytest.mark.parametrize(
    ("observations", "actions", "coefficients"),
    [(28, 8, 61_440), (4, 2, 44_160), (6, 3, 45_760), (3, 1, 43_200)],
)
def test_genomes_are_as_large_as_the_papers(observations: int, actions: int, coefficients: int) -> None:
    config = HebbianConfig(observation_size=observations, action_size=actions)
    assert genome_size(config) == coefficients == 5 * config.num_synapses


def test_the_genome_of_car_racing_is_as_large_as_the_papers() -> None:
    config = HebbianConfig(observation_size=21_168, action_size=3, pixels=True)
    assert config.layer_sizes == (648, 128, 64, 3)
    assert config.num_synapses == 91_328
    assert genome_size(config) == 458_002


def outputs_and_rule(output: str, z: list[float], **switches: Any) -> tuple[Tensor, Tensor]:
    """The output where the last layer gives z, and the activity that the rule will see."""
    config = HebbianConfig(
        observation_size=1, action_size=len(z), hidden_sizes=(1,), discrete_actions=False, output=output,
        initialisation="coevolve", **switches,
    )  # fmt: skip
    program = make_policy(config)
    parameters = {
        "coefficients": torch.zeros(1, config.num_synapses, 5),
        "initial.0.weight": torch.tensor([[[100.0]]]),
        "initial.1.weight": torch.tensor(z)[None, :, None],
    }
    one, none = torch.ones(1, 1), torch.zeros(1, 1)
    state, out = program.step(parameters, born(program, parameters, 1), one[..., None], none, none.bool())
    return out[0, 0], program.activities(state.memory)[-1][0, 0]


def test_a_box_gets_z_clipped_to_its_bounds() -> None:
    space = Box(np.array([-2, 0, -1], np.float32), np.array([2, 1, 1], np.float32))
    decoding = ActionDecoding.of(space)
    sizes = HebbianConfig.sizes(ObservationEncoding.of(Discrete(1)), decoding)
    bounds = {name: sizes[name] for name in ("action_low", "action_high")}
    z = [1.5, 0.75, -7.0]
    output, rule = outputs_and_rule("clip", z, **bounds)
    torch.testing.assert_close(decoding.decode(output), torch.tensor([1.5, 0.75, -1.0]))
    torch.testing.assert_close(rule, torch.tensor(z))


def test_robots_and_cars_get_what_the_paper_gives_them() -> None:
    z = [0.5, -1.5, 2.0]
    output, rule = outputs_and_rule("tanh", z)
    torch.testing.assert_close(output, torch.tensor(z).tanh())
    torch.testing.assert_close(rule, torch.tensor(z).tanh())
    output, rule = outputs_and_rule("car_racing", z)
    car = ActionDecoding.of(Box(np.array([-1, 0, 0], np.float32), np.ones(3, np.float32)))
    expected = torch.tensor([math.tanh(0.5), 1 / (1 + math.exp(1.5)), 1 / (1 + math.exp(-2.0))])
    torch.testing.assert_close(car.decode(output), expected)
    torch.testing.assert_close(rule, torch.tensor(z))
    assert {kind.value for kind in Output} == {"clip", "tanh", "car_racing"}


def test_the_front_is_two_convolutions_of_torch() -> None:
    config = HebbianConfig(observation_size=21_168, action_size=3, pixels=True, hidden_sizes=(4,))
    parameters = parameters_of(config, 2)
    pixels = torch.rand(2, 3, 21_168, generator=torch.Generator().manual_seed(1))
    features = convolve(parameters, pixels)
    for genome in range(2):
        front = nn.Sequential(
            nn.Conv2d(3, 6, 3, bias=False), nn.Tanh(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 5, stride=2, bias=False), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(),
        )  # fmt: skip
        for number, layer in enumerate((front[0], front[3])):
            layer.load_state_dict({"weight": parameters[f"convolution.{number}.weight"][genome]})
        expected = front(pixels[genome].reshape(3, 3, 84, 84)).detach()
        torch.testing.assert_close(features[genome], expected, rtol=1e-4, atol=1e-5)


def test_pictures_are_transposed_and_scaled() -> None:
    space = Box(0, 255, (84, 84, 3), np.uint8)
    encoding = PixelEncoding.of_box(space)
    picture = torch.randint(0, 256, (2, 84, 84, 3), generator=torch.Generator().manual_seed(0))
    x = encoding.encode(picture).reshape(2, 3, 84, 84)
    torch.testing.assert_close(x, picture.permute(0, 3, 2, 1) / 255)  # channel, column, row
    large = PixelEncoding.of_box(Box(0, 255, (96, 100, 3), np.uint8))
    flat = torch.full((1, 96, 100, 3), 51)
    torch.testing.assert_close(large.encode(flat), torch.full((1, 21_168), 0.2))
    assert large.accepts(Box(0, 255, (96, 100, 3), np.uint8))
    assert not large.accepts(space)
    assert ObservationEncoding.from_json(large.to_json()) == large
    assert space_from_json(space_to_json(space)) == space
    with pytest.raises(ValueError, match="pixels need a Box of bytes"):
        PixelEncoding.of_box(Box(0, 1, (84, 84, 3)))
    with pytest.raises(ValueError, match="give height, width and 3"):
        PixelEncoding((84, 84, 4))


def test_a_network_lives_on_pictures() -> None:
    spaces = Box(0, 255, (90, 90, 3), np.uint8), Box(np.array([-1, 0, 0], np.float32), np.ones(3, np.float32))
    encoding = PixelEncoding.of_box(spaces[0])
    config = config_for(
        *spaces, encoding, HebbianConfig, output="car_racing", hidden_sizes=[4], reward_input=True
    )
    program, parameters = make_policy(config), parameters_of(config, 2)
    state = program.develop(parameters, program.birth(torch.arange(3)[None].expand(2, 3)))
    picture = torch.randint(0, 256, (6, 90, 90, 3), generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        x = encoding.encode(picture).reshape(2, 3, -1)
        state, output = program.step(
            parameters, state, x, torch.ones(2, 3), torch.zeros(2, 3, dtype=torch.bool)
        )
    assert config.layer_sizes == (650, 4, 3)
    assert output.shape == (2, 3, 3)
    assert len(output.unique()) == 18
