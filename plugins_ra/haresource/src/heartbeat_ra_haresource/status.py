"""What a script's ``status`` means: its text for resource.d, exit status and text for init.d."""

import re
from dataclasses import dataclass

from heartbeat.plugin import Health, PluginError

_NOT_RUNNING = re.compile(r"\bnot\s+running\b", re.IGNORECASE)
_STOPPED = re.compile(r"\bstopped\b", re.IGNORECASE)
_RUNNING = re.compile(r"running", re.IGNORECASE)
_OK = re.compile(r"\bOK\b")
"""Capitals only, and a word of its own: ``BROKEN`` contains the letters too."""
_USAGE = re.compile(r"\busage\b", re.IGNORECASE)


class Unclear(PluginError):
    """The script's answer says neither that it runs nor that it is stopped."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a script answered to ``status``."""

    code: int
    """Its exit status; negative: the signal that ended it."""
    text: str
    """Its stdout."""

    @property
    def is_silent(self) -> bool:
        return not self.text.strip()


def judge_text(answer: Answer) -> Health:
    """Judge a resource.d script, by its text alone, as the ResourceManager of heartbeat 3.0.6 did.

    "not running" is stopped, else "running" or the word OK is running, else it is stopped. Two things are stricter
    here. The word "stopped" never goes with running: with both, the answer is no answer. And a script that a signal
    ended before it said anything has not said that it is stopped. Raises Unclear.
    """
    health = _said(answer.text)
    if health is None and answer.is_silent and answer.code < 0:
        raise Unclear(f"its status was ended by signal {-answer.code} and said nothing")
    return Health.STOPPED if health is None else health


def judge_init(answer: Answer) -> Health:
    """Judge an init script: by the exit status that the LSB gives to ``status``, corrected by the text.

    0 runs, unless the text says that it does not; 1 and 2 dead with a file left behind, so half there; 3 stopped.
    Whatever else is no answer, nor is 0 without a word: so end the scripts of a package that was removed but not
    purged, for any action. Raises Unclear.
    """
    match answer.code:
        case 0 if not answer.is_silent:
            return _said(answer.text) or Health.RUNNING
        case 0:
            raise Unclear("its status ended with 0 and said nothing; is its program installed?")
        case 3:
            return Health.STOPPED
        case 1 | 2 if not _USAGE.search(answer.text):
            return Health.FAILED
        case 1 | 2:
            raise Unclear("it does not know `status`; without that nobody can tell whether it runs")
    raise Unclear(f"its status ended with {answer.code}, which does not say whether it runs")


def _said(text: str) -> Health | None:
    """Return what the text says; None: nothing. Raises Unclear when it says both."""
    if _NOT_RUNNING.search(text):
        return Health.STOPPED
    is_running = _RUNNING.search(text)
    if _STOPPED.search(text):
        if is_running:
            raise Unclear(f"its status says both running and stopped: {' '.join(text.split())[:200]}")
        return Health.STOPPED
    return Health.RUNNING if is_running or _OK.search(text) else None
