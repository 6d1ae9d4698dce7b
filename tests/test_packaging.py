"""What is shipped, what an import costs, and what the source may not contain."""

import ast
import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import BytesParser
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lndp_agents import __version__

ROOT = Path(__file__).parents[1]
SHIPPED_AS = {"lndp_agents": "lndp_agents", "envs/lndp_envs": "lndp_envs", "zoo": "lndp_agents/_zoo"}
SHIPPED_SUFFIXES = {".cpp", ".gif", ".json", ".md", ".py", ".safetensors", ".typed"}
MAX_WHEEL_BYTES = 4_000_000

LIGHT_CORE = {"array-api-compat", "gymnasium[classic-control]", "numpy", "pillow", "safetensors", "torch"}
HEAVY_MODULES = {
    "evotorch",
    "huggingface_hub",
    "matplotlib",
    "pandas",
    "PIL",
    "pygame",
    "ray",
    "rich",
    "sb3_contrib",
    "stable_baselines3",
    "tensorboard",
    "torch_geometric",
}
POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
CODE_IN_FILES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}

SOURCES = sorted(
    [
        ROOT / "lndp_command.py",
        *(ROOT / "lndp_agents").rglob("*.py"),
        *(ROOT / "envs" / "lndp_envs").rglob("*.py"),
    ]
)


def source_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def repository_files(folder: str) -> set[str]:
    """Files that git does not ignore (in a fresh clone: those it tracks), relative to the folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=True).stdout
    return {name for name in listing.split("\0") if name and (ROOT / folder / name).exists()}


def loaded_modules(module: str) -> set[str]:
    """Top-level modules that `import module` loads in a fresh interpreter."""
    program = f"import {module}, sys; print(*{{name.partition('.')[0] for name in sys.modules}}, sep='\\n')"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the installed build backend: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return BytesParser().parsebytes(archive.read(name))


def test_wheel_holds_both_packages_and_the_zoo_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}

    expected = {
        f"{target}/{name}" for folder, target in SHIPPED_AS.items() for name in repository_files(folder)
    }
    assert shipped == expected | {"lndp_command.py"}
    assert shipped >= {"lndp_agents/py.typed", "lndp_envs/py.typed", "lndp_agents/_zoo/README.md"}
    assert {PurePosixPath(name).suffix for name in shipped} <= SHIPPED_SUFFIXES


def test_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MAX_WHEEL_BYTES


def test_wheel_carries_licence_and_command(wheel: Path, metadata: Message) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [archive.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert metadata["License-Expression"] == "MIT"
    assert entry_points.split() == ["[console_scripts]", "lndp", "=", "lndp_command:main"]


def test_core_requirements_are_light(metadata: Message) -> None:
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    core = {short_form(requirement) for requirement in requirements if requirement.marker is None}
    assert core == LIGHT_CORE


def test_extras(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) == {"train", "compare", "graph", "hub", "all", "dev"}


def test_unpacked_wheel_is_importable_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import lndp_agents, lndp_envs; print(lndp_agents.__file__, lndp_envs.__file__, sep='\\n')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    packages = [tmp_path / "lndp_agents" / "__init__.py", tmp_path / "lndp_envs" / "__init__.py"]
    assert [Path(line) for line in result.stdout.splitlines()] == packages


def test_import_of_the_agents_loads_no_extra() -> None:
    loaded = loaded_modules("lndp_agents")
    assert "lndp_agents" in loaded
    assert loaded & HEAVY_MODULES == set()


def test_import_of_the_worlds_needs_neither_agents_nor_torch() -> None:
    loaded = loaded_modules("lndp_envs")
    assert "lndp_envs" in loaded
    assert loaded & (HEAVY_MODULES | {"lndp_agents", "torch"}) == set()


def test_every_heavy_module_is_installed_here() -> None:
    """Otherwise the two tests above could not fail."""
    assert {name for name in HEAVY_MODULES if importlib.util.find_spec(name) is None} == set()


def test_no_import_needs_what_windows_lacks() -> None:
    """Such a module may be imported within a function, where it is used."""
    imported = {
        source_name(path): imported_modules(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES
    }
    assert "os" in imported["lndp_agents/lndp/kernel_build.py"]
    assert {name for name, modules in imported.items() if modules & POSIX_MODULES} == set()


@pytest.mark.parametrize("path", SOURCES, ids=source_name)
def test_source_runs_no_code_from_files(path: Path) -> None:
    assert unsafe_lines(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from cloudpickle import loads",
        "eval(text)",
        "exec(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "numpy.load(path, allow_pickle=True)",
    ],
)
def test_the_scan_finds(source: str) -> None:
    assert unsafe_lines(ast.parse(source)) == [1]


def test_the_scan_accepts_safe_loading() -> None:
    source = "torch.load(path, weights_only=True); numpy.load(path); json.load(path); policy.eval()"
    assert unsafe_lines(ast.parse(source)) == []


def test_what_is_cited_is_this_version_of_this_project(metadata: Message) -> None:
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith(" "))
    urls = dict(text.split(", ") for text in metadata.get_all("Project-URL", []))
    assert fields["version"] == __version__ == metadata["Version"]
    assert fields["url"] == fields["repository-code"] == urls["Repository"]


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    direct = {canonicalize_name(Requirement(line).name) for group in groups for line in group}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    assert direct - {canonicalize_name(pin.name) for pin in pins} == {"lndp-agents"}


def test_no_dependency_brings_plain_pygame() -> None:
    """It installs into the same folder as pygame-ce, and each overwrites the other."""
    installed = {canonicalize_name(distribution.name) for distribution in distributions()}
    assert "pygame-ce" in installed
    assert "pygame" not in installed


def short_form(requirement: Requirement) -> str:
    extras = ",".join(sorted(requirement.extras))
    return f"{requirement.name}[{extras}]" if extras else requirement.name


def imported_modules(tree: ast.Module) -> set[str]:
    """What a module imports when it is imported, but for what its functions import."""
    names = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def unsafe_lines(tree: ast.Module) -> list[int]:
    """Line numbers of imports and calls that can run code found in data."""
    return [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr) and is_unsafe(node)
    ]


def is_unsafe(node: ast.stmt | ast.expr) -> bool:
    match node:
        case ast.Import(names=names):
            return any(alias.name.partition(".")[0] in CODE_IN_FILES for alias in names)
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] in CODE_IN_FILES
        case ast.Call(func=ast.Name(id="eval" | "exec")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="load"), keywords=keywords):
            return not any(is_keyword(keyword, "weights_only", True) for keyword in keywords)
        case ast.Call(keywords=keywords):
            return any(
                is_keyword(keyword, "weights_only", False) or is_keyword(keyword, "allow_pickle", True)
                for keyword in keywords
            )
        case _:
            return False


def is_keyword(keyword: ast.keyword, name: str, value: bool) -> bool:
    return keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value is value
