"""The Hebbian policy: initial weights, plasticity and steps."""

from copy import copy
from itertools import pairwise

import torch
from lndp_envs.randomness import fold
from torch import Tensor

from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.policies.hebbian.config import HebbianConfig, Output
from lndp_agents.policies.hebbian.pixels import KERNELS, convolve
from lndp_agents.policies.hebbian.rule import increment, layer_table
from lndp_agents.policies.hebbian.weights import Initialisation, draw_weights
from lndp_agents.policies.network import Lives, Network, NetworkState
from lndp_agents.policies.registry import policy_of

EPSILON = 1e-12
"""The least by which weights are divided; weights that are all zero stay so."""
NUMBERS_AT_ONCE = 2**18
"""How many weights a processor changes at a time."""


@policy_of(HebbianConfig)
class Hebbian(Network[HebbianConfig]):
    """The policy of a `HebbianConfig`. Its memory is all weights, then the activations of the last step.

    Weights change between two steps, by the activations that caused the last action, and not after the last
    step. In a lifetime of several episodes they are sampled once.
    """

    _is_plastic = True

    @property
    def parameter_shapes(self) -> Shapes:
        """As `Policy.parameter_shapes`.

        `coefficients` has a row for each synapse (see `Rule.columns`), layer after layer, in each ordered by
        the unit before. Convolutions follow, then initial weights (after, before) if they evolve.
        """
        shapes: Shapes = {"coefficients": (self.config.num_synapses, len(self.config.rule.columns))}
        if self.config.pixels:
            shapes |= KERNELS
        if self.config.initialisation is Initialisation.COEVOLVE:
            for number, (before, after) in enumerate(pairwise(self.config.layer_sizes)):
                shapes[f"initial.{number}.weight"] = (after, before)
        return shapes

    @property
    def memory_size(self) -> int:
        """Synapses and units."""
        return self.config.num_synapses + sum(self.config.layer_sizes)

    def birth(self, key: Tensor) -> NetworkState:
        """As `Policy.birth`: weights are sampled, unless they evolve."""
        state = super().birth(key)
        if self.config.initialisation is not Initialisation.COEVOLVE:
            for number, weights in enumerate(self.weights(state.memory)):
                shape = weights.shape[-2], weights.shape[-1]
                weights.copy_(draw_weights(self.config.initialisation, fold(key, number), shape))
        return state

    def develop(self, parameters: Parameters, state: NetworkState) -> NetworkState:
        """As `Policy.develop`: initial weights are those of the genome, if they evolve."""
        if self.config.initialisation is not Initialisation.COEVOLVE:
            return state
        memory = state.memory.clone()
        for number, weights in enumerate(self.weights(memory)):
            weights.copy_(parameters[f"initial.{number}.weight"][:, None])
        return state._replace(memory=memory)

    def weights(self, memory: Tensor) -> list[Tensor]:
        """Return views of the weights (P, L, after, before) of each layer in the memory (P, L, W)."""
        sizes = pairwise(self.config.layer_sizes)
        flat = memory[..., : self.config.num_synapses].split_with_sizes(list(self.config.synapse_counts), -1)
        return [
            part.unflatten(-1, (after, before)) for part, (before, after) in zip(flat, sizes, strict=True)
        ]

    def activities(self, memory: Tensor) -> list[Tensor]:
        """Return views of the last activations (P, L, units) of each layer in the memory, inputs first."""
        return list(
            memory[..., self.config.num_synapses :].split_with_sizes(list(self.config.layer_sizes), -1)
        )

    @property
    def num_hidden_units(self) -> int:
        """As `HasHiddenUnits.num_hidden_units`."""
        return sum(self.config.hidden_sizes)

    def without_units(
        self, parameters: Parameters, state: NetworkState, silent: Tensor
    ) -> tuple[Parameters, NetworkState]:
        """As `HasHiddenUnits.without_units`: their synapses are cut, and have no rule that regrows them."""
        memory = state.memory.clone()
        hidden = (~silent).split_with_sizes(list(self.config.hidden_sizes), -1)
        ends = [silent.new_ones(len(silent), self.config.layer_sizes[end]) for end in (0, -1)]
        layers = [ends[0], *hidden, ends[1]]
        rules: list[Tensor] = []
        for weights, (before, after) in zip(self.weights(memory), pairwise(layers), strict=True):
            pairs = after[:, :, None] & before[:, None, :]
            weights.mul_(pairs[:, None])
            rules.append(pairs.mT.flatten(1))  # rows of coefficients are ordered by the unit before
        for activity, units in zip(self.activities(memory), layers, strict=True):
            activity.mul_(units[:, None])
        coefficients = parameters["coefficients"] * torch.cat(rules, 1)[..., None]
        return {**parameters, "coefficients": coefficients}, state._replace(memory=memory)

    def frozen(self, state: NetworkState) -> tuple["Hebbian", NetworkState]:
        """As `Plastic.frozen`: weights are neither changed nor normalized."""
        policy = copy(self)
        policy._is_plastic = False
        return policy, state

    def has_weight(self, state: NetworkState) -> Tensor:
        """As `Plastic.has_weight`: every synapse."""
        shape = *state.key.shape, self.config.num_synapses
        return torch.ones(shape, dtype=torch.bool, device=state.key.device)

    def without_weights(self, state: NetworkState, lost: Tensor) -> NetworkState:
        """As `Plastic.without_weights`."""
        hit = torch.nn.functional.pad(lost, (0, sum(self.config.layer_sizes)))
        return state._replace(memory=state.memory.masked_fill(hit, 0))

    def respond(
        self, parameters: Parameters, memory: Tensor, inputs: Tensor, lives: Lives
    ) -> tuple[Tensor, Tensor]:
        """As `Network.respond`."""
        if self._is_plastic:
            self._change_weights(parameters["coefficients"], memory, lives.alive & ~lives.newborn)
        x = self._features(parameters, inputs)
        activities = [x]
        weights = self.weights(memory)
        for matrix in weights[:-1]:
            x = torch.tanh(_apply(matrix, x))
            activities.append(x)
        last, output = self._output(_apply(weights[-1], x))
        for old, new in zip(self.activities(memory), [*activities, last], strict=True):
            old.copy_(torch.where(lives.alive[..., None], new, old))
        return memory, output

    def _change_weights(self, coefficients: Tensor, memory: Tensor, changes: Tensor) -> None:
        """Apply the rule in place, in the lifetimes where it `changes` (P, L) weights, and normalize them."""
        rows = coefficients.split_with_sizes(list(self.config.synapse_counts), 1)
        units = pairwise(self.activities(memory))
        for part, matrix, (before, after) in zip(rows, self.weights(memory), units, strict=True):
            at_once = len(matrix)
            if not matrix.is_cuda:  # what fits into a processor's cache
                at_once = max(1, NUMBERS_AT_ONCE // matrix[0].numel())
            for start in range(0, len(matrix), at_once):
                some = slice(start, start + at_once)
                table = layer_table(self.config.rule, part[some], before.shape[-1])
                change = increment(table, before[some], after[some])
                self._add(matrix[some], change, changes[some, :, None, None])

    def _add(self, matrix: Tensor, change: Tensor, mask: Tensor) -> None:
        """Change weights (P, L, after, before) in place where a mask (P, L, 1, 1) is true; normalize them."""
        matrix.add_(torch.where(mask, change, 0.0))
        if self.config.normalise:
            largest = matrix.abs().amax((-2, -1), keepdim=True).clamp(min=EPSILON)
            matrix.div_(torch.where(mask, largest, 1.0))

    def _features(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Return the inputs (P, L, units) of the first plastic layer."""
        if not self.config.pixels:
            return inputs
        pixels, others = inputs.tensor_split([self.config.observation_size], -1)
        return torch.cat([convolve(parameters, pixels), others], -1)

    def _output(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last activations, for the rule, and outputs: -1 to 1 spans the bounds of an action."""
        kind, config = self.config.output, self.config
        if kind is Output.TANH:
            return torch.tanh(z), torch.tanh(z)
        if kind is Output.CAR_RACING:
            halves = torch.tensor([1.0, 0.5, 0.5], device=z.device)  # sigmoid z is (1 + tanh(z / 2)) / 2
            return z, torch.tanh(z * halves)
        if config.discrete_actions or not config.action_low:
            return z, z
        low, high = (
            torch.tensor(bound, device=z.device) for bound in (config.action_low, config.action_high)
        )
        return z, (2 * z - low - high) / (high - low)


def _apply(matrix: Tensor, x: Tensor) -> Tensor:
    """(P, L, after): each life's matrix (P, L, after, before) times its activities (P, L, before)."""
    return (matrix @ x[..., None])[..., 0]
