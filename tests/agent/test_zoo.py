"""Names and folders of pretrained agents."""

from pathlib import Path

import pytest
import torch
from gymnasium.spaces import Discrete

from lndp_agents import LNDPAgent, load_pretrained, zoo, zoo_names
from lndp_agents.persistence import FileFormatError
from lndp_agents.zoo import recipe_file, zoo_folder

AGENT = LNDPAgent(Discrete(2), Discrete(3))
OTHER = LNDPAgent(Discrete(2), Discrete(3), genome=AGENT.genome + 1)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An installed zoo, which does not exist yet, and one of a checkout with three entries."""
    installed, checkout = tmp_path / "installed", tmp_path / "checkout"
    for name in ("foraging", "cartpole", "acrobot"):
        AGENT.save_pretrained(checkout / name)
    (checkout / "no-agent").mkdir()
    (checkout / "README.md").write_text("# The zoo")
    (checkout / "recipes").mkdir()
    (checkout / "recipes" / "foraging.json").write_text("{}")
    monkeypatch.setattr(zoo, "_PLACES", (installed, checkout))
    monkeypatch.chdir(tmp_path)
    return installed, checkout


@pytest.mark.usefixtures("places")
class TestNames:
    def test_they_are_the_folders_with_an_agent(self) -> None:
        assert zoo_names() == ["acrobot", "cartpole", "foraging"]

    def test_a_name_is_loaded(self) -> None:
        assert torch.equal(load_pretrained("foraging").genome, AGENT.genome)

    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(
            ValueError, match=r"'foragin'.*acrobot, cartpole, foraging; did you mean 'foraging'"
        ) as error:
            load_pretrained("foragin")
        assert "\n" not in str(error.value)

    def test_a_name_like_none_gets_no_guess(self) -> None:
        with pytest.raises(ValueError, match=r"known agents are acrobot, cartpole, foraging$"):
            load_pretrained("xyz")

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "../checkout/foraging", "cartpole/../foraging", "foraging/", "/etc", "a\0b"]
    )
    def test_what_leaves_the_zoo_is_no_name(self, name: str) -> None:
        with pytest.raises(ValueError, match=r"^no (pretrained agent and no )?folder "):
            zoo_folder(name)


class TestRecipes:
    def test_a_name_is_found(self, places: tuple[Path, Path]) -> None:
        assert recipe_file("foraging") == places[1] / "recipes" / "foraging.json"

    def test_a_name_wins_over_a_file(self, places: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / "foraging").write_text("{}")
        assert recipe_file("foraging") == places[1] / "recipes" / "foraging.json"
        assert recipe_file("./foraging").samefile(tmp_path / "foraging")

    @pytest.mark.usefixtures("places")
    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        message = r"^no recipe and no file 'forage': known recipes are foraging; did you mean 'foraging'\?$"
        with pytest.raises(ValueError, match=message):
            recipe_file("forage")


def test_the_installed_zoo_comes_first(places: tuple[Path, Path]) -> None:
    OTHER.save_pretrained(places[0] / "other")
    assert zoo_names() == ["other"]


def test_a_folder_is_loaded(places: tuple[Path, Path], tmp_path: Path) -> None:
    OTHER.save_pretrained(tmp_path / "mine")
    for folder in (tmp_path / "mine", str(tmp_path / "mine"), "mine"):
        assert torch.equal(load_pretrained(folder).genome, OTHER.genome)


def test_a_name_wins_over_a_folder(places: tuple[Path, Path], tmp_path: Path) -> None:
    OTHER.save_pretrained(tmp_path / "foraging")
    assert torch.equal(load_pretrained("foraging").genome, AGENT.genome)
    for folder in ("./foraging", Path("foraging")):
        assert torch.equal(load_pretrained(folder).genome, OTHER.genome)


def test_a_folder_without_an_agent_is_named(places: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"installed.config\.json: no such file"):
        load_pretrained(tmp_path / "installed")


def test_every_entry_of_the_real_zoo_loads() -> None:
    for name in zoo_names():
        agent = load_pretrained(name)
        agent.birth(1)
        assert agent.action_space.contains(agent.act(agent.observation_space.sample()))


def test_what_a_search_started_around_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AGENT.save_pretrained(tmp_path / "one")
    OTHER.save_pretrained(tmp_path / "one" / "start")
    monkeypatch.setattr(zoo, "_PLACES", (tmp_path,))
    assert torch.equal(load_pretrained("one/start").genome, OTHER.genome)
    assert zoo_names() == ["one"]
    with pytest.raises(ValueError, match="revision 'main' of 'one/start': only an agent of the hub"):
        load_pretrained("one/start", revision="main")
