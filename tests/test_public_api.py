"""The public API: its names, an example in the docstring of each, and examples that use nothing else."""

import ast
import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import lndp_envs
import pytest

import lndp_agents

EXAMPLES = Path(__file__).parents[1] / "examples"
AGENTS = [
    "Agent",
    "Description",
    "Evaluation",
    "EvolutionConfig",
    "Growth",
    "Intervention",
    "LNDPAgent",
    "LNDPConfig",
    "Lesion",
    "Mechanism",
    "Network",
    "NetworkConfig",
    "Objective",
    "PolicyConfig",
    "Run",
    "RunView",
    "Search",
    "SearchSetting",
    "Step",
    "World",
    "WorldObjective",
    "__version__",
    "diagnose",
    "evaluate",
    "frames_of_life",
    "fresh_rollout",
    "load_pretrained",
    "make_world",
    "mean_of_ranks",
    "plot_evolution",
    "policy_of",
    "write_gif",
    "zoo_names",
]
ENVS = [
    "ActionSchedule",
    "Array",
    "Dynamics",
    "FrameRenderer",
    "Labels",
    "Lifetime",
    "OneEpisode",
    "RewardSchedule",
    "SenseReward",
    "View",
    "at",
    "fold",
    "hazard",
    "key_of",
    "make_dynamics",
    "namespace",
    "normal",
    "register",
    "reversal",
    "uniform",
]
VALUES = ("Array", "__version__")
"""Public names that have no docstring of their own: an alias of a type, and a string."""


def public() -> Iterator[tuple[ModuleType, str]]:
    """Every public name of both packages that has a docstring."""
    for package in (lndp_agents, lndp_envs):
        yield from ((package, name) for name in package.__all__ if name not in VALUES)


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of all that a file imports from the two packages."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        yield from (each for each in names if each[0].split(".")[0] in ("lndp_agents", "lndp_envs"))


def test_the_public_names_are_these() -> None:
    assert sorted(lndp_agents.__all__) == sorted(AGENTS)
    assert sorted(lndp_envs.__all__) == sorted(ENVS)


@pytest.mark.parametrize(
    ("package", "name"), list(public()), ids=lambda value: getattr(value, "__name__", value)
)
def test_each_public_name_has_an_example_that_runs(
    package: ModuleType, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    member = getattr(package, name)
    found = doctest.DocTestParser().get_doctest(member.__doc__ or "", {}, name, None, 0)
    assert found.examples, f"{name} has no example"
    problems: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(found, out=problems.append)
    assert not problems, "".join(problems)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: path.stem)
def test_examples_use_public_names_alone(path: Path) -> None:
    """Those of the papers and comparisons may use what the faces of folders have, too."""
    is_plain = path.parent in (EXAMPLES, EXAMPLES / "plugins")
    for module, name in imports(path):
        assert module.count(".") <= (0 if is_plain else 1), f"{module} is no face"
        face = import_module(module)
        assert hasattr(face, "__path__"), f"{module} is no folder"
        assert name in face.__all__, f"{name} of {module} is not public"


def test_names_of_before_lead_to_where_they_are() -> None:
    with pytest.warns(DeprecationWarning, match=r"import LifeState from lndp_agents\.lndp"):
        moved = lndp_agents.LifeState
    assert moved is import_module("lndp_agents.lndp").LifeState
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = lndp_agents.Nothing
