"""What the numbers of registered worlds mean."""

from lndp_envs import Labels
from lndp_envs.registration import WORLDS

from lndp_agents.lndp.config import LNDPConfig


def labels_of(env_id: str, config: LNDPConfig) -> Labels:
    """The names that a world's inputs and outputs have, else their numbers."""
    labels = WORLDS[env_id].labels if env_id in WORLDS else Labels()
    inputs, outputs = labels.inputs, labels.outputs
    if len(inputs) != config.observation_size:
        prefix = f"{labels.unit} " if labels.unit else ""
        inputs = tuple(f"{prefix}{number}" for number in range(config.observation_size))
    if len(outputs) != config.action_size:
        outputs = tuple(str(number) for number in range(config.action_size))
    return Labels(inputs, outputs)
