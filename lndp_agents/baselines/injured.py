"""Injured policies: agents, and trained models of stable-baselines3."""

from copy import copy, deepcopy
from typing import Any, cast

import numpy as np
import torch
from gymnasium import Space
from lndp_envs.randomness import key_of
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.agent import Agent
from lndp_agents.baselines.policy import Memory, Policy
from lndp_agents.lesions.brains import LESION, injure
from lndp_agents.lesions.lesion import Lesion
from lndp_agents.lesions.weights import ring_share
from lndp_agents.lives import arrays_to_lives, lives_to_arrays

DAMAGES = 16
"""A trained model is damaged in so many ways, one of which a life draws: each takes a copy of the model."""
_OF_THE_CRITIC = ("critic", "value_net", "vf_features")


class DamagedModels:
    """A policy whose rows have copies of their own of one policy, damaged in different ways.

    Args:
        copies: the damaged policies.
        chosen: (B,) which of them each row has.
    """

    def __init__(self, copies: list[Policy], chosen: NDArray[np.int64]) -> None:
        self._copies, self._chosen = copies, chosen

    @property
    def action_space(self) -> Space[Any]:
        """As `Policy.action_space`."""
        return self._copies[0].action_space

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, list[Any]]:
        """As `Policy.predict`; the memory is a list of those of all copies, each of which sees all rows."""
        memories = state or [None] * len(self._copies)
        answers = [
            own.predict(observation, memory, episode_start, deterministic)
            for own, memory in zip(self._copies, memories, strict=True)
        ]
        actions = np.stack([action for action, _ in answers])
        return actions[self._chosen, np.arange(len(self._chosen))], [memory for _, memory in answers]


def injure_policy(policy: Policy, memory: Any, keys: Tensor, lesion: Lesion) -> tuple[Policy, Any]:
    """Let lives be injured, before their next step; what happens to senses and actions is left to the world.

    Args:
        policy: who lives; it stays as it is.
        memory: what it keeps of L lives.
        keys: (L,) int64, of the births of these lives.
        lesion: what happens.

    Returns:
        The policy that leads these lives from now on, and its memory.

    Raises:
        ValueError: there is nothing in this policy that the lesion could hit.
    """
    if isinstance(policy, Agent):
        return _injure_agent(cast("Agent[Any]", policy), memory, len(keys), lesion)
    if lesion.kind in ("freeze", "saturate", "cut_reward"):
        return policy, memory
    if lesion.zero is None or network_of(policy) is None:
        loses = "hidden nodes" if lesion.zero is None else "weights"
        raise ValueError(f"{type(policy).__name__} has no {loses} to lose here: give another kind of lesion")
    damage, chosen = np.unique((keys % DAMAGES).numpy(), return_inverse=True)
    copies = [damaged(policy, lesion.zero, key_of(lesion.at, LESION, int(way))) for way in damage]
    return DamagedModels(copies, chosen), [deepcopy(memory) for _ in copies]


def network_of(policy: Any) -> torch.nn.Module | None:
    """The network of a trained model of stable-baselines3, or of a policy that has one as its `model`."""
    network = getattr(getattr(policy, "model", policy), "policy", None)
    return network if isinstance(network, torch.nn.Module) else None


def damaged(policy: Any, share: float, key: int) -> Any:
    """A copy of a trained policy in which a share of the actor's weights, not biases, is 0."""
    if hasattr(policy, "model"):
        adapter = copy(policy)
        adapter.model = damaged(policy.model, share, key)
        return adapter
    model = copy(policy)
    model.policy = deepcopy(policy.policy)
    weights = [
        parameter.data
        for name, parameter in model.policy.named_parameters()
        if parameter.dim() > 1 and not any(word in name for word in _OF_THE_CRITIC)
    ]
    exists = torch.ones(sum(weight.numel() for weight in weights), dtype=torch.bool)
    hit = ring_share(torch.tensor(key), exists, share)
    for weight, part in zip(weights, hit.split_with_sizes([w.numel() for w in weights]), strict=True):
        weight.masked_fill_(part.view_as(weight), 0)
    return model


def _injure_agent(
    agent: Agent[Any], memory: Memory, num_lives: int, lesion: Lesion
) -> tuple[Agent[Any], Memory]:
    lives = arrays_to_lives(memory, num_lives, agent.program, agent.device)
    parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
    injured = copy(agent)
    injured.program, lives = injure(agent.program, parameters, lives, lesion)
    return injured, lives_to_arrays(lives)
