"""Small policies of every kind."""

from typing import Any

import torch
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.policies import POLICIES, PolicyConfig

SMALL: dict[str, dict[str, Any]] = {
    "lndp": {"nodes": 11, "initial_density": 0.5, "node_features": 3},
    "ndp": {"nodes": 11, "initial_density": 0.5, "node_features": 3, "development_steps": 3},
    "linear": {},
    "mlp": {"hidden_sizes": [5, 4]},
    "gru": {"hidden_size": 4},
    "hebbian": {"hidden_sizes": [5, 4]},
}
RIVALS = [name for name in SMALL if name not in ("lndp", "ndp")]


def small_config(name: str, **switches: Any) -> PolicyConfig:
    fields = {"observation_size": 3, "action_size": 2, **SMALL[name], **switches}
    return POLICIES[name].from_json(fields)


def parameters_of(config: PolicyConfig, num_genomes: int = 1, seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return genome_to_parameters(config, torch.randn(num_genomes, genome_size(config), generator=draw))


def steps_of(
    config: PolicyConfig, shape: tuple[int, int], num_steps: int
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Observation, reward and episode start of each step."""
    draw = torch.Generator().manual_seed(1)
    return [
        (
            torch.randn(*shape, config.observation_size, generator=draw),
            torch.randn(*shape, generator=draw),
            torch.rand(*shape, generator=draw) < (1.0 if step == 0 else 0.3),
        )
        for step in range(num_steps)
    ]
