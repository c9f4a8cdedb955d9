"""The conformance tests of a hook: a listener that is told facts and can veto nothing."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from heartbeat.plugin import Listener, Plugin
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.leaks import nothing_left_open

FACTS: dict[str, dict[str, Any]] = {
    "view_installed": {"epoch": 7, "members": ["node1"], "left": ["node2"], "joined": []},
    "node_fenced": {"node": "node2", "device": "acme", "proof": "read back"},
    "group_moved": {"group": "10.0.0.1", "source": "", "target": "node1", "away_s": 0.25},
    "link_changed": {"node": "node2", "link": "bcast/eth0", "state": "down"},
    "plugin_failed": {"kind": "stonith", "name": "acme #1", "problem": "it cannot be reached"},
    "status_changed": {"status": {}},
    "decision_taken": {"number": 3, "kind": "fence", "subject": "node2", "text": "it is silent", "level": "alarm"},
}
"""One of each fact, as core tells it; the status is that of a daemon that cannot be reached."""

NEAR = 0.8
"""How alike a method's name and a hook's are that it must be a slip of the pen (``node_was_fenced``)."""


class HooksConformance(DeclarationConformance):
    """Subclass it and give ``plugin``; ``given``, when it has required parameters, and ``heard`` when it can be seen.

    ``given`` is called in each test; a file or port that it needs belongs into a fixture of the subclass.
    """

    plugin: ClassVar[type[Plugin]]

    def given(self) -> dict[str, str]:
        """Return the unparsed parameters."""
        return {}

    def heard(self) -> int | None:
        """Return how many facts have left a trace so far, seen from outside; None when nothing can be seen."""
        return None

    def made(self) -> Listener:
        """Return the listener as core makes it."""
        assert issubclass(self.plugin, Listener)
        return self.plugin(checked(self.plugin, self.given()))

    def test_it_hears_of_something_and_of_nothing_that_is_not_told(self) -> None:
        hooks = (*FACTS, "status_sections", "cli_commands")
        own = [name for name in hooks if getattr(self.plugin, name) is not getattr(Listener, name)]
        others = [
            name
            for name, it in vars(self.plugin).items()
            if inspect.isfunction(it) and not name.startswith("_") and not hasattr(Listener, name)
        ]
        near = {name: found[0] for name in others if (found := difflib.get_close_matches(name, hooks, 1, NEAR))}
        assert not near, "; ".join(f"{name} is never called: is {meant} meant?" for name, meant in near.items())
        assert own, f"it overrides none of {', '.join(hooks)}; misspelt: {', '.join(others) or 'nothing'}?"

    def test_arguments_are_those_of_the_contract(self) -> None:
        """Fewer are fine; another name would never be filled."""
        for name, fact in FACTS.items():
            method = inspect.signature(getattr(self.plugin, name))
            extra = {it.name for it in method.parameters.values() if it.default is it.empty} - {"self", *fact}
            assert not extra, f"{name} asks for {', '.join(sorted(extra))}, which nobody tells"

    def test_every_fact_is_taken_in_any_order_and_twice(self) -> None:
        listener = self.made()
        before = self.heard()
        for name in (*FACTS, *reversed(FACTS)):
            told(listener, name)()
        if before is not None:
            after = self.heard()
            assert after is not None
            assert after > before, "nothing of it was seen outside"

    def test_facts_at_their_edges_are_taken(self) -> None:
        """A first view, a group that stops, names in UTF-8, a text of several lines: all of it happens."""
        listener = self.made()
        told(listener, "view_installed", members=[], left=[], joined=[])()
        told(listener, "group_moved", target="", away_s=0.0)()
        told(listener, "node_fenced", node="knötchen", proof="")()
        told(listener, "decision_taken", text="one\\nother % {} %s", level="")()

    def test_it_answers_nothing(self) -> None:
        """A hook can veto nothing; who returns something believes otherwise."""
        listener = self.made()
        assert [name for name in FACTS if told(listener, name)() is not None] == []

    def test_making_one_opens_nothing_that_stays(self) -> None:
        self.made()
        with nothing_left_open():
            listener = self.made()
            for name in FACTS:
                told(listener, name)()
            listener.close()
            del listener

    def test_secrets_are_shown_nowhere(self) -> None:
        listener, raw = self.made(), self.given()
        for name in FACTS:
            told(listener, name)()
        shown = repr(listener) + repr(vars(listener))
        assert not [it.name for it in self.plugin.params if it.secret and it.name in raw and raw[it.name] in shown]


def told(listener: Listener, name: str, **changes: object) -> Callable[[], object]:
    """Return a call of a method with as many of the fact's arguments as it takes, as pluggy makes it."""
    method = getattr(listener, name)
    takes = inspect.signature(method).parameters
    fact = {key: value for key, value in (FACTS[name] | changes).items() if key in takes}
    if not hasattr(method, "__func__"):
        pytest.fail(f"{name} is no method")
    return lambda: method(**fact)
