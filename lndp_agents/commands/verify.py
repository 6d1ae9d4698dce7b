"""`lndp verify`: compute a generation of a run again and compare."""

from argparse import Namespace

from lndp_agents.commands.train import say, workers_of
from lndp_agents.commands.trust import check_run


def verify_command(options: Namespace) -> int:
    """Print in one line that all is the same, or what differs."""
    from lndp_agents.run.verification import verify  # slow to import

    check_run(options.folder, options)
    verdict = verify(
        options.folder,
        options.generation,
        everything=options.all,
        seed=options.seed,
        workers=workers_of(options),
        say=say,
        trust=options.trust,
    )
    print(verdict)
    return 1 if verdict.differences else 0
