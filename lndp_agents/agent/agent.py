"""Agents: a genome, its policy and the state of a lifetime, to act with, save and load."""

from dataclasses import replace
from os import PathLike
from typing import Any, ClassVar, Literal, NamedTuple, Self

import torch
from lndp_envs.randomness import fold, key_of

from lndp_agents.agent.graph import to_graph
from lndp_agents.agent.observations import read_observation
from lndp_agents.agent.predictor import Config, Predictor, valid_seed
from lndp_agents.agent.states import check_state, own_memory
from lndp_agents.config import PolicyConfig
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.persistence import FileFormatError, SavedAgent, load_agent, save_agent
from lndp_agents.policies.capabilities import edges_of
from lndp_agents.rollout.engine import begin_step, step_network
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Phenotype
from lndp_agents.spaces import from_numbers


class Lifetime(NamedTuple):
    """The current lifetime of an agent."""

    network: Phenotype
    """Of one genome and one lifetime (P = L = 1)."""
    step: int = 0
    """Steps since birth, or since the state was given to the agent."""
    interventions: tuple[Intervention, ...] = ()
    is_begun: bool = False
    """Whether they have had their `before_step` for the step to come."""


class Agent(Predictor[Config]):
    """An agent of any policy: a genome, and the state of its current lifetime.

    `birth` and `act` advance one lifetime, whose state the agent holds. `predict`, stable-baselines3's
    protocol, advances any number of lifetimes, whose states the caller holds.

    Args:
        observation_space: of an environment, or the Dict of `lndp_envs.SenseReward`; texts are not read.
        action_space: of an environment; each Box in it bounded.
        config: of the policy; that of an LNDP, `spaces.config_for` the spaces, if None.
        genome: (D,) evolved numbers; always the same N(0, 1) ones, an untrained agent, if None.
        encoding: the observation encoder; `ObservationEncoding.of` the space if None.
        device: of the network.
        backend: on a CPU, "native" for the kernel that scores agents in evolution and `evaluate`, built at
            first use; "eager" for torch, through which gradients flow; "auto" for the kernel wherever it can
            be used: `act`, `predict` and `evaluate` then agree bit for bit. Other devices are eager.

    Raises:
        ValueError: a space is refused, config or encoding do not fit the spaces, the genome has another
            length or is not finite, or device or backend are not available for this policy.
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
        """State of the current lifetime (P = L = 1), a value. Assign it to another agent to fork it.

        That of an LNDP is a `LifeState`, or a `SparseLifeState` where the config names candidates. The state
        is copied when it is assigned.

        Raises:
            RuntimeError: no lifetime has begun.
            ValueError: a state of other sizes or of another form is assigned.
        """
        return self.phenotype.state

    @state.setter
    def state(self, state: Any) -> None:
        check_state(self.program, state, (1, 1), "this agent")
        self._lifetime = Lifetime(self._network(own_memory(self.program.state_type, state, self.device)))

    def to(self, device: torch.device | str) -> Self:
        """Move the genome and the current lifetime to a device; return the agent.

        Raises:
            ValueError: there is no such device.
        """
        super().to(device)
        if self._lifetime is not None:
            network, interventions = self._lifetime.network, self._lifetime.interventions
            moved = network.to(self.device) if interventions else self._network(network.state.to(self.device))
            self._lifetime = self._lifetime._replace(network=moved)
        return self

    def seed(self, seed: int) -> None:
        """Seed the lifetimes to come: those of `birth` without a seed, and of the rows of `predict`.

        Raises:
            ValueError: the seed is no integer from 0 to 2**64 - 1.
        """
        super().seed(seed)
        self._num_births = 0

    @torch.inference_mode()
    def birth(self, seed: int | None = None) -> Any:
        """Begin a lifetime: initialize the network and let it develop.

        Args:
            seed: random seed of the initial state; the next one of the agent's own (see `seed`) if None.

        Returns:
            The state, which is now that of the agent.

        Raises:
            ValueError: the seed is no integer from 0 to 2**64 - 1.
        """
        if seed is None:
            key = fold(self._key(self._lifetimes_key), self._num_births)
            self._num_births += 1
        else:
            key = self._key(key_of(valid_seed(seed)))
        self._lifetime = Lifetime(self._network(self._init(key)))
        return self.state

    @torch.inference_mode()
    def act(self, observation: Any, reward: Any = 0.0, episode_start: Any = False) -> Any:
        """Advance by one step: rewire with the last step's activity and reward, then choose an action.

        Args:
            observation: of the observation space, or of `SenseReward`, with reward and episode start in it.
            reward: of the last action, a number or an array of one; NaN counts as 0.
            episode_start: whether an episode begins here; the reward then counts as 0.

        Returns:
            An action of the action space; an int if that is Discrete.

        Raises:
            RuntimeError: no lifetime has begun.
            ValueError: the observation is not of the space, or the reward is no number.
        """
        network, step, interventions, is_begun = self._current
        rows = read_observation(observation, self.observation_space)
        if rows.is_batched:
            raise ValueError(
                f"observation of {len(rows.observation)} rows: act advances one lifetime, predict many"
            )
        given = self._given(network, rows.completed(reward, episode_start))
        if not is_begun:
            network = begin_step(network, step, interventions)
        network, actions = step_network(self, network, step, given, interventions, space=self.action_space)
        self._lifetime = Lifetime(network, step + 1, interventions)
        action = from_numbers(self.action_space, actions.cpu().numpy().squeeze(0))
        return action.item() if self.decoding.discrete else action

    @torch.inference_mode()
    def lesion(self, lesion: Intervention) -> None:
        """Apply an intervention to the current lifetime, from now on until a birth, or another `state`.

        The genome, saved files, and the lifetimes of `predict` stay intact. The field `at` is ignored.

        Raises:
            RuntimeError: no lifetime has begun.
            ValueError: this policy has nothing that the intervention could change.
        """
        network, step, earlier, is_begun = self._current
        new = replace(lesion, at=step)
        network = begin_step(network, step, (new,) if is_begun else (*earlier, new))
        self._lifetime = Lifetime(network, step, (*earlier, new), is_begun=True)

    @property
    def phenotype(self) -> Phenotype:
        """The network of the current lifetime: its policy, parameters and state, after interventions.

        Raises:
            RuntimeError: no lifetime has begun.
        """
        return self._current.network

    def graph(self, kind: Literal["pyg", "networkx"] = "pyg") -> Any:
        """Return the network of the current lifetime as a graph of another library (see `graph.to_graph`).

        Raises:
            RuntimeError: no lifetime has begun.
            ValueError: the policy has no edges, or the kind is unknown.
            ImportError: the library is not installed; the message has the command.
        """
        network = self.phenotype
        return to_graph(edges_of(network.policy), network.state, kind)

    @property
    def _current(self) -> Lifetime:
        if self._lifetime is None:
            raise RuntimeError("no lifetime has begun: call agent.birth() first")
        return self._lifetime

    def save_pretrained(self, folder: str | PathLike[str]) -> None:
        """Write config.json and model.safetensors; the current lifetime is not saved.

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
        """Load an agent that `save_pretrained` wrote; nothing in the files is executed.

        Args:
            folder: of the files.
            device: as for `Agent`.
            backend: as for `Agent`.
            trust: whether modules of policies and mechanisms that the files name may be imported, which
                runs them. Those of installed plug-ins, and those that are imported already, need no trust.

        Returns:
            An `LNDPAgent` if the policy is an LNDP.

        Raises:
            FileFormatError: a file is missing or damaged; the message names file and remedy.
            ValueError: device or backend are not available (see `Agent`).
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
    """An agent whose policy is an LNDP: its network is a graph that rewires.

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
    """Return the class of the agents of a policy."""
    return LNDPAgent if isinstance(config, LNDPAgent.config_type) else Agent
