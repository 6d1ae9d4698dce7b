"""Where EvoTorch cannot be imported all goes on but for its own searchers, which say what to do."""

import subprocess
import sys
from pathlib import Path

HIDING = """
import sys


class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("evotorch", "ray"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hidden())
from lndp_agents import cli, load_pretrained

TRAIN = ["train", "lndp/Foraging-v0", "--max-steps", "10", "--population", "4", "--lives", "2"]
TRAIN += ["--generations", "2", "--held-out-lives", "2", "--evaluate-every", "1"]
code = cli.main([*TRAIN, "--out", "refused"])
print(code)
remedy = ["--searcher", "SepCMAES"]
print(cli.main([*TRAIN, *remedy, "--out", "run", "--json"]))
print(cli.main(["resume", "run", "--generations", "3", "--json"]))
print(cli.main(["verify", "run", "--all"]))
print(cli.main(["evaluate", "run", "--lives", "2", "--json"]))
print(cli.main([*TRAIN, "--searcher", "OpenAIES", "--out", "other", "--json"]))
print(load_pretrained("run/best").genome.isfinite().all().item())
print({name.partition(".")[0] for name in sys.modules} & {"evotorch", "ray"})
"""


def test_an_evolution_needs_no_evotorch(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HIDING]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert [lines[0], *lines[1:3], *lines[-5:]] == ["2", "0", "0", "0", "0", "0", "True", "set()"]
    assert (
        'lndp: error: this searcher needs evotorch: pip install "lndp-agents[train]", or take one that does '
        "not: --searcher SepCMAES or OpenAIES"
    ) in done.stderr.splitlines()
    assert not (tmp_path / "refused").exists()
