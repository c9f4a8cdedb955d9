"""The contract of a hook: a listener that is told facts after they happened and can veto nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params


class Listener(Plugin):
    """Overrides the methods it wants to hear of; the others cost nothing.

    A method may take fewer arguments than are named here, in any order (pluggy passes them by name), so that
    an argument added later breaks no listener; one that asks for an argument that is not here is refused when it
    is registered. Each listener runs in a process of its own, started by ``hb hooks``: it may block, up to a
    limit for each fact (``heartbeat.hooks.seat``), and what it raises is reported and forgotten. A fact is told
    once, when this node knows of it. Names are in canonical form, durations in seconds.
    """

    def __init__(self, params: Params) -> None:
        self.settings = params

    # Facts

    def view_installed(self, epoch: int, members: Sequence[str], left: Sequence[str], joined: Sequence[str]) -> None:
        """The members agreed who is in. ``left`` and ``joined`` compare with the view before."""

    def node_fenced(self, node: str, device: str, proof: str) -> None:
        """A node was proved off; ``proof`` says how, for a person. ``device`` is empty when another node switched."""

    def group_moved(self, group: str, source: str, target: str, away_s: float) -> None:
        """A resource group runs on ``target``; it was away for ``away_s``. ``source`` is empty at its first start."""

    def link_changed(self, node: str, link: str, state: str) -> None:
        """A link towards a node is now ``up`` or ``down``."""

    def decision_taken(self, number: int, kind: str, subject: str, text: str, level: str) -> None:
        """The kernel decided something, as in the journal. ``level`` is ``alarm`` when somebody should be woken,
        else ``info``.
        """

    def plugin_failed(self, kind: str, name: str, problem: str) -> None:
        """A plugin did not do what it is for: a device that cannot be reached, an operation of a device or an agent
        that failed, or another hook that raised, hung or died (``kind`` is then ``hooks``).
        """

    def status_changed(self, status: Mapping[str, Any]) -> None:
        """What is true now, with the keys of ``hb status --json``: at the start, after each change and every few
        seconds. Empty while the daemon cannot be reached. Of several that wait, the newest alone is told.
        """

    def close(self) -> None:
        """The process ends in order: give back what was opened."""

    # What other commands ask. They make a listener of their own for it.

    def status_sections(self, status: Mapping[str, Any]) -> Sequence[str]:
        """Return lines for ``hb status`` to show under its own. ``status`` is as in ``status_changed``.

        Called in a child of the command, with a second or two to answer.
        """
        return ()

    def cli_commands(self) -> Mapping[str, Callable[[Sequence[str]], int]]:
        """Return commands for ``hb``: name, and what is called with the words behind it and returns the exit status.

        The first line of its docstring is the command's help. A name of core's is refused.
        """
        return {}
