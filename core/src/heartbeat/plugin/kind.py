"""What all plugins have in common, and what a kind of plugin is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from heartbeat.plugin.param import Param

API_CURRENT = 1
"""Contract version that this core was written for; of each of its kinds, for as long as they are equal."""
API_PREVIOUS = 0
"""Oldest contract version still loaded, through an adapter and with a notice (``heartbeat.plugin.v0``)."""


class Plugin:
    """Base of every plugin. These constants are read without making an instance: no IO, no device needed."""

    api: ClassVar[int] = 0
    """The contract version the plugin was written for; each plugin must state it."""
    title: ClassVar[str] = ""
    """One line: ``WTI RPS-10 serial power switch``."""
    docs_url: ClassVar[str] = ""
    """Web address of what documents the device, the method or the protocol itself: a manual, an RFC."""
    params: ClassVar[tuple[Param, ...]] = ()
    """Every parameter, declared once; validation, help and documents all come from here."""
    positional: ClassVar[tuple[str, ...]] = ()
    """Names of parameters in the order of the old one-line form (``stonith_host * baytech HOST LOGIN PASSWORD``)."""
    extra_params: ClassVar[bool] = False
    """True when parameters beyond the declared ones are passed through unchecked as text."""
    test_only: ClassVar[str] = ""
    """Why this plugin must not protect real data; empty for one that may."""

    @classmethod
    def warm(cls) -> None:
        """Import what operations will need. Called once, in the executor, before it forks children.

        Import heavy libraries here and inside methods, never at the top of the module: the class is also
        read by ``hb check``, which needs none of them.
        """


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plugin: a contract class and the entry-point group in which its plugins are announced."""

    name: str
    """The word on the command line: ``stonith`` in ``hb plugin show stonith:rps10``."""
    group: str
    contract: type
    title: str
    api: int = API_CURRENT
    """The contract's version. Counted for each kind: a change of one kind's contract breaks no other's plugins."""
    previous: type | None = None
    """The contract of the version before, when plugins written for it are still loaded."""
    adapt: Callable[[type[Plugin]], type[Plugin]] | None = None
    """Makes of a class of the previous contract one of this; goes with ``previous``."""
