"""A device's dialogue as a page of text and answers; telnet menus and serial lines speak it. Needs no pytest."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

END = "end"
"""The state after which the device closes: a log-out."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer may be: a text, and the state that follows."""

    text: str = ""
    state: str = ""
    """Empty: the same as before."""


Answer = Reply | Callable[[re.Match[str]], Reply]


@dataclass(frozen=True, slots=True)
class State:
    """A prompt, and what may be answered to it: regular expression of a whole line to reply; the first that fits."""

    prompt: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    orders: frozenset[str] = frozenset()
    """Those of ``answers`` that switch something."""
    unknown: Reply = Reply("What?\r\n")


class Dialogue:
    """Where one conversation is.

    >>> page = {
    ...     "login": State("Password: ", {"secret": Reply("Welcome\\r\\n", "menu")}, unknown=Reply("Wrong\\r\\n", END)),
    ...     "menu": State("> ", {"bye": Reply(state=END)}),
    ... }
    >>> talk = Dialogue(page, "login")
    >>> talk.prompt()
    'Password: '
    >>> talk.hear("secret").text, talk.state
    ('Welcome\\r\\n', 'menu')
    >>> talk.hear("bye"), talk.is_over
    (Reply(text='', state='end'), True)
    >>> talk = Dialogue({"ready": State(answers={r"(\\d) \\?": lambda asked: Reply(f"Plug {asked[1]} On")})}, "ready")
    >>> talk.hear("1 ?").text, talk.earlier("2 ?").text, talk.earlier("1 ?")
    ('Plug 1 On', 'Plug 1 On', None)
    """

    def __init__(self, page: Mapping[str, State], start: str) -> None:
        self._page = page
        self.state = start
        self._said: dict[str, tuple[str, Reply]] = {}
        """Of each form of answer, the last line that asked for it, and the reply."""

    @property
    def is_over(self) -> bool:
        return self.state == END

    def prompt(self) -> str:
        """Return what the device says while it waits."""
        return "" if self.is_over else self._page[self.state].prompt

    def is_order(self, line: str) -> bool:
        """Would this line switch something?"""
        return any(re.fullmatch(form, line) for form in self._page[self.state].orders)

    def hear(self, line: str) -> Reply:
        """Return the reply to a line and go on to its state."""
        state = self._page[self.state]
        reply = state.unknown
        for form, answer in state.answers.items():
            if match := re.fullmatch(form, line):
                reply = answer if isinstance(answer, Reply) else answer(match)
                self._said[form] = (line, reply)
                break
        self.state = reply.state or self.state
        return reply

    def earlier(self, line: str) -> Reply | None:
        """Return the reply to another line of the same form, if that was the last of its form; None otherwise."""
        form = next((form for form in self._page[self.state].answers if re.fullmatch(form, line)), "")
        asked, reply = self._said.get(form, (line, Reply()))
        return None if asked == line else reply
