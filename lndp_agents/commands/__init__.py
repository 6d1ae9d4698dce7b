"""What the commands of `lndp` do; `lndp_agents.cli` reads the command line."""

from lndp_agents.commands.compare import compare_command
from lndp_agents.commands.diagnose import diagnose_command
from lndp_agents.commands.evaluate import evaluate_command
from lndp_agents.commands.lesion import lesion_command
from lndp_agents.commands.listing import envs
from lndp_agents.commands.train import resume, train
from lndp_agents.commands.verify import verify_command
from lndp_agents.commands.watch import watch_command
from lndp_agents.commands.zoo import zoo_download, zoo_list, zoo_show, zoo_verify

COMMANDS = {
    "train": train,
    "resume": resume,
    "verify": verify_command,
    "evaluate": evaluate_command,
    "diagnose": diagnose_command,
    "lesion": lesion_command,
    "compare": compare_command,
    "watch": watch_command,
    "zoo list": zoo_list,
    "zoo show": zoo_show,
    "zoo download": zoo_download,
    "zoo verify": zoo_verify,
    "envs": envs,
}
"""Each takes the parsed options and returns the exit code."""
