"""Lives for tests of the native kernel, and the comparison with the eager program."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, LifeState, Parameters
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_build import compiler
from lndp_agents.lndp.matrix import MatrixView
from lndp_agents.lndp.mechanisms import Step
from lndp_agents.lndp.mechanisms.decision import DECISION_LOGIT
from lndp_agents.lndp.mechanisms.growth import Growth
from lndp_agents.lndp.mechanisms.pruning import Pruning
from lndp_agents.lndp.state import Stimulus

needs_compiler = pytest.mark.skipif(compiler() is None, reason="there is no C++ compiler")

SMALL: dict[str, Any] = {"observation_size": 2, "action_size": 2, "nodes": 13, "initial_density": 0.5}


def config_of(sizes: dict[str, Any], **switches: Any) -> LNDPConfig:
    return LNDPConfig(**({"observation_size": 2, "action_size": 2} | sizes | switches))


def random_lives(
    config: LNDPConfig, seed: int, num_genomes: int, num_lives: int
) -> tuple[Parameters, LifeState]:
    generator = torch.Generator().manual_seed(seed)
    # Degrees grow with the brain: smaller weights keep its softmax as smooth, and rounding as small.
    scale = 0.4 * min(1.0, 40 / config.nodes)
    genomes = scale * torch.randn(num_genomes, genome_size(config), generator=generator)
    keys = torch.randint(2**62, (num_genomes, num_lives), generator=generator)
    return genome_to_parameters(config, genomes), LNDP(config).birth(keys)


def random_stimulus(config: LNDPConfig, seed: int, num_genomes: int, num_lives: int) -> Stimulus:
    generator = torch.Generator().manual_seed(seed)
    observation = torch.randn(num_genomes, num_lives, config.observation_size, generator=generator)
    reward = torch.randn(num_genomes, num_lives, generator=generator)
    uniforms = torch.rand(2, num_genomes, num_lives, config.nodes, config.nodes, generator=generator)
    return Stimulus(observation, reward, (uniforms[0], uniforms[1]))


def tensors_are_equal(left: LifeState, right: LifeState) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def is_close_call(config: LNDPConfig, parameters: Parameters, after: LifeState, luck: Any) -> Tensor:
    """Where a decision of the eager program was so close to its threshold that rounding may turn it."""
    close = torch.zeros_like(after.adjacency, dtype=torch.bool)
    silence = Stimulus(torch.zeros(0), torch.zeros(0))
    now, logits = Step(config, parameters, silence, after, MatrixView(config, after)), []
    if config.pruning:
        logits.append((Pruning().log_odds(now), luck[0]))
    if config.synaptogenesis:
        logits.append((Growth().log_odds(now), luck[1]))
    for logit, uniform in logits:
        if config.stochastic:
            close |= (torch.sigmoid(logit) / 2 - uniform).abs() < 1e-4
        else:
            close |= (logit - DECISION_LOGIT).abs() < 1e-4
    return close


def eager_step_that_native_equals(
    config: LNDPConfig,
    parameters: Parameters,
    state: LifeState,
    stimulus: Stimulus,
    alive: Tensor | None = None,
) -> LifeState:
    """The next state by the eager program, from which that by the kernel differs by rounding only."""
    observation, reward, luck = stimulus
    inputs = (parameters, state, observation, reward)
    eager, output = LNDP(config).step(*inputs, alive=alive, uniforms=luck)
    quick, quick_output = LNDP(config, "native").step(*inputs, alive=alive, uniforms=luck)
    close = is_close_call(config, parameters, eager, luck)
    assert torch.equal(eager.adjacency[~close], quick.adjacency[~close])
    assert close.float().mean() < 0.05
    for name in ("node_state", "edge_state", "trace", "activation"):
        torch.testing.assert_close(getattr(quick, name), getattr(eager, name), rtol=0, atol=1e-4, msg=name)
    torch.testing.assert_close(quick_output, output, rtol=0, atol=1e-4)
    assert torch.equal(quick.age, eager.age)
    if alive is not None:
        for old, new in zip(state, quick, strict=True):
            assert torch.equal(old[~alive], new[~alive])
    return eager


def live_twenty_steps(num_threads: int) -> LifeState:
    """Of so few lives that torch uses one thread: forked after it used more, a child may hang in torch."""
    config = config_of(SMALL)
    program = LNDP(config, "native")
    parameters, state = random_lives(config, 8, 6, 4)
    stimulus = random_stimulus(config, 9, 6, 4)
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        for _ in range(20):
            state, _ = program.step(parameters, state, stimulus.inputs, stimulus.reward)
    finally:
        torch.set_num_threads(before)
    return state
