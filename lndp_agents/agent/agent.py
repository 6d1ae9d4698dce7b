"""The agent: what a user holds, gives observations to, saves and loads."""

from dataclasses import replace
from os import PathLike
from typing import Any, ClassVar, Literal, NamedTuple, Self

import torch
from lndp_envs.randomness import fold, key_of

from lndp_agents.agent.graph import life_to_graph
from lndp_agents.agent.lives import check_lives, own_memory, valid_seed
from lndp_agents.agent.predictor import Config, Predictor
from lndp_agents.agent.senses import sense
from lndp_agents.config import PolicyConfig
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.persistence import FileFormatError, SavedAgent, load_agent, save_agent
from lndp_agents.policies.capabilities import edges_of
from lndp_agents.rollout.engine import begin_step, step_network
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Phenotype
from lndp_agents.spaces import from_numbers


class Lifetime(NamedTuple):
    """The lifetime that an agent leads."""

    network: Phenotype
    """Of one genome and one lifetime (P = L = 1)."""
    step: int = 0
    """Steps since birth, or since the state was given to the agent."""
    interventions: tuple[Intervention, ...] = ()
    begun: int = 0
    """How many of them have had their `before_step` in the step to come."""


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

    Example:
        >>> import gymnasium
        >>> from lndp_agents import load_pretrained
        >>> env = gymnasium.make("lndp/Foraging-v0")
        >>> agent = load_pretrained("foraging")
        >>> _ = agent.birth(seed=3)
        >>> observation, _ = env.reset(seed=3)
        >>> for step in range(3):
        ...     action = agent.act(observation, reward=0.0 if step == 0 else reward, episode_start=step == 0)
        ...     observation, reward, *_ = env.step(action)
    """

    config_type: ClassVar[type[PolicyConfig]] = PolicyConfig

    _lifetime: Lifetime | None = None
    _num_births = 0

    @property
    def state(self) -> Any:
        """State of the current lifetime (P = L = 1), a value: assign it to another agent to fork it.

        An LNDP's is a `LifeState`, or a `SparseLifeState` where the configuration names candidates. An agent
        copies what it is given.

        Raises:
            RuntimeError: there is none yet.
            ValueError: a life of other sizes or of the other form is given.
        """
        return self._current.network.state

    @state.setter
    def state(self, state: Any) -> None:
        check_lives(self.program, state, (1, 1), "this agent")
        self._begin(own_memory(self.program.state_type, state, self.device))

    def to(self, device: torch.device | str) -> Self:
        """Move the genome and the life to a device; returns the agent.

        Raises:
            ValueError: it is no device, or it is not there.
        """
        super().to(device)
        if self._lifetime is not None:
            network, interventions = self._lifetime.network, self._lifetime.interventions
            moved = network.to(self.device) if interventions else self._network(network.state.to(self.device))
            self._lifetime = self._lifetime._replace(network=moved)
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
        self._begin(self._born(key))
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
        network, step, interventions, begun = self._current
        senses = sense(observation, self.observation_space)
        if senses.is_batched:
            raise ValueError(
                f"observation of {len(senses.observation)} rows: act leads one life, predict leads many"
            )
        given = self._given(network, senses.completed(reward, episode_start))
        network, actions = step_network(
            self, network, step, given, interventions, space=self.action_space, begun=begun
        )
        self._lifetime = Lifetime(network, step + 1, interventions)
        action = from_numbers(self.action_space, actions.cpu().numpy().squeeze(0))
        return action.item() if self.decoding.discrete else action

    @torch.inference_mode()
    def lesion(self, lesion: Intervention) -> None:
        """Intervene in the current lifetime, now: it lasts until a birth, or another `state`.

        The genome, what is saved, and the lifetimes of `predict` stay intact. Its `at` is taken to be now.

        Raises:
            RuntimeError: no life has begun.
            ValueError: there is nothing in this policy that it could hit.
        """
        network, step, earlier, begun = self._current
        interventions = (*earlier, replace(lesion, at=step))
        network = begin_step(network, step, interventions[begun:])
        self._lifetime = Lifetime(network, step, interventions, begun=len(interventions))

    @property
    def phenotype(self) -> Phenotype:
        """The network of the current lifetime: its policy, parameters and state, after interventions.

        Raises:
            RuntimeError: no lifetime has begun.
        """
        return self._current.network

    def graph(self, kind: Literal["pyg", "networkx"] = "pyg") -> Any:
        """Return the network of the current lifetime as a graph of another library (see `life_to_graph`).

        Raises:
            RuntimeError: no lifetime has begun.
            ValueError: the policy has no edges, or the kind is unknown.
            ImportError: the library is not installed; the message has the command.
        """
        network = self._current.network
        return life_to_graph(edges_of(network.policy), network.state, kind)

    @property
    def _current(self) -> Lifetime:
        if self._lifetime is None:
            raise RuntimeError("no lifetime has begun: call agent.birth() first")
        return self._lifetime

    def _begin(self, state: Any) -> None:
        self._lifetime = Lifetime(self._network(state))

    def save_pretrained(self, folder: str | PathLike[str]) -> None:
        """Write config.json and model.safetensors; the life is not saved.

        Raises:
            OSError: the folder cannot be written.
        """
        spaces = self.observation_space, self.action_space
        save_agent(folder, SavedAgent(*spaces, self.encoding, self.config, self._genome))

    @classmethod
    def from_pretrained(
        cls,
        folder: str | PathLike[str],
        device: torch.device | str = "cpu",
        backend: str = "auto",
        *,
        trust: bool = False,
    ) -> Self:
        """Load what `save_pretrained` wrote, an LNDP as `LNDPAgent`; nothing in the files is executed.

        Args:
            folder: of the files.
            device: as for `Agent`.
            backend: as for `Agent`.
            trust: whether modules of policies and mechanisms that the files name may be imported, which
                runs them. Those of installed plug-ins, and those that are imported already, need no trust.

        Raises:
            FileFormatError: a file is missing or is not what it should be; the message names file and remedy.
            ValueError: device or backend are not there (see `Agent`).
        """
        saved = load_agent(folder, trust=trust)
        natural: Any = agent_kind(saved.config)
        kind = natural if issubclass(natural, cls) else cls
        if not isinstance(saved.config, kind.config_type):
            raise FileFormatError(f"{folder}: of the policy {saved.config.policy}; load it as an Agent")
        spaces = saved.observation_space, saved.action_space
        config: Any = saved.config
        genome, encoding = saved.genome, saved.encoding
        return kind(*spaces, config, genome=genome, encoding=encoding, device=device, backend=backend)


class LNDPAgent(Agent[LNDPConfig]):
    """A plastic agent: a genome, and the life that it leads at the moment. Its brain is a graph.

    Example:
        >>> import gymnasium
        >>> from lndp_agents import LNDPAgent
        >>> env = gymnasium.make("CartPole-v1")
        >>> agent = LNDPAgent(env.observation_space, env.action_space)  # an untrained one
        >>> _ = agent.birth(seed=0)
        >>> agent.act(env.reset(seed=0)[0], reward=0.0, episode_start=True) in (0, 1)
        True
    """

    config_type = LNDPConfig


def agent_kind(config: PolicyConfig) -> type[Agent[Any]]:
    """The class of the agents of a policy."""
    return LNDPAgent if isinstance(config, LNDPAgent.config_type) else Agent
