"""`ndp`: a program whose network develops from spontaneous activity after birth and then never changes.

That is the Neural Developmental Program that the lifelong one goes beyond (arXiv 2406.09787, section 4).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from lndp_agents.lndp.config import MAX_STEPS, LNDPConfig
from lndp_agents.validation import about


@dataclass(frozen=True, kw_only=True)
class NDPConfig(LNDPConfig):
    """An `LNDPConfig` of development alone.

    Raises:
        ValueError: as for `LNDPConfig`, or networks would change after development.
    """

    policy: ClassVar[str] = "ndp"
    development_steps: int = field(
        default=20,
        metadata=about(
            "number of steps of spontaneous activity between birth and the first observation", 0, MAX_STEPS
        ),
    )
    lifetime_updates: bool = field(
        default=False, metadata=about("changes of the network after development: never")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lifetime_updates or self.development_between_episodes:
            raise ValueError(
                "an ndp develops once, after birth: for changes within a lifetime take the policy lndp"
            )
