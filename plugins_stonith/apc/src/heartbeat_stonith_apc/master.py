"""The device over telnet: one login, then whichever of the two dialogues the card speaks."""

import contextlib
from collections.abc import Iterator

from heartbeat.plugin import AccessDenied, Param, ParamKind
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.outlets import OUTLETS, OutletSession, OutletSwitch
from heartbeat.plugin.telnet import dial, log_in

from heartbeat_stonith_apc.command_line import PROMPT as COMMAND_PROMPT
from heartbeat_stonith_apc.command_line import CommandLine
from heartbeat_stonith_apc.menus import PROMPT as MENU_PROMPT
from heartbeat_stonith_apc.menus import Menus

USER_PROMPT, PASSWORD_PROMPT = r"^User Name\s*:", r"^Password\s*:"
ANSWERS = 6
"""A session may last so many times as long as one answer: log in, go down three menus, order, log out."""


class ApcMaster(OutletSwitch):
    """An APC MasterSwitch or Switched Rack PDU by its telnet menus, or by the command line of newer cards.

    Entries of menus are found by their labels, which are the same in all firmware; their numbers are not. Such a card
    takes one session at a time: each operation logs in, does everything, and logs out.
    """

    api = 1
    title = "APC MasterSwitch and Switched Rack PDU over telnet"
    params = (
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.7", help="Name or address of the card."),
        Param("login", required=True, example="apc", help="User; may be one of the class device user."),
        Param("password", ParamKind.SECRET, required=True, example="secret", help="That user's password."),
        Param("port", ParamKind.PORT, default=23, example="23", help="The card's telnet port."),
        OUTLETS,
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, unit="s", example="5",
            help="Limit of one answer; a whole session may take six times as long.",
        ),
    )  # fmt: skip
    positional = ("ipaddr", "login", "password")
    worst_off_s = 10.0
    """A slow card takes half a second for each of some twelve menus, and its list lags behind the relay by seconds."""
    name_max = 23

    @contextlib.contextmanager
    def session(self) -> Iterator[OutletSession]:
        """Log in, and out at the end. Raises Unreachable, AccessDenied, and PluginErrors of the dialogue."""
        timeout_s = self.settings.number("timeout")
        with log_in(self._dial, self._login, 2 * timeout_s) as talk:
            session = self._dialogue(talk)
            try:
                yield session
            finally:
                session.leave()

    def _dial(self) -> Conversation:
        timeout_s = self.settings.number("timeout")
        host, port = self.settings.text("ipaddr"), int(self.settings.number("port"))
        return dial(host, port, answer_s=timeout_s, total_s=ANSWERS * timeout_s)

    def _login(self, talk: Conversation) -> None:
        talk.hear(USER_PROMPT, what="prompt for a user name")
        talk.say(f"{self.settings.text('login')}\r")
        talk.hear(PASSWORD_PROMPT, what="prompt for a password")
        talk.say(f"{self.settings.secret('password').reveal()}\r")
        heard = talk.hear(COMMAND_PROMPT, MENU_PROMPT, USER_PROMPT, what="menu after the login")
        if heard.match.re.pattern == USER_PROMPT:
            raise AccessDenied(f"{talk.place} refuses user or password; check `login` and `password`")
        self._dialogue = CommandLine if heard.match.re.pattern == COMMAND_PROMPT else Menus
