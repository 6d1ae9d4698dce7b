"""Injured networks for tests: lifetimes that go on after a lesion."""

from typing import Any

from torch import Tensor

from lndp_agents.interventions import Intervention
from lndp_agents.interventions.trained import Damage, damaged, silence_damage, zero_damage
from lndp_agents.rollout import Phenotype, PredictNetwork


class Hurt:
    """A policy with lesions, which lifetimes go on with."""

    def __init__(self, phenotype: Phenotype, lesions: list[Intervention]) -> None:
        self.phenotype, self.lesions = phenotype, lesions
        self.config: Any = phenotype.policy.config
        self.parameters = phenotype.parameters

    @property
    def dead(self) -> Tensor:
        """(1, L, N): the silent nodes."""
        lesion: Any = self.lesions[-1]
        return lesion.silent_nodes(self.phenotype.policy, self.phenotype.state.key)

    def step(
        self, parameters: Any, state: Any, x: Tensor, reward: Tensor, start: Tensor
    ) -> tuple[Any, Tensor]:
        network: Any
        network, output = self.phenotype.with_state(state).advance(x, reward, start)
        for lesion in self.lesions:
            network = lesion.on_state(lesion.at, network)
        return network.state, output


def injure(program: Any, parameters: Any, state: Any, lesion: Intervention) -> tuple[Any, Any]:
    """What lifetimes (1, L, ...) go on with after a lesion, and their state."""
    is_hurt = isinstance(program, Hurt)
    phenotype = program.phenotype.with_state(state) if is_hurt else Phenotype(program, parameters, state)
    after: Any = lesion.before_step(lesion.at, phenotype)
    return Hurt(after, [*(program.lesions if is_hurt else []), lesion]), after.state


def injure_policy(policy: Any, memory: Any, keys: Tensor, lesion: Intervention) -> tuple[Any, Any]:
    """What rows with these keys (L,) go on with after a lesion, and its memory."""
    network = PredictNetwork(policy, memory, keys[None], False, False, True)
    after: Any = lesion.before_step(lesion.at, network)
    return after.policy, after.state


def damaged_by(policy: Any, key: int, zero: float | None = None, nodes: int | None = None) -> Any:
    """A damaged copy of a trained model."""
    damage: Damage = silence_damage(nodes) if zero is None and nodes else zero_damage(zero or 0.0)
    return damaged(policy, damage, key)
