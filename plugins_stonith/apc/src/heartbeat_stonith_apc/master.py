"""The device over telnet: one login, then whichever of the two dialogues the card speaks."""

from heartbeat.plugin import AccessDenied, Param, ParamKind
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.outlets import OUTLETS
from heartbeat.plugin.telnet_switch import ADDRESS, PORT, TIMEOUT, TelnetSession, TelnetSwitch

from heartbeat_stonith_apc.command_line import PROMPT as COMMAND_PROMPT
from heartbeat_stonith_apc.command_line import CommandLine
from heartbeat_stonith_apc.menus import PROMPT as MENU_PROMPT
from heartbeat_stonith_apc.menus import Menus

USER_PROMPT, PASSWORD_PROMPT = r"^User Name\s*:", r"^Password\s*:"


class ApcMaster(TelnetSwitch):
    """An APC MasterSwitch or Switched Rack PDU by its telnet menus, or by the command line of newer cards.

    Entries of menus are found by their labels, which are the same in all firmware; their numbers are not. Such a card
    takes one session at a time: each operation logs in, does everything, and logs out.
    """

    api = 1
    title = "APC MasterSwitch and Switched Rack PDU over telnet"
    docs_url = "https://www.apc.com/"
    params = (
        ADDRESS,
        Param("login", required=True, example="apc", help="User; may be one of the class device user."),
        Param("password", ParamKind.SECRET, required=True, example="secret", help="That user's password."),
        PORT,
        OUTLETS,
        TIMEOUT,
    )
    worst_off_s = 10.0
    """A slow card takes half a second for each of some twelve menus, and its list lags behind the relay by seconds."""
    name_max = 23

    def login(self, talk: Conversation) -> TelnetSession:
        talk.hear(USER_PROMPT, what="prompt for a user name")
        talk.say(f"{self.settings.text('login')}\r")
        talk.hear(PASSWORD_PROMPT, what="prompt for a password")
        talk.say(f"{self.settings.secret('password').reveal()}\r")
        heard = talk.hear(COMMAND_PROMPT, MENU_PROMPT, USER_PROMPT, what="menu after the login")
        if heard.match.re.pattern == USER_PROMPT:
            raise AccessDenied(f"{talk.place} refuses user or password; check `login` and `password`")
        return CommandLine(talk) if heard.match.re.pattern == COMMAND_PROMPT else Menus(talk)
