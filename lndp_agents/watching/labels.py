"""Names of inputs and outputs."""

from lndp_envs import Labels
from lndp_envs.registration import WORLDS

from lndp_agents.watching.wiring import NodeCounts


def labels_of(env_id: str, counts: NodeCounts) -> Labels:
    """Return the names that an environment's inputs and outputs have, else their numbers."""
    labels = WORLDS[env_id].labels if env_id in WORLDS else Labels()
    inputs, outputs = labels.inputs, labels.outputs
    if len(inputs) != counts.inputs:
        prefix = f"{labels.unit} " if labels.unit else ""
        inputs = tuple(f"{prefix}{number}" for number in range(counts.inputs))
    if len(outputs) != counts.outputs:
        outputs = tuple(str(number) for number in range(counts.outputs))
    return Labels(inputs, outputs)
