"""The injury that the options of a command describe."""

from argparse import Namespace

from lndp_agents.lesions import Lesion


def lesion_of(options: Namespace) -> Lesion | None:
    """What `--at` and one of the options for what happens say; none if there are none of them.

    Raises:
        ValueError: there are only some of them, or a value is out of range.
    """
    kinds = {name: getattr(options, name) for name in ("zero", "freeze", "saturate", "cut_reward", "nodes")}
    is_given = any(value is not None and value is not False for value in kinds.values())
    if options.at is None and not is_given:
        return None
    if options.at is None:
        raise ValueError("an injury without its step: add --at STEP, such as --at 50")
    if not is_given:
        raise ValueError(
            f"--at {options.at} without an injury: add --zero SHARE, --freeze, --saturate STEPS, "
            "--cut-reward or --nodes INT"
        )
    return Lesion(at=options.at, **kinds)
