"""The intervention that the options of a command describe."""

from argparse import Namespace

from lndp_agents.interventions import KINDS, Intervention, Lesion, find_intervention


def lesion_of(options: Namespace) -> Intervention | None:
    """Return what `--at` and one of the options for what happens say; None without any of them.

    Raises:
        ValueError: there are only some of them, or a value is out of range.
    """
    kinds = {name: getattr(options, name) for name in KINDS}
    is_given = options.lesion is not None or any(
        value is not None and value is not False for value in kinds.values()
    )
    if options.at is None and not is_given:
        return None
    if options.at is None:
        raise ValueError("an injury without its step: add --at STEP, such as --at 50")
    if not is_given:
        raise ValueError(
            f"--at {options.at} without an injury: add --zero SHARE, --freeze, --saturate STEPS, "
            "--cut-reward, --nodes INT or --lesion MODULE:NAME"
        )
    if options.lesion is not None:
        return find_intervention(options.lesion, options.at)
    return Lesion(at=options.at, **kinds)
