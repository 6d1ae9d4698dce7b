"""The agent: what a user holds, gives observations to, saves and loads."""

from os import PathLike
from typing import Any, ClassVar, Literal, Self

import torch
from lndp_envs.randomness import fold, key_of

from lndp_agents.config import LNDPConfig, PolicyConfig
from lndp_agents.graph import life_to_graph
from lndp_agents.lesions import Lesion, LifeCourse
from lndp_agents.lives import check_lives, own_memory, valid_seed
from lndp_agents.persistence import FileFormatError, SavedAgent, load_agent, save_agent
from lndp_agents.predictor import Config, Predictor
from lndp_agents.senses import sense
from lndp_agents.spaces import from_numbers


class Agent(Predictor[Config]):
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
        backend: how, on a CPU: "native" by the kernel that scores agents in evolution and `evaluate`, built
            at first use; "eager" by torch, through which gradients flow; "auto" natively where that can be,
            which is the same life, bit for bit, in `act`, `predict` and `evaluate`. Other devices are eager.

    Raises:
        ValueError: a space is refused, configuration or encoding do not fit the spaces, the genome has
            another length or is not finite, or device or backend are not there for this policy.
        OSError: the kernel was asked for and cannot be built; "auto" only warns, when it is needed.
    """

    config_type: ClassVar[type[PolicyConfig]] = PolicyConfig

    _state: Any = None
    _course = LifeCourse()
    _num_births = 0

    @property
    def state(self) -> Any:
        """The life that `act` leads (P = L = 1), a value: give it to another agent to fork the life.

        An LNDP's is a `LifeState`, or a `SparseLifeState` where the configuration names candidates. An agent
        copies what it is given.

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
        self._state, self._course = own_memory(self.program.state_type, state, self.device), LifeCourse()

    def to(self, device: torch.device | str) -> Self:
        """Move the genome and the life to a device; returns the agent.

        Raises:
            ValueError: it is no device, or it is not there.
        """
        super().to(device)
        if self._state is not None:
            self._state, self._course = self._state.to(self.device), self._course.to(self.device)
        return self

    def seed(self, seed: int) -> None:
        """Choose the lives to come: of `birth` without a seed, one by one, and of the rows of `predict`.

        Raises:
            ValueError: the seed is no integer from 0 to 2**64 - 1.
        """
        super().seed(seed)
        self._num_births = 0

    @torch.inference_mode()
    def birth(self, seed: int | None = None) -> Any:
        """Begin a life, as the policy's lives begin: an LNDP's with a random brain, and its development.

        Args:
            seed: the same seed gives the same birth; the next one of the agent's own (see `seed`) if none.

        Returns:
            The newborn, which the agent now leads.

        Raises:
            ValueError: the seed is no integer from 0 to 2**64 - 1.
        """
        if seed is None:
            key = fold(self._key(self._lives_key), self._num_births)
            self._num_births += 1
        else:
            key = self._key(key_of(valid_seed(seed)))
        self._state, self._course = self._born(key), LifeCourse()
        return self.state

    @torch.inference_mode()
    def act(self, observation: Any, reward: Any = 0.0, episode_start: Any = False) -> Any:
        """Live one step: rewire with the last step's activity and reward, then choose an action.

        Args:
            observation: of the observation space, or `SenseReward`'s with reward and start in it.
            reward: what the last action brought, a number or an array of one; NaN counts as 0.
            episode_start: whether an episode begins here; its first step counts as reward 0.

        Returns:
            One of the action space; an int if that is Discrete.

        Raises:
            RuntimeError: no life has begun.
            ValueError: the observation is not of the space, or the reward is no number.
        """
        state = self.state
        senses = sense(observation, self.observation_space)
        if senses.is_batched:
            raise ValueError(
                f"observation of {len(senses.observation)} rows: act leads one life, predict leads many"
            )
        senses = self._course.felt(senses.completed(reward, episode_start))
        self._state, action = self._live(self._course.program or self.program, state, senses)
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
        state = self.state
        self._course, self._state = self._course.injured(self.program, self._parameters, state, lesion)

    def save_pretrained(self, folder: str | PathLike[str]) -> None:
        """Write config.json and model.safetensors; the life is not saved.

        Raises:
            OSError: the folder cannot be written.
        """
        spaces = self.observation_space, self.action_space
        save_agent(folder, SavedAgent(*spaces, self.encoding, self.config, self._genome))

    @classmethod
    def from_pretrained(
        cls, folder: str | PathLike[str], device: torch.device | str = "cpu", backend: str = "auto"
    ) -> Self:
        """Load what `save_pretrained` wrote, an LNDP as `LNDPAgent`; nothing in the files is executed.

        Raises:
            FileFormatError: a file is missing or is not what it should be; the message names file and remedy.
            ValueError: device or backend are not there (see `Agent`).
        """
        saved = load_agent(folder)
        natural: Any = agent_kind(saved.config)
        kind = natural if issubclass(natural, cls) else cls
        if not isinstance(saved.config, kind.config_type):
            raise FileFormatError(f"{folder}: of the policy {saved.config.policy}; load it as an Agent")
        spaces = saved.observation_space, saved.action_space
        config: Any = saved.config
        genome, encoding = saved.genome, saved.encoding
        return kind(*spaces, config, genome=genome, encoding=encoding, device=device, backend=backend)


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
