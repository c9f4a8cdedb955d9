"""The menus of cards with AOS 1 to 4. The numbers of entries differ with the firmware; their labels do not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.plugin import PluginError, Power, ResetFailed, TimedOut
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.outlets import Outlet

PROMPT = r"^>"
PAGE = r"Press <ENTER> to continue"
CONFIRM = r"Enter 'YES' to continue"
MAIN_MENU = "\x03"
"""Ctrl-C leads to the main menu from everywhere, and acts without ENTER."""

_ENTRY = re.compile(r"^ *(\d+)- (\S.*?) *$", re.MULTILINE)
_OUTLET = re.compile(r"^ *(\d+)- (\S.*?) +(ON|OFF)\b[ *]*$", re.MULTILINE)
_FOOT = "<ESC>-"
"""Each menu ends with the keys that it knows; a list without them broke off."""

WAY = (r"Device Manager", r"Outlet Management", r"Outlet Control(/Configuration)?")
"""To the list of outlets, in the order in which a menu is searched; firmware leaves some of these steps out."""
STEPS_MAX = 4
CONTROL = r"Control Outlet"
VERBS = {Power.ON: r"(Immediate )?On", Power.OFF: r"(Immediate )?Off"}
QUIET_S = 0.02
"""So long nothing follows the question for another page: the rest of that line is no row of the next one."""
ENTER_S = 1.0
"""After so long without a menu ENTER is pressed again: slow cards lose the one that follows a command."""


@dataclass(frozen=True, slots=True)
class Menu:
    """What stands on the screen."""

    text: str

    @property
    def outlets(self) -> list[Outlet]:
        """The rows with a state. ``Master Control``, which switches everything, has none and is no outlet."""
        rows = _OUTLET.finditer(self.text)
        return [Outlet(row[1], row[2], Power(row[3].lower())) for row in rows if not row[2].startswith("Master ")]

    def number_of(self, label: str) -> str:
        """Return the number of the entry with this label (a regular expression); empty when there is none."""
        return next((row[1] for row in _ENTRY.finditer(self.text) if re.fullmatch(label, row[2], re.IGNORECASE)), "")

    def shows(self, outlet: Outlet) -> bool:
        """Does it name this outlet, whole?"""
        return re.search(rf"(?<![\w.-]){re.escape(outlet.name)}(?![\w.-])", self.text) is not None


class Menus:
    """One session in the menus. Implements TelnetSession."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def outlets(self) -> Sequence[Outlet]:
        return self._list().outlets

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        for outlet in outlets:
            self._list()
            self._order(outlet, power)

    def leave(self) -> None:
        """Log out through the main menu; bounded, and silent when the card is not to be found there any more."""
        try:
            number = self._go(MAIN_MENU, within_s=ENTER_S).number_of("Logout")
        except PluginError:
            return
        self._talk.leave(f"{number}\r")

    def _list(self) -> Menu:
        """Go from the main menu to the list of outlets. Raises PluginError when it is not there, or not whole."""
        menu = self._go(MAIN_MENU)
        for _ in range(STEPS_MAX):
            if menu.outlets:
                break
            menu = self._choose(menu, *WAY, what="the list of outlets")
        numbers = [outlet.number for outlet in menu.outlets]
        if not numbers or numbers != [str(number) for number in range(1, len(numbers) + 1)] or _FOOT not in menu.text:
            raise PluginError(f"{self._talk.place} broke its list of outlets off")
        return menu

    def _order(self, outlet: Outlet, power: Power) -> None:
        """From the list to the outlet's control, where the label is looked for; the digit alone means nothing."""
        where = f"{self._talk.place}: outlet {outlet.number}"
        menu = self._go(f"{outlet.number}\r")
        if not menu.number_of(VERBS[power]):
            menu = self._choose(menu, CONTROL, what=f"control of outlet {outlet.number}")
        number = menu.number_of(VERBS[power])
        if not number or not menu.shows(outlet):
            raise PluginError(f"{where}: the menu offers no {power.value} for {outlet.name}")
        self._talk.say(f"{number}\r")
        self._talk.hear(CONFIRM, what="question before the order")
        self._talk.say("YES\r")
        answer = self._talk.hear(PAGE, PROMPT, what="answer to the order")
        if answer.match.re.pattern == PAGE:
            self._press_enter()
        if "success" not in answer.text.lower():
            raise ResetFailed(f"{where} is not switched {power.value}; may this user switch it?")

    def _press_enter(self) -> None:
        try:
            self._go("\r", within_s=ENTER_S)
        except TimedOut:
            self._go("\r")

    def _choose(self, menu: Menu, *labels: str, what: str) -> Menu:
        number = next((number for label in labels if (number := menu.number_of(label))), "")
        if not number:
            raise PluginError(f"{self._talk.place}: the menus do not lead to {what}")
        return self._go(f"{number}\r")

    def _go(self, keys: str, within_s: float | None = None) -> Menu:
        """Press keys and return the menu that follows, all its pages."""
        text = ""
        self._talk.forget()  # a menu that was shown twice must not be taken for the next one
        while True:
            self._talk.say(keys)
            heard = self._talk.hear(PROMPT, PAGE, what="menu", within_s=within_s)
            text += f"{heard.text}\n"
            if heard.match.re.pattern == PROMPT:
                return Menu(text)
            self._talk.forget(QUIET_S)
            keys = "\r"
