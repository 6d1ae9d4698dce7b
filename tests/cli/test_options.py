"""Options of `lndp train` are the fields of the dataclasses, all of them."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from lndp_agents import arguments, cli, policy_options
from lndp_agents.commands import COMMANDS
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.options import flag_of, help_of
from lndp_agents.policies import POLICIES, PolicyConfig
from lndp_agents.validation import FieldKind

ELSEWHERE = {"environment": "CartPole-v1", "environment_keywords": {"max_episode_steps": 9}}
VALUES: dict[str, Any] = {
    "policy": "gru",
    "preset": "paper",
    "encoding": "scaled",
    "searcher": "SNES",
    "objective": "mean_of_ranks",
    "start": "cartpole",
    "worst_weight": 0.25,
    "sigma": 0.75,
    "density_penalty": 2.5,
    "update_bias": -1.5,
    "lives": 3,
    "population": 5,
    "mechanisms": ["a:B", "c:D"],
    "hidden_sizes": [3, 4],
    "initial_density": 0.75,
    "initial_density_std": 0.125,
    "reward_scale": 2.0,
    "action_scale": 2.0,
    "rule": "abcd",
    "initialisation": "normal",
    "output": "tanh",
    "nodes": 33,
    "candidates": 2,
}
"""Values that are others than the defaults; an integer without one is its lower bound, plus one."""


NO_NOUNS = {
    "an",
    "and",
    "as",
    "be",
    "can",
    "compute",
    "draw",
    "fetch",
    "from",
    "give",
    "it",
    "keep",
    "let",
    "most",
    "no",
    "on",
    "only",
    "open",
    "or",
    "print",
    "read",
    "run",
    "set",
    "show",
    "that",
    "these",
    "this",
    "to",
    "when",
    "where",
    "with",
    "write",
    "your",
    "of",
    "the",
    "a",
    "how",
    "what",
    "which",
    "whether",
    "at",
    "so",
    "in",
    "true",
    "false",
    "if",
    "is",
}


def value_of(field: "Field[Any]") -> Any:
    if field.name in VALUES:
        return VALUES[field.name]
    kind = FieldKind.of(field)
    if kind.kind is bool:
        return not field.default
    return {"alpha": 1, "beta": "x"} if kind.kind is dict else (field.default or 0) + 2


def words_of(field: "Field[Any]", value: Any) -> list[str]:
    flag = flag_of(field.name)
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    if isinstance(value, dict):
        return [flag, *(f"{key}={json.dumps(each)}" for key, each in value.items())]
    if field.name == "mechanisms":
        return [word for name in value for word in (flag, name)]
    return [flag, *map(str, value if isinstance(value, list) else [value])]


def recipe_of(words: list[str], policy: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The fields that a command line gives, as the recipe is made of them."""
    read: list[dict[str, Any]] = []

    def from_json(data: dict[str, Any]) -> EvolutionConfig:
        read.append(data)
        raise ValueError("read")

    monkeypatch.setattr(EvolutionConfig, "from_json", from_json)
    options = arguments.parser(POLICIES[policy]).parse_args(["train", "CartPole-v1", *words])
    with pytest.raises(ValueError, match=r"^read$"):
        COMMANDS["train"](options)
    return read[0]


def test_every_field_of_the_experiment_has_an_option_that_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {item.name: value_of(item) for item in fields(EvolutionConfig) if item.name not in ELSEWHERE}
    words = [
        word
        for item in fields(EvolutionConfig)
        if item.name in wanted
        for word in words_of(item, wanted[item.name])
    ]
    assert recipe_of([*words, "--max-steps", "9"], "gru", monkeypatch) == wanted | ELSEWHERE


@pytest.mark.parametrize("policy", POLICIES)
def test_every_field_of_a_policy_has_an_option_that_arrives(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = POLICIES[policy]
    own = [item for item in fields(kind) if item.name not in kind.from_spaces]
    wanted = {item.name: value_of(item) for item in own}
    words = [word for item in own for word in words_of(item, wanted[item.name])]
    recipe = recipe_of(["--policy", policy, *words], policy, monkeypatch)
    assert recipe["program"] == wanted


def test_an_option_wins_over_the_same_field_of_program(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--program", "nodes=12", "bias=true", "--nodes", "20"]
    assert recipe_of(words, "lndp", monkeypatch)["program"] == {"nodes": 20, "bias": True}


@pytest.mark.parametrize("kind", [EvolutionConfig, *POLICIES.values()])
def test_every_help_begins_with_a_noun(kind: "type[EvolutionConfig | PolicyConfig]") -> None:
    for field in fields(kind):
        assert field.metadata.get("help"), field.name
        first = help_of(field).split()[0].strip(";:,")
        assert first not in NO_NOUNS, field.name


def options_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments and options of a parser and of its commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options_of(command)
        elif not isinstance(action, argparse._HelpAction | argparse._VersionAction):
            yield action


@pytest.mark.parametrize("policy", POLICIES)
def test_every_option_of_every_command_begins_with_its_noun(policy: str) -> None:
    options = list(options_of(arguments.parser(POLICIES[policy])))
    assert len(options) > 100
    for option in options:
        assert option.help, f"{option.option_strings or option.dest} has no help"
        first = option.help.split()[0].strip(";:,")
        assert first.isalpha() or first.replace("-", "").isalnum(), f"{option.option_strings}: {option.help}"
        assert first.lower() not in NO_NOUNS, f"{option.option_strings}: {option.help}"


def test_the_policy_of_a_recipe_has_its_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"environment": "CartPole-v1", "policy": "mlp"}))
    with pytest.raises(SystemExit):
        cli.main(["train", "--recipe", str(recipe), "--help"])
    assert "--hidden-sizes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nodes", "many"], "argument --nodes: 'many': give an integer"),
        (["--lives", "2.5"], "argument --lives: '2.5': give an integer from 1 to 1000000"),
        (["--sigma", "x"], "argument --sigma: 'x': give a number from 1e-06 to 1000"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_remedy(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["train", "CartPole-v1", *words])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"lndp train: error: {message}")
    assert line.endswith("(see `lndp train --help`)")


def test_the_help_needs_no_torch() -> None:
    code = "import sys; from lndp_agents.arguments import parser; parser().format_help(); "
    code += "assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        (["--policy", "lndp", "--policy=gru"], "gru"),
        (["--policy=gru", "--policy", "mlp"], "mlp"),
    ],
)
def test_the_last_policy_counts_however_it_is_spelled(words: list[str], policy: str) -> None:
    assert policy_options.policy_named_in(words) is POLICIES[policy]


def test_the_name_after_a_mechanism_is_the_environment() -> None:
    given = arguments.parser(POLICIES["lndp"]).parse_args(["train", "--mechanism", "my:Mine", "CartPole-v1"])
    assert given.environment == "CartPole-v1"
    assert getattr(given, "program.mechanisms") == ["my:Mine"]


def test_an_option_has_one_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["train", "--env", "CartPole-v1"])
    assert "unrecognized arguments: --env" in capsys.readouterr().err
