"""The genome of any policy: a vector of numbers, and the named parameters that it encodes."""

from math import prod

import torch
from lndp_envs.randomness import key_of, normal
from numpy.typing import ArrayLike
from torch import Tensor

from lndp_agents.config import PolicyConfig
from lndp_agents.parameters import Parameters
from lndp_agents.policies import parameter_shapes
from lndp_agents.shapes import Float


def genome_size(config: PolicyConfig) -> int:
    """Return D, the number of parameters that evolve."""
    return sum(prod(shape) for shape in parameter_shapes(config).values())


def genome_to_parameters(config: PolicyConfig, genomes: Float[Tensor, "P D"]) -> dict[str, Tensor]:
    """Split genomes into named parameters (P, *shape).

    Raises:
        ValueError: the genomes do not have D numbers each.
    """
    if genomes.dim() != 2 or genomes.shape[1] != genome_size(config):
        raise ValueError(
            f"genomes of shape {tuple(genomes.shape)}: give (P, {genome_size(config)}) for this configuration"
        )
    parameters: dict[str, Tensor] = {}
    start = 0
    for name, shape in parameter_shapes(config).items():
        parameters[name] = genomes[:, start : start + prod(shape)].reshape(-1, *shape)
        start += prod(shape)
    return parameters


def initial_genome(config: PolicyConfig, update_bias: float) -> Float[Tensor, "D"]:
    """Return a genome of zeros, but for biases that keep a network as it is.

    Those of update gates are `update_bias`, those of decisions to prune or to grow an edge its negative. At a
    large one, nodes keep what they are, synapses their states and the network its edges, unless evolution
    finds a reason to change them (compare the forget gates of LSTMs, which start open).
    """
    parameters = genome_to_parameters(config, torch.zeros(1, genome_size(config)))
    for name in config.gated_biases:
        parameters[name].chunk(3, -1)[1].fill_(update_bias)
    for name in config.decision_biases:
        if name in parameters:
            parameters[name].fill_(-update_bias)
    return parameters_to_genome(config, parameters)[0]


def parameters_to_genome(config: PolicyConfig, parameters: Parameters) -> Float[Tensor, "P D"]:
    """Join named parameters (P, *shape) into genomes: the inverse of `genome_to_parameters`."""
    return torch.cat([parameters[name].flatten(1) for name in parameter_shapes(config)], 1)


def valid_genome(config: PolicyConfig, genome: ArrayLike | Tensor | None) -> Float[Tensor, "D"]:
    """Return the genome as a finite float32 vector in memory of its own; a fixed random one if None.

    Raises:
        ValueError: it has another length, or is not finite.
    """
    size = genome_size(config)
    if genome is None:
        return normal(torch.tensor([key_of(0)]), (size,))[0].float()
    vector = torch.as_tensor(genome).detach().to("cpu", torch.float32, copy=True)
    if vector.shape != (size,):
        raise ValueError(f"genome of shape {tuple(vector.shape)}: give ({size},) for this configuration")
    if not vector.isfinite().all():
        raise ValueError("genome with NaN or infinity: give finite numbers")
    return vector
