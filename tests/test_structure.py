"""The structure of the packages: no circle of imports, of files or of folders, imports for types included."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "lndp_agents", ROOT / "envs" / "lndp_envs")
Graph = Mapping[str, set[str]]


def modules_of(package: Path) -> dict[str, Path]:
    """The files of a package by the names of their modules."""
    modules: dict[str, Path] = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def imported(name: str, path: Path) -> Iterator[str]:
    """All names that a file imports anywhere in it, within functions and for types too."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files(package: Path) -> Graph:
    """Which modules each module imports: of `from a.b import c` a.b.c, or a.b if c is no module."""
    modules = modules_of(package)
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for target in imported(name, path):
            parts = target.split(".")
            above = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
            graph[name] |= {next((each for each in above if each in modules), name)} - {name}
    return graph


def folders(package: Path) -> Graph:
    """As `files`, of the first level below the package: each folder, and each file that lies in none."""
    graph: dict[str, set[str]] = {}
    for name, targets in files(package).items():
        own = ".".join(name.split(".")[:2])
        others = {".".join(target.split(".")[:2]) for target in targets}
        graph.setdefault(own, set()).update(others - {own})
    return graph


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
@pytest.mark.parametrize("level", [files, folders])
def test_no_imports_run_in_a_circle(package: Path, level: object) -> None:
    graph = files(package) if level is files else folders(package)
    assert len(graph) > 5
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_a_circle_is_seen_wherever_it_is_closed(tmp_path: Path) -> None:
    package = tmp_path / "ring"
    for place, text in {
        "__init__": "",
        "a": "from ring.b import x",
        "b": "def f():\n    import ring.one.c",
        "one/__init__": "",
        "one/c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..two import d",
        "two/__init__": "",
        "two/d": "from .. import a",
        "two/e": "import ring.a",
    }.items():
        path = package / f"{place}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    of_files, of_folders = files(package), folders(package)
    assert of_files["ring.one.c"] == {"ring.two.d"}
    assert (of_folders["ring.one"], of_folders["ring.two"]) == ({"ring.two"}, {"ring.a"})
    for graph in (of_files, of_folders):
        with pytest.raises(CycleError):
            TopologicalSorter(graph).prepare()
