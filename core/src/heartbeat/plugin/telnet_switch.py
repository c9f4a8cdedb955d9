"""A switch with numbered outlets, spoken to over telnet: one session for each operation, always logged out of."""

import abc
import contextlib
from collections.abc import Iterator
from typing import ClassVar, Protocol

from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.outlets import OutletSession, OutletSwitch
from heartbeat.plugin.param import Param, ParamKind
from heartbeat.plugin.telnet import dial, log_in

ADDRESS = Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.7", help="Name or address of the switch.")
PORT = Param("port", ParamKind.PORT, default=23, example="23", help="Its telnet port.")
TIMEOUT = Param(
    "timeout",
    ParamKind.SECONDS,
    default=5.0,
    minimum=0.05,
    maximum=60,
    unit="s",
    example="5",
    help="Limit of one answer; a whole session may take six times as long.",
)
"""Every TelnetSwitch declares these three, beside OUTLETS and its credentials."""

SESSION_ANSWERS = 6
"""A session may last so many times as long as one answer: log in, look, order, log out."""
BUSY_ANSWERS = 2
"""So many times as long a session of somebody else is waited for."""


class TelnetSession(OutletSession, Protocol):
    """A session that can be ended."""

    def leave(self) -> None:
        """Log out; bounded, and silent when that is not possible any more."""


class TelnetSwitch(OutletSwitch):
    """A driver gives ``login``, and in what it returns the dialogue."""

    positional: ClassVar[tuple[str, ...]] = ("ipaddr", "login", "password")

    @abc.abstractmethod
    def login(self, talk: Conversation) -> TelnetSession:
        """Log in and return the session. Raises AccessDenied for wrong credentials; HungUp is tried again."""

    @contextlib.contextmanager
    def session(self) -> Iterator[OutletSession]:
        """Log in, and out at the end. Raises Unreachable, AccessDenied, and PluginErrors of the dialogue."""
        talk, session = log_in(self._dial, self.login, BUSY_ANSWERS * self.settings.number("timeout"))
        with talk:
            try:
                yield session
            finally:
                session.leave()

    def _dial(self) -> Conversation:
        answer_s = self.settings.number("timeout")
        host, port = self.settings.text("ipaddr"), int(self.settings.number("port"))
        return dial(host, port, answer_s=answer_s, total_s=SESSION_ANSWERS * answer_s)
