"""Damage to policies with `predict`: trained models of stable-baselines3, whose networks are known here."""

from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import Space
from lndp_envs.randomness import key_of
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.interventions.masks import LESION, node_mask, ring_mask
from lndp_agents.rollout.predicting import PredictNetwork, PredictPolicy

DAMAGES = 16
"""Number of damaged copies of a trained model; each lifetime has one of them."""
_OF_THE_CRITIC = ("critic", "value_net", "vf_features")


class DamagedModels:
    """A policy whose rows have copies of their own of one policy, damaged in different ways.

    Args:
        copies: the damaged policies.
        chosen: (B,) which of them each row has.
    """

    def __init__(self, copies: list[PredictPolicy], chosen: NDArray[np.int64]) -> None:
        self._copies, self._chosen = copies, chosen

    @property
    def action_space(self) -> Space[Any]:
        """As `PredictPolicy.action_space`."""
        return self._copies[0].action_space

    def with_damage(self, damage: "Damage", keys: Sequence[int]) -> "DamagedModels":
        """Return the same with further damage to each copy, chosen by its key."""
        copies = [damaged(own, damage, key) for own, key in zip(self._copies, keys, strict=True)]
        return DamagedModels(copies, self._chosen)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, list[Any]]:
        """As `PredictPolicy.predict`; the memory is a list of those of all copies, each of all rows."""
        memories = state or [None] * len(self._copies)
        answers = [
            own.predict(observation, memory, episode_start, deterministic)
            for own, memory in zip(self._copies, memories, strict=True)
        ]
        actions = np.stack([action for action, _ in answers])
        return actions[self._chosen, np.arange(len(self._chosen))], [memory for _, memory in answers]


class Damage(NamedTuple):
    """Damage to a network, done in place."""

    loses: str
    """The lost parts in words."""
    parts: Callable[[Any], list[Any]]
    """Finds what can be lost in a network; nothing if its layers are not known here."""
    hit: Callable[[list[Any], int], None]
    """Hits these parts, as a key says."""


def damaged_network(network: PredictNetwork, at: int, damage: Damage) -> PredictNetwork:
    """Give each lifetime one of several damaged copies of the policy, which stays as it is.

    Raises:
        ValueError: there is nothing in the policy that is known here, or not as much.
    """
    ways, chosen = np.unique((network.key[0] % DAMAGES).numpy(), return_inverse=True)
    keys = [key_of(at, LESION, int(way)) for way in ways]
    if isinstance(network.policy, DamagedModels):  # the lifetimes are divided as before
        return network._replace(policy=network.policy.with_damage(damage, keys))
    copies = [damaged(network.policy, damage, key) for key in keys]
    memories = [deepcopy(network.state) for _ in copies]
    return network._replace(policy=DamagedModels(copies, chosen), state=memories)


def damaged(policy: Any, damage: Damage, key: int) -> Any:
    """Return a copy of a trained policy whose network is damaged.

    Raises:
        ValueError: there is nothing in the policy that is known here, or not as much.
    """
    network = network_of(policy)
    if network is None or not damage.parts(network):
        raise ValueError(
            f"{type(policy).__name__} has no {damage.loses} that are known here: give another kind of lesion"
        )
    if hasattr(policy, "model"):
        adapter = copy(policy)
        adapter.model = damaged(policy.model, damage, key)
        return adapter
    model = copy(policy)
    model.policy = deepcopy(policy.policy)
    damage.hit(damage.parts(model.policy), key)
    return model


def zero_damage(share: float) -> Damage:
    """Zero a share of the weights (not biases) of the actor: a circular block, chosen by the key."""

    def hit(weights: list[Tensor], key: int) -> None:
        exists = torch.ones(sum(weight.numel() for weight in weights), dtype=torch.bool)
        mask = ring_mask(torch.tensor(key), exists, share)
        for weight, part in zip(weights, mask.split_with_sizes([w.numel() for w in weights]), strict=True):
            weight.masked_fill_(part.view_as(weight), 0)

    return Damage("weights", _actor_weights, hit)


def silence_damage(count: int) -> Damage:
    """Zero the outgoing weights of random nodes of all hidden layers together."""

    def hit(layers: list[list[Tensor]], key: int) -> None:
        sizes = [weights[0].shape[1] for weights in layers]
        dead = node_mask(torch.tensor([key]), sum(sizes), count)[0]
        for weights, units in zip(layers, dead.split_with_sizes(sizes), strict=True):
            for weight in weights:
                weight.masked_fill_(units, 0)

    return Damage("hidden nodes", outgoing_weights, hit)


def network_of(policy: Any) -> torch.nn.Module | None:
    """Return the network of a trained model of stable-baselines3, or of the `model` of a policy."""
    network = getattr(getattr(policy, "model", policy), "policy", None)
    return network if isinstance(network, torch.nn.Module) else None


def _actor_weights(network: torch.nn.Module) -> list[Tensor]:
    return [
        parameter.data
        for name, parameter in network.named_parameters()
        if parameter.dim() > 1 and not any(word in name for word in _OF_THE_CRITIC)
    ]


def outgoing_weights(network: Any) -> list[list[Tensor]]:
    """Return the outgoing weights (after, before) of each hidden layer of the actor.

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
