"""The command line of cards with AOS 5 and later: ``olStatus``, ``olOn``, ``olOff``."""

import re
from collections.abc import Sequence

from heartbeat.plugin import PluginError, Power, ResetFailed
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.outlets import Outlet

PROMPT = r"^apc>"
_OUTLET = re.compile(r"^ *(\d+): (.*): (On|Off)\b", re.MULTILINE)
_CODE = re.compile(r"^(E\d{3}):", re.MULTILINE)
SUCCESS = "E000"
VERBS = {Power.ON: "olOn", Power.OFF: "olOff"}


class CommandLine:
    """One session at the prompt. Implements TelnetSession."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def outlets(self) -> Sequence[Outlet]:
        """The list has no end mark: that there is no outlet after the last one shows that it was whole."""
        code, text = self._ask("olStatus all")
        found = [Outlet(row[1], row[2].strip(), Power(row[3].lower())) for row in _OUTLET.finditer(text)]
        is_whole = [outlet.number for outlet in found] == [str(number) for number in range(1, len(found) + 1)]
        if code != SUCCESS or not found or not is_whole or self._ask(f"olStatus {len(found) + 1}")[0] == SUCCESS:
            raise PluginError(f"{self._talk.place} broke its list of outlets off (answer {code or 'without a code'})")
        return found

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        for outlet in outlets:
            code, _ = self._ask(f"{VERBS[power]} {outlet.number}")
            if code != SUCCESS:
                where = f"{self._talk.place}: outlet {outlet.number}"
                raise ResetFailed(f"{where} is not switched {power.value}: {code or 'no code'} (E104 = not allowed)")

    def leave(self) -> None:
        self._talk.leave("quit\r")

    def _ask(self, command: str) -> tuple[str, str]:
        """Return code and text of the answer."""
        self._talk.say(f"{command}\r")
        text = self._talk.hear(PROMPT, what=f"answer to {command}").text
        code = _CODE.search(text)
        return (code[1] if code else ""), text
