"""Trained networks of stable-baselines3, saved as safetensors and JSON.

The format of stable-baselines3 itself holds pickled code. A network needs less to act: its kind, which
follows from the name of the baseline, the spaces, some numbers, and its parameters.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from gymnasium.spaces import Dict
from stable_baselines3.common.policies import ActorCriticPolicy

from lndp_agents.persistence import (
    MAX_HEADER_BYTES,
    MODEL_FILE,
    FileFormatError,
    check_tensors,
    parse_tensors,
    read_file,
    write_file,
)
from lndp_agents.spaces import Space, space_from_json, space_to_json
from lndp_agents.spaces.kinds import Json
from lndp_agents.validation import is_object, require_keys, shorten


class TrainedModel:
    """The network of a trained model as a policy.

    Args:
        policy: the network, which stable-baselines3 calls the policy of a model.
    """

    def __init__(self, policy: ActorCriticPolicy) -> None:
        self.policy = policy

    @property
    def action_space(self) -> Space:
        """The action space of the network."""
        return cast("Space", self.policy.action_space)  # pyright: ignore[reportUnknownMemberType]

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Any]:
        """As `PredictPolicy.predict`."""
        return self.policy.predict(observation, state, episode_start, deterministic)


def save_network(network: ActorCriticPolicy, folder: Path) -> Json:
    """Write the parameters of a network to model.safetensors.

    Returns:
        The description that `load_network` needs, as JSON.

    Raises:
        OSError: the folder cannot be written.
    """
    from safetensors.torch import save

    # Actor and critic share layers under two names, and safetensors takes no tensor twice.
    content = save({name: tensor.clone() for name, tensor in network.state_dict().items()})
    write_file(folder / MODEL_FILE, content)
    return spaces_to_json(network) | {"model_sha256": hashlib.sha256(content).hexdigest()}


def spaces_to_json(network: Any) -> Json:
    """Return the spaces of a network as a JSON object.

    Raises:
        ValueError: they cannot be saved.
    """
    observations: Mapping[str, Space] = network.observation_space.spaces
    data = {
        "observation_spaces": {name: space_to_json(space) for name, space in observations.items()},
        "action_space": space_to_json(network.action_space),
    }
    _spaces_from_json(data)
    return data


def load_network(
    make: Callable[[Space, Space], ActorCriticPolicy], folder: Path, data: Mapping[str, Any]
) -> ActorCriticPolicy:
    """Load a network, with a check of everything in the files.

    Args:
        make: makes a network for a space of observations and one of actions.
        folder: the folder of the parameters.
        data: the value that `save_network` returned.

    Raises:
        FileFormatError: the parameters are missing, damaged or of another network.
        ValueError: the data is damaged.
    """
    network = make(*_spaces_from_json(data))
    _load_parameters(network, folder / MODEL_FILE, data["model_sha256"])
    return network


def _load_parameters(network: ActorCriticPolicy, file: Path, digest: object) -> None:
    expected = network.state_dict()
    num_bytes = sum(tensor.nbytes for tensor in expected.values())
    content = read_file(file, num_bytes + MAX_HEADER_BYTES, num_bytes, writer="train_baseline")
    try:
        parameters = parse_tensors(content)
        check_tensors(parameters, {name: tuple(tensor.shape) for name, tensor in expected.items()})
    except ValueError as error:
        raise FileFormatError(f"{file}: {error}") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise FileFormatError(f"{file}: not the model that was saved here; train the baseline again")
    network.load_state_dict(parameters)


def _spaces_from_json(data: Mapping[str, Any]) -> tuple[Space, Space]:
    spaces = data["observation_spaces"]
    if not is_object(spaces):
        raise ValueError(f"observation_spaces {shorten(spaces)}: give a JSON object")
    require_keys("observation_spaces", spaces, {"observation", "reward", "episode_start"})
    inputs = Dict({name: space_from_json(space) for name, space in spaces.items()})
    return inputs, space_from_json(data["action_space"])
