"""The conformance tests of a catalogue: it lists and finds types on this host."""

from pathlib import Path
from typing import ClassVar

import pytest

from heartbeat.pils.kinds import KINDS
from heartbeat.plugin import Catalogue, CatalogueEntry, Plugin
from heartbeat.testing.contract import DeclarationConformance
from heartbeat.testing.leaks import nothing_left_open


class CatalogueConformance(DeclarationConformance):
    """Subclass it and give ``plugin``; ``furnish``, so that there is something to find.

    ``furnish`` puts types into an empty directory of configuration and returns their words, or none for a catalogue
    that looks elsewhere only.
    """

    plugin: ClassVar[type[Plugin]]
    strangers: ClassVar[tuple[str, ...]] = ()
    """Words for what ``furnish`` puts there too and that is no type: a file that cannot be run, a folder, a path."""

    def furnish(self, config: Path) -> list[str]:
        """Put types into the directory and return the words that must find them."""
        return []

    @pytest.fixture
    def words(self, tmp_path: Path) -> list[str]:
        return self.furnish(tmp_path)

    @pytest.fixture
    def catalogue(self, tmp_path: Path, words: list[str]) -> Catalogue:
        return self.made(tmp_path)

    def made(self, config: Path) -> Catalogue:
        """Return the catalogue as core makes it."""
        made = self.plugin()
        assert isinstance(made, Catalogue)
        made.config = config
        return made

    def test_what_lies_there_is_listed_and_found_as_the_same(self, catalogue: Catalogue, words: list[str]) -> None:
        entries = catalogue.entries()
        for word in words:
            found = catalogue.find(word)
            assert found is not None, f"{word} is not found"
            assert found in entries, f"{word} is found and not listed"
        assert len(entries) >= len(words)

    def test_what_is_listed_is_found(self, catalogue: Catalogue) -> None:
        for entry in catalogue.entries()[:50]:
            assert catalogue.find(entry.name) is not None, f"{entry.name} is listed and not found"

    def test_the_list_is_sorted_without_doubles_and_the_same_each_time(self, catalogue: Catalogue) -> None:
        entries = catalogue.entries()
        assert entries == catalogue.entries()
        names = [entry.name for entry in entries]
        assert names == sorted(names)
        assert len(set(names)) == len(names), "one name twice: nobody knows which is meant"

    def test_entries_say_all_that_the_driver_needs(self, catalogue: Catalogue) -> None:
        for entry in catalogue.entries():
            assert entry.kind in KINDS
            assert entry.name.strip() == entry.name != ""
            assert entry.driver
            assert entry.params, "a driver without parameters cannot know which type it is"
            assert entry.origin, "people ask where it lies"
            assert entry.rank >= 0

    @pytest.mark.parametrize(
        "word", ["no-such-type", "", ".", "..", "../etc/passwd", "/etc/passwd", "a b", "%s", "x" * 4000, "ocf:::", "\0"]
    )
    def test_what_is_not_there_is_not_found_and_no_error(self, catalogue: Catalogue, word: str) -> None:
        assert catalogue.find(word) is None

    def test_what_lies_beside_and_is_no_type_is_neither_listed_nor_found(self, catalogue: Catalogue) -> None:
        names = {entry.name for entry in catalogue.entries()}
        assert not names & set(self.strangers)
        assert [word for word in self.strangers if catalogue.find(word) is not None] == []

    def test_neither_the_beginning_nor_another_case_finds_it(self, catalogue: Catalogue, words: list[str]) -> None:
        for word in words:
            for near in (word[:-1], word + "x", word.swapcase(), word + "/"):
                found = catalogue.find(near)
                assert found is None or found.name == near or near in words, f"{near} found {found}"

    def test_a_node_without_the_directory_has_none_of_them(self, tmp_path: Path, words: list[str]) -> None:
        nowhere = self.made(tmp_path / "nowhere")
        names = {entry.name for entry in nowhere.entries()}
        assert not names & set(words)
        assert [word for word in words if nowhere.find(word)] == []

    def test_words_of_the_old_form_reach_the_driver(self, catalogue: Catalogue, words: list[str]) -> None:
        for entry in self.some(catalogue, words):
            given = catalogue.words(entry, ["10.0.0.1", "eth0"])
            assert given.items() >= entry.params.items(), "the driver no longer knows which type it is"
            assert "10.0.0.1" in " ".join(given.values()), "a word is lost on the way"
            assert catalogue.words(entry, []).items() >= entry.params.items()

    def test_asking_changes_nothing(self, catalogue: Catalogue, tmp_path: Path, words: list[str]) -> None:
        before = sorted(tmp_path.rglob("*"))
        for entry in self.some(catalogue, words):
            kept = dict(entry.params)
            catalogue.words(entry, ["one"])
            assert entry.params == kept, "words must not write into the entry"
        assert sorted(tmp_path.rglob("*")) == before

    def test_nothing_is_left_open(self, catalogue: Catalogue, words: list[str]) -> None:
        catalogue.entries()
        with nothing_left_open():
            catalogue.entries()
            for word in words:
                catalogue.find(word)

    def some(self, catalogue: Catalogue, words: list[str]) -> list[CatalogueEntry]:
        """Return the entries of the words."""
        return [entry for word in words if (entry := catalogue.find(word)) is not None]
