"""Lives of one agent as the findings look at them: by episode, by step, with parts of the program off."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lndp_agents import LNDPAgent, load_pretrained, zoo_names
from lndp_agents.evaluation import fresh_lives
from lndp_agents.lesions import freeze
from lndp_agents.lndp import genome_to_parameters, make_program, parameters_to_genome
from lndp_agents.rollout import Evolved, init_batch, rollout, unroll

AGENTS = Path(__file__).parent / "agents"
"""NAME_sSEED: from other evolutions than the zoo's agents, some by another recipe (README.md there)."""


def cohort(name: str) -> list[LNDPAgent]:
    """An agent of the zoo and those of its other evolutions; an agent that is elsewhere, alone."""
    others = sorted(AGENTS.glob(f"{name}_s*")) if name in zoo_names() else []
    return [load_pretrained(name), *(load_pretrained(str(folder)) for folder in others)]


def episode_returns(agent: LNDPAgent, environment: str, lives: int, seed: int) -> np.ndarray:
    """(L, E): the return of each episode of fresh lives."""
    world, keys, tasks = fresh_lives(agent, environment, lives=lives, seed=seed)
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    return (
        rollout(Evolved(make_program(agent.config, "auto"), parameters), world, keys, tasks)
        .returns[0]
        .numpy()
    )


def switched(agent: LNDPAgent, **switches: Any) -> LNDPAgent:
    """The same genome with other fields of `LNDPConfig`; parameters of what is off are left out."""
    config = replace(agent.config, **switches)
    named = {name: tensor[None] for name, tensor in agent.parameters.items()}
    genome = parameters_to_genome(config, named)[0]
    spaces = agent.observation_space, agent.action_space
    return LNDPAgent(*spaces, config, genome=genome, encoding=agent.encoding)


@torch.no_grad()
def steps_of_lives(
    agent: LNDPAgent, environment: str, lives: int, seed: int, frozen_from: int | None = None
) -> Iterator[tuple[Any, Tensor]]:
    """The fresh lives that `evaluate` scores, step by step.

    Args:
        agent: who lives.
        environment: where.
        lives: how many, L.
        seed: of births and worlds.
        frozen_from: the step from which on the brains no longer change; none if None.

    Yields:
        The state of the world before a step (L rows), and the reward (L,) that the step brought.
    """
    world, keys, tasks = fresh_lives(agent, environment, lives=lives, seed=seed)
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    program = make_program(agent.config, "auto")
    batch = init_batch(Evolved(program, parameters), world, keys, tasks)
    for step in range(world.num_steps):
        if step == frozen_from:
            program, brain = freeze(program, batch.brain)
            batch = batch._replace(brain=brain)
        before = batch.state
        batch = unroll(program, parameters, world, batch, 1)
        yield before, batch.reward[0]
