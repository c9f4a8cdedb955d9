"""The device: a login in whichever form the model has it, then commands at ``RPC-5>``."""

import contextlib
import re
from collections.abc import Sequence

from heartbeat.plugin import AccessDenied, Param, ParamKind, PluginError, Power, ResetFailed, TimedOut
from heartbeat.plugin.conversation import Conversation, Heard
from heartbeat.plugin.outlets import OUTLETS, Outlet
from heartbeat.plugin.telnet_switch import ADDRESS, PORT, TIMEOUT, TelnetSession, TelnetSwitch

from heartbeat_stonith_baytech.status import outlets_of

USER, PASSWORD = r"^(Enter )?username> *", r"^(Enter )?password> *"
SELECTION = r"^Enter Selection> *"
PROMPT = r"^(DS-)?RPC[-\w ]*>"
"""Of the models: RPC-3>, RPC-5>, RPC3-NC>, RPC-28A>, ``RPC >`` of the DS-RPC."""
REFUSED = r"[Ii]nvalid (user|password)"
SURE = r"\(Y/N\)> *"
_REFUSAL = re.compile(r".*(error|invalid|locked|denied|unknown).*", re.IGNORECASE)
STEPS_MAX = 6
"""User, password, menu and prompt, with room for a greeting more."""
SILENCE = 0.25
"""Part of an answer's limit after which ENTER is pressed: some terminal servers say nothing before."""


class Baytech(TelnetSwitch):
    """A BayTech RPC by telnet: RPC-3, RPC-3A, RPC-5, RPC3-NC, RPC-18, -22, -27, -28, DS-RPC.

    Outlets carry the nodes' names. The models differ in how they let one in and how they list; both are recognised.
    """

    api = 1
    title = "BayTech RPC remote power controller over telnet"
    docs_url = "https://www.baytech.net/"
    params = (
        ADDRESS,
        Param("login", required=True, example="admin", help="User; not asked for by every configuration."),
        Param("password", ParamKind.SECRET, required=True, example="secret", help="That user's password."),
        PORT,
        OUTLETS,
        TIMEOUT,
    )
    worst_off_s = 8.0
    """Two logins and two lists at a second each, and a relay that follows within one."""
    name_max = 18

    def login(self, talk: Conversation) -> TelnetSession:
        told: list[str] = []
        for _ in range(STEPS_MAX):
            heard = self._next(talk, is_first=not told)
            step = heard.match.re.pattern
            if step == PROMPT:
                return _Commands(talk)
            if step == REFUSED or step in told:
                raise AccessDenied(f"{talk.place} refuses user or password; check `login` and `password`")
            told.append(step)
            talk.say(f"{self._answer(step, heard.text, talk)}\r")
        raise PluginError(f"{talk.place} asks more than a BayTech RPC does")

    def _next(self, talk: Conversation, *, is_first: bool) -> Heard:
        """Wait for the next question; when a conversation begins in silence, press ENTER once."""
        forms = (USER, PASSWORD, SELECTION, PROMPT, REFUSED)
        if is_first:
            with contextlib.suppress(TimedOut):
                return talk.hear(*forms, what="greeting", within_s=SILENCE * self.settings.number("timeout"))
            talk.say("\r")
        return talk.hear(*forms, what="login or prompt of an RPC")

    def _answer(self, step: str, text: str, talk: Conversation) -> str:
        if step == USER:
            return self.settings.text("login")
        if step == PASSWORD:
            return self.settings.secret("password").reveal()
        number = entry(text, "Outlet Control")
        if not number:
            talk.leave(f"{entry(text, 'Logout')}\r")
            raise PluginError(f"{talk.place}: the menu has no Outlet Control; may this user switch?")
        return number


class _Commands:
    """At the prompt. Implements TelnetSession."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def outlets(self) -> Sequence[Outlet]:
        found = outlets_of(self._ask("STATUS"))
        if not found:
            raise PluginError(f"{self._talk.place} broke its list of outlets off")
        return found

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        for outlet in outlets:
            answer = self._ask(f"{power.value.upper()} {outlet.number}")
            if refusal := next((line for line in answer.splitlines() if _REFUSAL.fullmatch(line)), ""):
                where = f"{self._talk.place}: outlet {outlet.number}"
                raise ResetFailed(f"{where} is not switched {power.value}: {refusal.strip()}")

    def leave(self) -> None:
        self._talk.leave("LOGOUT\r")

    def _ask(self, command: str) -> str:
        """Return the answer. A question whether this is meant is answered with yes."""
        self._talk.forget()
        self._talk.say(f"{command}\r")
        heard = self._talk.hear(PROMPT, SURE, what=f"answer to {command}")
        if heard.match.re.pattern == PROMPT:
            return heard.text
        self._talk.say("Y\r")
        return heard.text + self._talk.hear(PROMPT, what=f"answer to {command}").text


def entry(menu: str, label: str) -> str:
    """Return the number of a menu's entry: 5 resets the unit, so no number is taken for granted."""
    found = re.search(rf"^ *(\d+)\W+{label}", menu, re.MULTILINE)
    return found[1] if found else ""
