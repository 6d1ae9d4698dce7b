"""What the numbers of well-known worlds mean."""

from typing import NamedTuple

from lndp_agents.config import LNDPConfig


class Labels(NamedTuple):
    """Names of the inputs and outputs of a brain, printable ASCII."""

    inputs: tuple[str, ...]
    """One per input node."""
    outputs: tuple[str, ...]
    """One per output node."""


_KNOWN = {
    "Foraging": Labels(("position",), ("right", "left", "stay")),
    "CartPole": Labels(("position", "velocity", "angle", "turning"), ("left", "right")),
    "Acrobot": Labels(
        ("cos inner", "sin inner", "cos outer", "sin outer", "inner speed", "outer speed"),
        ("torque -1", "torque 0", "torque +1"),
    ),
    "Pendulum": Labels(("cos", "sin", "speed"), ("torque",)),
}


def labels_of(env_id: str, config: LNDPConfig) -> Labels:
    """The names that a world's inputs and outputs have, else their numbers."""
    known = next((labels for name, labels in _KNOWN.items() if name in env_id), Labels((), ()))
    inputs, outputs = known
    if len(inputs) != config.observation_size:
        prefix = "cell " if "Foraging" in env_id else ""
        inputs = tuple(f"{prefix}{number}" for number in range(config.observation_size))
    if len(outputs) != config.action_size:
        outputs = tuple(str(number) for number in range(config.action_size))
    return Labels(inputs, outputs)
