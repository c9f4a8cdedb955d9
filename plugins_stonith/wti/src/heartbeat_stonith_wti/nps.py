"""The device over telnet: login, with or without a user name, and its commands behind one prompt."""

from collections.abc import Sequence

from heartbeat.plugin import AccessDenied, Param, ParamKind, PluginError, Power, ResetFailed
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.outlets import OUTLETS, Outlet
from heartbeat.plugin.telnet_switch import ADDRESS, PORT, TIMEOUT, TelnetSession, TelnetSwitch

from heartbeat_stonith_wti.plug_table import plugs

USER_PROMPT, PASSWORD_PROMPT = r"^[Ll]ogin: *", r"^(Enter )?[Pp]assword: *"
PROMPT = r"^(NPS|TPS|IPS|N?BB|RSM|MPC|VMR)>"
REFUSED = r"[Ii]nvalid [Pp]assword|[Ll]ogin incorrect"
PAGE = r"Enter: *"
SURE = r"\(Y/N\): *"


class WtiNps(TelnetSwitch):
    """A WTI switch with a command line: NPS, TPS, IPS, NBB, RSM, MPC, VMR. Its plugs carry the nodes' names.

    One session at a time: each operation logs in, does everything, and logs out.
    """

    api = 1
    title = "WTI network power switch (NPS, TPS, IPS, MPC, RSM, VMR) over telnet"
    docs_url = "https://www.wti.com/"
    params = (
        ADDRESS,
        Param("password", ParamKind.SECRET, required=True, example="secret", help="Password of the switch or user."),
        Param("login", example="super", help="User name, for the families that ask for one."),
        PORT,
        OUTLETS,
        TIMEOUT,
    )
    positional = ("ipaddr", "password")
    worst_off_s = 10.0
    """The prompt comes back when the relay is done, within two seconds for a plug."""
    name_max = 16

    def login(self, talk: Conversation) -> TelnetSession:
        if talk.hear(USER_PROMPT, PASSWORD_PROMPT, what="prompt for a password").match.re.pattern == USER_PROMPT:
            if not self.settings.text("login"):
                raise AccessDenied(f"{talk.place} asks for a user name: give `login`")
            talk.say(f"{self.settings.text('login')}\r")
            talk.hear(PASSWORD_PROMPT, what="prompt for a password")
        talk.say(f"{self.settings.secret('password').reveal()}\r")
        heard = talk.hear(PROMPT, REFUSED, USER_PROMPT, PASSWORD_PROMPT, what="prompt after the login")
        if heard.match.re.pattern != PROMPT:
            raise AccessDenied(f"{talk.place} refuses the password; check `password` and `login`")
        return _Commands(talk)


class _Commands:
    """At the prompt. Implements TelnetSession."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def outlets(self) -> Sequence[Outlet]:
        found = plugs(self._ask("/S"))
        if not found:
            raise PluginError(f"{self._talk.place} broke its table of plugs off")
        return found

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        for outlet in outlets:
            answer = self._ask(f"/{'On' if power is Power.ON else 'Off'} {outlet.number},Y")
            if "Processing" not in answer:
                raise ResetFailed(
                    f"{self._talk.place}: plug {outlet.number} is not switched {power.value}: {_last(answer)}"
                )

    def leave(self) -> None:
        self._talk.leave("/X,Y\r")

    def _ask(self, command: str) -> str:
        """Return the answer, all its pages. A question whether this is meant is answered with yes."""
        text = ""
        self._talk.forget()
        self._talk.say(f"{command}\r")
        while True:
            heard = self._talk.hear(PROMPT, PAGE, SURE, what=f"answer to {command}")
            text += f"{heard.text}\n"
            if heard.match.re.pattern == PROMPT:
                return text
            self._talk.say("Y\r" if heard.match.re.pattern == SURE else "\r")


def _last(answer: str) -> str:
    """Return what the switch says against it: the last line before the prompt."""
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    return lines[-2] if len(lines) > 1 else "it does not say why"
