"""The contract of a hook: a listener that is told facts after they happened and can veto nothing."""

from collections.abc import Sequence

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params


class Listener(Plugin):
    """Overrides the methods it wants to hear of; the others cost nothing.

    A method may take fewer arguments than are named here, in any order (pluggy passes them by name), so that
    an argument added later breaks no listener. Listeners run in a client process of their own: one may block,
    and what it raises is reported and forgotten. Names are in canonical form, durations in seconds.
    """

    def __init__(self, params: Params) -> None:
        self.settings = params

    def view_installed(self, epoch: int, members: Sequence[str], left: Sequence[str], joined: Sequence[str]) -> None:
        """The members agreed who is in. ``left`` and ``joined`` compare with the view before."""

    def node_fenced(self, node: str, device: str, proof: str) -> None:
        """A node was proved off; ``proof`` says how, for a person."""

    def group_moved(self, group: str, source: str, target: str, away_s: float) -> None:
        """A resource group runs on ``target``; it was away for ``away_s``. ``source`` is empty at its first start."""

    def link_changed(self, node: str, link: str, state: str) -> None:
        """A link towards a node is now ``up`` or ``down``."""

    def decision_taken(self, number: int, kind: str, subject: str, text: str, level: str) -> None:
        """The kernel decided something, as in the journal. ``level`` is ``alarm`` when somebody should be woken."""
