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
from lndp_agents.lesions.nodes import drawn_nodes, hidden_layers
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
    damage, chosen = np.unique((keys % DAMAGES).numpy(), return_inverse=True)
    copies = [damaged(policy, lesion, key_of(lesion.at, LESION, int(way))) for way in damage]
    return DamagedModels(copies, chosen), [deepcopy(memory) for _ in copies]


def network_of(policy: Any) -> torch.nn.Module | None:
    """The network of a trained model of stable-baselines3, or of a policy that has one as its `model`."""
    network = getattr(getattr(policy, "model", policy), "policy", None)
    return network if isinstance(network, torch.nn.Module) else None


def hidden_nodes(policy: Policy) -> int:
    """How many nodes a lesion may silence; 0 where they are not known."""
    if isinstance(policy, Agent):
        return sum(hidden_layers(cast("Agent[Any]", policy).config))
    network = network_of(policy)
    return sum(weights[0].shape[1] for weights in _outgoing_weights(network)) if network else 0


def damaged(policy: Any, lesion: Lesion, key: int) -> Any:
    """A copy of a trained policy whose actor has lost weights (not biases) or hidden nodes.

    Raises:
        ValueError: it has none, or not as many.
    """
    network = network_of(policy)
    if network is None or (lesion.nodes is not None and not _outgoing_weights(network)):
        loses = "weights" if lesion.nodes is None else "hidden nodes"
        raise ValueError(
            f"{type(policy).__name__} has no {loses} that are known here: give another kind of lesion"
        )
    if hasattr(policy, "model"):
        adapter = copy(policy)
        adapter.model = damaged(policy.model, lesion, key)
        return adapter
    model = copy(policy)
    model.policy = deepcopy(policy.policy)
    if lesion.nodes is None:
        _zero_weights(model.policy, lesion.value, key)
    else:
        _silence_nodes(model.policy, lesion.nodes, key)
    return model


def _zero_weights(network: torch.nn.Module, share: float, key: int) -> None:
    weights = [
        parameter.data
        for name, parameter in network.named_parameters()
        if parameter.dim() > 1 and not any(word in name for word in _OF_THE_CRITIC)
    ]
    exists = torch.ones(sum(weight.numel() for weight in weights), dtype=torch.bool)
    hit = ring_share(torch.tensor(key), exists, share)
    for weight, part in zip(weights, hit.split_with_sizes([w.numel() for w in weights]), strict=True):
        weight.masked_fill_(part.view_as(weight), 0)


def _silence_nodes(network: torch.nn.Module, count: int, key: int) -> None:
    """Cut what leads out of drawn nodes of all hidden layers together."""
    layers = _outgoing_weights(network)
    sizes = [weights[0].shape[1] for weights in layers]
    dead = drawn_nodes(torch.tensor([key]), sum(sizes), count)[0]
    for weights, units in zip(layers, dead.split_with_sizes(sizes), strict=True):
        for weight in weights:
            weight.masked_fill_(units, 0)


def _outgoing_weights(network: Any) -> list[list[Tensor]]:
    """Of each hidden layer of the actor, the weights (nodes after, its nodes) that lead out of it.

    None of networks other than those of PPO, recurrent PPO and A2C, whose layers are not known here.
    """
    if not hasattr(network, "mlp_extractor"):
        return []
    hidden = [layer.weight.data for layer in network.mlp_extractor.policy_net if hasattr(layer, "weight")]
    steps = [*hidden, network.action_net.weight.data]
    layers = [[weight] for weight in steps[1:]]
    if (lstm := getattr(network, "lstm_actor", None)) is not None:
        own = range(lstm.num_layers)
        after = [*(getattr(lstm, f"weight_ih_l{number}").data for number in own[1:]), steps[0]]
        layers = [
            [getattr(lstm, f"weight_hh_l{number}").data, weight]
            for number, weight in zip(own, after, strict=True)
        ] + layers
    return layers


def _injure_agent(
    agent: Agent[Any], memory: Memory, num_lives: int, lesion: Lesion
) -> tuple[Agent[Any], Memory]:
    lives = arrays_to_lives(memory, num_lives, agent.program, agent.device)
    parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
    injured = copy(agent)
    injured.program, lives = injure(agent.program, parameters, lives, lesion)
    return injured, lives_to_arrays(lives)
