"""What can be held of an installed plugin without its sources, by kind.

A vendor's kind brings its own by an entry point in ``heartbeat.conformance``, named as the kind, whose value is a
conformance class that can be run with ``plugin`` and ``kind`` set and nothing else given.
"""

import inspect
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from heartbeat.pils.kinds import CONFORMANCE_GROUP, KINDS
from heartbeat.pils.parameter_table import as_text
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import Catalogue, Kind, Medium, Plugin, PluginError, ResourceAgent, StonithDevice
from heartbeat.testing.auth import AuthConformance
from heartbeat.testing.catalogue import CatalogueConformance
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.leaks import nothing_left_open


class MadeConformance(DeclarationConformance):
    """What is true of any plugin that is made with parameters: here those of its own examples and defaults."""

    def given(self) -> dict[str, str]:
        return {it.name: it.example for it in self.plugin.params if it.required}

    def test_its_own_examples_make_one_and_open_nothing(self) -> None:
        params = checked(self.plugin, self.given())
        with nothing_left_open():
            self._made(params)

    def test_secrets_are_not_shown_by_one_that_was_made(self) -> None:
        secrets = {it.name: "a-secret-of-the-kit" for it in self.plugin.params if it.secret}
        made = self._made(checked(self.plugin, self.given() | secrets))
        assert "a-secret-of-the-kit" not in repr(made) + repr(vars(made))

    def test_every_default_can_be_written_out(self) -> None:
        raw = self.given()
        for it in self.plugin.params:
            if it.default is not None and not it.secret:
                raw.setdefault(it.name, as_text(it.default))
        assert checked(self.plugin, raw).known.keys() >= raw.keys()

    def test_what_the_class_answers_without_an_instance_is_the_same_twice(self) -> None:
        params = checked(self.plugin, self.given())
        for question in (StonithDevice.configured_hosts, ResourceAgent.claims, ResourceAgent.shares_data):
            ask = getattr(self.plugin, question.__name__, None)
            if ask is not None:
                assert ask(params) == ask(params)
        if issubclass(self.plugin, Medium):
            assert self.plugin.plan("directive", []) == []

    def _made(self, params: Any) -> Plugin:
        make: Callable[[Any], Plugin] = self.plugin
        try:
            return make(params)
        except PluginError as problem:
            pytest.skip(f"its examples do not work here: {problem}")


CLASSES: dict[str, type[DeclarationConformance]] = {
    "auth": AuthConformance,
    "catalogue": CatalogueConformance,
    **dict.fromkeys(("comm", "stonith", "ra", "quorum", "hooks"), MadeConformance),
}


def class_for(kind: str) -> type[DeclarationConformance]:
    """Return the conformance class of a kind; a vendor's own kind may bring one."""
    if kind in KINDS:
        return CLASSES[kind]
    for point in entry_points(group=CONFORMANCE_GROUP, name=kind):
        brought = point.load()
        assert issubclass(brought, DeclarationConformance), f"{point.value} is no conformance class"
        return brought  # type: ignore[no-any-return]  # just asserted
    return DeclarationConformance


def checks_for(registry: PluginRegistry, kind: str) -> list[str]:
    """Return the checks of a kind, by name; with the case in brackets where one has several."""
    return [label for label, _, _ in _calls(class_for(kind))] if kind in registry.kinds() else []


def run(kind: Kind, plugin: type[Plugin], check: str, request: pytest.FixtureRequest) -> None:
    """Run one check on a plugin."""
    judge = type(plugin.__name__, (class_for(kind.name),), {"plugin": plugin, "kind": kind})
    for label, name, case in _calls(judge):
        if label == check:
            method = getattr(judge(), name)
            wants = inspect.signature(method).parameters
            method(**{it: case[it] if it in case else _fixture(judge, it, request) for it in wants})
            return
    raise LookupError(check)


def _fixture(judge: type[DeclarationConformance], name: str, request: pytest.FixtureRequest) -> object:
    """Return what a check asks for: these classes need no more than these."""
    if name == "method":
        return judge.plugin()
    if name == "words":
        return []
    if name == "catalogue":
        made = judge.plugin()
        assert isinstance(made, Catalogue)
        place: Path = request.getfixturevalue("tmp_path")
        made.config = place
        return made
    return request.getfixturevalue(name)


def _calls(judge: type) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield label, method and arguments of each check with each of its cases (one ``parametrize`` at most)."""
    for name, method in inspect.getmembers(judge, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        marks = [it for it in getattr(method, "pytestmark", []) if it.name == "parametrize"]
        if not marks:
            yield name, name, {}
            continue
        argument, values = marks[0].args
        for number, value in enumerate(values):
            yield f"{name}[{number}]", name, {argument: value}
