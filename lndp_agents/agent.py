"""The agent: what a user holds, gives observations to, saves and loads."""

from collections.abc import Mapping
from os import PathLike
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

import numpy as np
import torch
from lndp_envs.randomness import fold, key_of
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lndp_agents.config import LNDPConfig, PolicyConfig
from lndp_agents.genome import genome_to_parameters, valid_genome
from lndp_agents.graph import life_to_graph
from lndp_agents.lesions import Lesion, LifeCourse
from lndp_agents.lives import LIVES, arrays_to_lives, check_lives, lives_to_arrays, with_newborns
from lndp_agents.persistence import FileFormatError, SavedAgent, load_agent, save_agent
from lndp_agents.policies.policy import Policy
from lndp_agents.senses import Senses, sense
from lndp_agents.spaces import (
    ActionDecoding,
    ObservationEncoding,
    Space,
    as_finite,
    check_fit,
    config_for,
    from_numbers,
    plain_space,
)

Config = TypeVar("Config", bound=PolicyConfig)


class Agent(Generic[Config]):
    """An agent of any policy: a genome, and the life that it leads at the moment.

    `birth` and `act` lead one life, which the agent holds. `predict`, stable-baselines3's protocol, leads any
    number of lives, which the caller holds.

    Args:
        observation_space: of an environment, or the Dict of `lndp_envs.SenseReward`; texts are not read.
        action_space: of an environment; each Box in it bounded.
        config: of the policy; an LNDP's, `spaces.config_for` the spaces, if none.
        genome: (D,) the evolved numbers; always the same N(0, 1) ones, an untrained agent, if none.
        encoding: how observations become inputs; `ObservationEncoding.of` the space if none.
        device: where the brain is computed.

    Raises:
        ValueError: a space is refused, configuration or encoding do not fit the spaces, or the genome has
            another length or is not finite.
    """

    config_type: ClassVar[type[PolicyConfig]] = PolicyConfig

    def __init__(
        self,
        observation_space: Space,
        action_space: Space,
        config: Config | None = None,
        *,
        genome: ArrayLike | Tensor | None = None,
        encoding: ObservationEncoding | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.observation_space, self.action_space = plain_space(observation_space), action_space
        self.encoding = encoding or ObservationEncoding.of(observation_space)
        self.decoding = ActionDecoding.of(action_space)
        own = config_for(observation_space, action_space, self.encoding) if config is None else config
        self.config: Config = own
        check_fit(self.config, observation_space, action_space, self.encoding)
        self.program = self.config.make_program()
        self._genome = valid_genome(self.config, genome)
        self._state: Any = None
        self._course = LifeCourse(self.program)
        self.seed(0)
        self.to(device)

    def __repr__(self) -> str:
        spaces, name = f"{self.observation_space}, {self.action_space}", type(self).__name__
        return f"{name}({spaces}, {self.num_parameters} parameters)"

    @property
    def device(self) -> torch.device:
        """Where the brain is computed."""
        return self._genome.device

    @property
    def genome(self) -> Tensor:
        """(D,) float32: a copy of the numbers that evolution found."""
        return self._genome.clone()

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The named parameters of the policy, one tensor each."""
        return MappingProxyType({name: tensor[0] for name, tensor in self._parameters.items()})

    @property
    def num_parameters(self) -> int:
        """D."""
        return len(self._genome)

    @property
    def state(self) -> Any:
        """The life that `act` leads (P = L = 1), a value: give it to another agent to fork the life.

        An LNDP's is a `LifeState`, or a `SparseLifeState` where the configuration names candidates.

        Raises:
            RuntimeError: there is none yet.
            ValueError: a life of other sizes or of the other form is given.
        """
        if self._state is None:
            raise RuntimeError("the agent leads no life yet: call agent.birth() first")
        return self._state

    @state.setter
    def state(self, state: Any) -> None:
        check_lives(self.program, state, (1, 1), "this agent")
        self._state, self._course = state.to(self.device), LifeCourse(self.program)

    def to(self, device: torch.device | str) -> Self:
        """Move the genome and the life to a device; returns the agent."""
        self._genome = self._genome.to(device)
        self._parameters = genome_to_parameters(self.config, self._genome[None])
        if self._state is not None:
            self._state, self._course = self._state.to(device), self._course.to(device)
        return self

    def seed(self, seed: int) -> None:
        """Choose the lives to come: of `birth` without a seed, one by one, and of the rows of `predict`."""
        self._lives_key = key_of(seed, LIVES)
        self._num_births = 0

    @torch.inference_mode()
    def birth(self, seed: int | None = None) -> Any:
        """Begin a life, as the policy's lives begin: an LNDP's with a random brain, and its development.

        Args:
            seed: the same seed gives the same birth; the next one of the agent's own (see `seed`) if none.

        Returns:
            The newborn, which the agent now leads.
        """
        if seed is None:
            key = fold(self._key(self._lives_key), self._num_births)
            self._num_births += 1
        else:
            key = self._key(key_of(seed))
        self._state, self._course = self._born(key), LifeCourse(self.program)
        return self.state

    @torch.inference_mode()
    def act(self, observation: Any, reward: float = 0.0, episode_start: bool = False) -> Any:
        """Live one step: rewire with the last step's activity and reward, then choose an action.

        Args:
            observation: of the observation space, or `SenseReward`'s with reward and start in it.
            reward: the reward that the last action brought.
            episode_start: whether an episode begins here; its first step counts as reward 0.

        Returns:
            One of the action space; an int if that is Discrete.

        Raises:
            RuntimeError: no life has begun.
            ValueError: the observation is not of the space.
        """
        state = self.state
        senses = sense(observation, self.observation_space)
        if senses.is_batched:
            raise ValueError(f"observation of {len(senses.observation)} rows: act leads one life, not many")
        senses = self._course.felt(senses.completed(reward, episode_start))
        self._state, action = self._live(self._course.program, state, senses)
        self._course, action = self._course.done(action, self.action_space)
        action = from_numbers(self.action_space, action.squeeze(0))
        return action.item() if self.decoding.discrete else action

    @torch.inference_mode()
    def lesion(self, lesion: Lesion) -> None:
        """Injure the life that `act` leads, now: it goes on with that until a birth, or another `state`.

        The genome, what is saved, and the lives of `predict` stay intact. Its `at` is taken to be now.

        Raises:
            RuntimeError: no life has begun.
            ValueError: there is nothing in this policy that it could hit.
        """
        self._course, self._state = self._course.injured(self._parameters, self.state, lesion)

    @torch.inference_mode()
    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...]]:
        """Live one step of many lives, by stable-baselines3's `PolicyPredictor`.

        Pure: row i's first life is the i-th birth of the agent's seed, and a life's key leads to the next.
        Rows are lives of their own, but how many there are may change the last bits of matrix products.

        Args:
            observation: of `lndp_envs.SenseReward`, with an axis of B rows or without.
            state: what the last call returned; None begins lives.
            episode_start: (B,) true where a new life begins (one gymnasium episode is one life); nowhere if
                None. Where an episode begins *within* a life is in the observation.
            deterministic: accepted; the action is that of the largest output in any case.

        Returns:
            Actions of the space, with an axis of B rows if the observation had one, and the lives.

        Raises:
            ValueError: the observation is not of the space or lacks the reward, or the rows do not match.
        """
        senses = sense(observation, self.observation_space)
        if self.config.reward_input and not senses.has_reward:
            raise ValueError(
                "observation without the reward that this agent needs: wrap the env in lndp_envs.SenseReward"
            )
        num_rows = len(senses.observation)
        if state is None:
            key = self._key(self._lives_key)
            lives = self._born(fold(key, torch.arange(num_rows, device=self.device)[None]))
        else:
            lives = arrays_to_lives(state, num_rows, self.program, self.device)
            lives = with_newborns(lives, episode_start, self._born)
        lives, action = self._live(self.program, lives, senses)
        action = from_numbers(self.action_space, action if senses.is_batched else action.squeeze(0))
        return action, lives_to_arrays(lives)

    @torch.inference_mode()
    def births(self, keys: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """Newborns for `predict`, one for each key (B,), of which they are a pure function."""
        return lives_to_arrays(self._born(torch.as_tensor(keys, device=self.device)[None]))

    def save_pretrained(self, folder: str | PathLike[str]) -> None:
        """Write config.json and model.safetensors; the life is not saved.

        Raises:
            OSError: the folder cannot be written.
        """
        spaces = self.observation_space, self.action_space
        save_agent(folder, SavedAgent(*spaces, self.encoding, self.config, self._genome))

    @classmethod
    def from_pretrained(cls, folder: str | PathLike[str], device: torch.device | str = "cpu") -> Self:
        """Load what `save_pretrained` wrote, an LNDP as `LNDPAgent`; nothing in the files is executed.

        Raises:
            FileFormatError: a file is missing or is not what it should be; the message names file and remedy.
        """
        saved = load_agent(folder)
        natural: Any = agent_kind(saved.config)
        kind = natural if issubclass(natural, cls) else cls
        if not isinstance(saved.config, kind.config_type):
            raise FileFormatError(f"{folder}: of the policy {saved.config.policy}; load it as an Agent")
        spaces = saved.observation_space, saved.action_space
        config: Any = saved.config
        return kind(*spaces, config, genome=saved.genome, encoding=saved.encoding, device=device)

    def _key(self, key: int) -> Tensor:
        return torch.full((1, 1), key, dtype=torch.int64, device=self.device)

    def _born(self, key: Tensor) -> Any:
        """Newborns (1, L, ...) of the program's form, developed, one for each key (1, L)."""
        return self.program.develop(self._parameters, self.program.birth(key))

    def _live(self, program: Policy[Any], state: Any, senses: Senses) -> tuple[Any, NDArray[Any]]:
        """One step of the lives (1, L, ...): the next state, and actions (L, *shape)."""
        observation, reward, episode_start = (
            torch.tensor(values, device=self.device)[None]
            for values in (senses.observation, senses.reward, senses.episode_start)
        )
        episode_start = episode_start | program.is_newborn(state)
        x = self.encoding.encode(observation)
        state, output = program.experience(self._parameters, state, x, as_finite(reward), episode_start)
        return state, self.decoding.decode(output[0]).cpu().numpy()


class LNDPAgent(Agent[LNDPConfig]):
    """A plastic agent: a genome, and the life that it leads at the moment. Its brain is a graph."""

    config_type = LNDPConfig

    def graph(self, kind: Literal["pyg", "networkx"] = "pyg") -> Any:
        """The brain of the life, as `lndp_agents.graph.life_to_graph`.

        Raises:
            RuntimeError: no life has begun.
        """
        return life_to_graph(self.config, self.state, kind)


def agent_kind(config: PolicyConfig) -> type[Agent[Any]]:
    """The class of the agents of a policy."""
    return LNDPAgent if isinstance(config, LNDPConfig) else Agent
