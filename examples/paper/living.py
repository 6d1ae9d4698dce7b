"""Lives of one agent as the findings look at them: by episode, by step, with parts of the program off."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lndp_agents import Lesion, LNDPAgent, fresh_rollout, load_pretrained, zoo_names
from lndp_agents.agent import parameters_to_genome
from lndp_agents.rollout import Transition
from lndp_agents.studies import world_of

AGENTS = Path(__file__).parent / "agents"
"""NAME_sSEED: from other evolutions than the zoo's agents, some by another recipe (README.md there)."""


def cohort(name: str) -> list[LNDPAgent]:
    """An agent of the zoo and those of its other evolutions; an agent that is elsewhere, alone."""
    others = sorted(AGENTS.glob(f"{name}_s*")) if name in zoo_names() else []
    return [load_pretrained(name), *(load_pretrained(str(folder)) for folder in others)]


def episode_returns(agent: LNDPAgent, environment: str, lives: int, seed: int) -> np.ndarray:
    """(L, E): the return of each episode of fresh lifetimes."""
    return fresh_rollout(agent, world_of(agent, environment), lives=lives, seed=seed).returns[0].numpy()


def switched(agent: LNDPAgent, **switches: Any) -> LNDPAgent:
    """The same genome with other fields of `LNDPConfig`; parameters of what is off are left out."""
    config = replace(agent.config, **switches)
    named = {name: tensor[None] for name, tensor in agent.parameters.items()}
    genome = parameters_to_genome(config, named)[0]
    spaces = agent.observation_space, agent.action_space
    return LNDPAgent(*spaces, config, genome=genome, encoding=agent.encoding)


def rewards_of_lives(agent: LNDPAgent, environment: str, lives: int, seed: int) -> np.ndarray:
    """(L, T): the rewards of the fresh lifetimes that `evaluate` scores."""
    results = fresh_rollout(agent, world_of(agent, environment), lives=lives, seed=seed, record=["rewards"])
    return results.records["rewards"][0].numpy()


def trials_of_lives(
    agent: LNDPAgent, environment: str, lives: int, seed: int, frozen_from: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Record trials and rewards in the fresh lifetimes that `evaluate` scores.

    Args:
        agent: an agent of a world with trials.
        environment: a foraging world.
        lives: how many, L.
        seed: random seed of initial states and environments.
        frozen_from: the step from which on the brains no longer change; none if None.

    Returns:
        Before each step the number of the trial, its step, and the side of the food (L, T, 3), and the reward
        (L, T) that the step brought.
    """

    def trial(transition: Transition) -> Tensor:
        state = transition.state
        return torch.stack([state.trial, state.trial_step, state.food], -1)[None]

    results = fresh_rollout(
        agent,
        world_of(agent, environment),
        lives=lives,
        seed=seed,
        interventions=[] if frozen_from is None else [Lesion(at=frozen_from, freeze=True)],
        record=[("trial", trial), "rewards"],
    )
    return results.records["trial"][0].numpy(), results.records["rewards"][0].numpy()
