"""Configs that fit the spaces of an environment."""

from typing import Any

from lndp_agents.config import PolicyConfig
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.spaces.decoding import ActionDecoding
from lndp_agents.spaces.encoding import ObservationEncoding
from lndp_agents.spaces.kinds import Space
from lndp_agents.spaces.pixels import PixelEncoding
from lndp_agents.spaces.rows import plain_space
from lndp_agents.validation import shorten


def config_for(
    observation_space: Space,
    action_space: Space,
    encoding: ObservationEncoding | None = None,
    kind: type[PolicyConfig] = LNDPConfig,
    **switches: Any,
) -> Any:
    """Return a config that fits the spaces of an environment.

    Args:
        observation_space: of an environment, or what `lndp_envs.SenseReward` made of it.
        action_space: of an environment.
        encoding: the observation encoder; `ObservationEncoding.of` the space if None.
        kind: the class of the config; one of the values of `lndp_agents.policies.POLICIES`.
        **switches: other fields of the config.

    Returns:
        A config of that kind.

    Raises:
        ValueError: a space is refused, or a field is unknown or out of range.
    """
    encoding = encoding or ObservationEncoding.of(observation_space)
    if isinstance(encoding, PixelEncoding) and kind.has_input_nodes:
        raise ValueError(
            f"policy {kind.policy!r} has a node for each number and sees no pictures such as "
            f"{shorten(observation_space)}: for pictures take `--policy hebbian --encoding pixels`"
        )
    decoding = ActionDecoding.of(action_space)
    return kind.fitting(encoding, decoding, **switches)


def check_fit(
    config: PolicyConfig, observation_space: Space, action_space: Space, encoding: ObservationEncoding
) -> None:
    """Check that a config and an observation encoder fit the spaces.

    Raises:
        ValueError: they are not; the message names the number and the space.
    """
    observation_space, decoding = plain_space(observation_space), ActionDecoding.of(action_space)
    remedy = "make the configuration with lndp_agents.spaces.config_for"
    if not encoding.accepts(observation_space):
        raise ValueError(
            f"encoding {shorten(encoding.to_json())} does not fit the observation space "
            f"{shorten(observation_space)}: make it with ObservationEncoding.of"
        )
    if config.observation_size != encoding.size:
        raise ValueError(
            f"observation_size={config.observation_size}, but {shorten(observation_space)} gives "
            f"{encoding.size} inputs: {remedy}"
        )
    if config.action_size != decoding.size or config.discrete_actions != decoding.discrete:
        raise ValueError(
            f"action_size={config.action_size} and discrete_actions={config.discrete_actions}, "
            f"but {shorten(action_space)} takes {decoding.size} and {decoding.discrete}: {remedy}"
        )
    for name, value in config.sizes(encoding, decoding).items():
        if getattr(config, name) != value:
            raise ValueError(
                f"{name}={shorten(getattr(config, name))}, but the spaces give {shorten(value)}: {remedy}"
            )
