"""Names of inputs and outputs."""

from lndp_envs import Labels
from lndp_envs.registration import WORLDS

from lndp_agents.watching.wiring import NodeCounts


def labels_of(env_id: str, counts: NodeCounts, own_inputs: tuple[str, ...] = ()) -> Labels:
    """Return the names that an environment's inputs and outputs have, else their numbers.

    Args:
        env_id: id of the environment.
        counts: how many inputs and outputs there are.
        own_inputs: names of the last inputs, which are not of the observation.
    """
    labels = WORLDS[env_id].labels if env_id in WORLDS else Labels()
    inputs, outputs = labels.inputs, labels.outputs
    observed = counts.inputs - len(own_inputs)
    if len(inputs) != observed:
        prefix = f"{labels.unit} " if labels.unit else ""
        inputs = tuple(f"{prefix}{number}" for number in range(observed))
    if len(outputs) != counts.outputs:
        outputs = tuple(str(number) for number in range(counts.outputs))
    return Labels((*inputs, *own_inputs), outputs)
