"""The agent: one script of resource.d or init.d, called ``SCRIPT [ARGUMENT...] start|stop|status``."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import (
    API_CURRENT,
    Claim,
    Health,
    NotInstalled,
    Param,
    ParamKind,
    Params,
    PluginError,
    ResourceAgent,
    occasion,
)

from heartbeat_ra_haresource.claims import claimed
from heartbeat_ra_haresource.environment import environment_of
from heartbeat_ra_haresource.status import Answer, judge_init, judge_text
from heartbeat_ra_haresource.trace import traced

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended

RESOURCE_D, INIT_D = "resource.d", "init.d"

STOP_TRIES = 11
"""Once, and ten times again: HA_STOPRETRYMAX of heartbeat 3.0.6."""
PAUSES_S = (0.1, 0.2, 0.5, 1.0)
"""Between two tries; the last one for all that follow (1 s in heartbeat 3.0.6)."""
READY_WITHIN_S = 10.0
"""How long after a start that succeeded the status may still say stopped: many scripts return too early."""
LAST_MOMENT_S = 1.0
"""So much before the deadline we stop waiting, to be able to say why."""

_LSB = {
    1: "an error that it does not name",
    2: "invalid or too many arguments",
    3: "it does not know this action",
    4: "not privileged enough",
    5: "its program is not installed",
    6: "its program is not configured",
    7: "its program is not running",
    126: "it cannot be executed",
    127: "a command in it was not found",
}
"""Exit statuses of the LSB for actions other than status; scripts of resource.d mostly keep to them."""


class Script(ResourceAgent):
    """A resource script or init script of the classic kind.

    ``status`` decides whether it runs: by its text in resource.d, by exit status and text in init.d. There is no
    monitoring that the script does not do itself, no promotion, no reload.
    """

    api = API_CURRENT
    title = "Classic resource.d or init.d script"
    docs_url = "https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/iniscrptact.html"
    params = (
        Param(
            "script", ParamKind.PATH, required=True, example="/etc/ha.d/resource.d/billing", help="The script to run."
        ),
        Param("arguments", example="80 /srv/www", help="What stands before the action, blanks between."),
        Param(
            "convention",
            ParamKind.CHOICE,
            choices=(RESOURCE_D, INIT_D),
            example=INIT_D,
            help="How `status` is judged; by default as the folder of the script is called.",
        ),
    )
    positional = ("script", "arguments")

    @classmethod
    def warm(cls) -> None:
        """Import what runs programs."""
        import heartbeat.plugin.program  # noqa: F401 - for the forked children

    @classmethod
    def from_words(cls, words: Sequence[str]) -> dict[str, str]:
        """Take ``haresource::/path/of/script::word::word``."""
        if not words:
            raise ValueError("expected SCRIPT[::ARGUMENT...]")
        return {"script": words[0], **({"arguments": " ".join(words[1:])} if words[1:] else {})}

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        return claimed(Path(params.text("script")).name, params.text("arguments").split())

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._script = Path(params.text("script"))
        self._words = params.text("arguments").split()
        default = INIT_D if self._script.parent.name == INIT_D else RESOURCE_D
        self._convention = params.text("convention") or default
        self._is_known_stopped = False

    def validate(self) -> None:
        """Raises NotInstalled when there is no such program here."""
        if not self._script.is_file():
            raise NotInstalled(f"there is no script {self._script}; copy it to every node of the cluster")
        if not os.access(self._script, os.X_OK):
            raise NotInstalled(f"{self._script} is not executable; `chmod 755 {self._script}` if it is a script")

    def prepare_start(self) -> None:
        """Ask for the status ahead of time, so that an announced start loses no time with it."""
        self._is_known_stopped = not self._says_running()

    def start(self) -> None:
        """Start it unless it runs (heartbeat 3 asked first, too); return when its status says so."""
        if not self._is_known_stopped and self._says_running():
            return
        self._is_known_stopped = False
        ended = self._run("start")
        if ended.code != 0:
            raise PluginError(f"{self._called('start')} failed: {_how(ended)}")
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop it, and again while its status says that it runs and time is left (heartbeat 3: up to ten times).

        An exit status that is an error counts as success only when the status then says in words that it is
        stopped; one that is good counts as failure when the status still says running. Raises PluginError.
        """
        for number in range(STOP_TRIES):
            ended = self._run("stop")
            if self._is_gone(ended.code):
                if ended.code != 0:
                    _warn(f"{self._called('stop')} failed ({_how(ended)}), but its status says that it is stopped")
                return
            pause_s = PAUSES_S[min(number, len(PAUSES_S) - 1)]
            if occasion().left_s() < pause_s + LAST_MOMENT_S:
                break
            time.sleep(pause_s)
        what = f"failed: {_how(ended)}" if ended.code else "said that it succeeded, but its status still says running"
        raise PluginError(f"{self._called('stop')} {what}; tried {number + 1} times")

    def monitor(self) -> Health:
        """Ask the script. Raises PluginError when its answer is none."""
        return self._judge(self._status())

    def _status(self) -> Answer:
        ended = self._run("status")
        return Answer(ended.code, ended.stdout)

    def _judge(self, answer: Answer) -> Health:
        return judge_init(answer) if self._convention == INIT_D else judge_text(answer)

    def _says_running(self) -> bool:
        try:
            return self.monitor() is Health.RUNNING
        except PluginError:
            return False  # heartbeat 3 too started what did not say that it runs

    def _wait_until_ready(self) -> None:
        """Return when the status says running; at once when it has nothing to say. Raises PluginError."""
        until_s = time.monotonic() + min(READY_WITHIN_S, occasion().left_s() - LAST_MOMENT_S)
        number = 0
        while True:
            answer = self._status()
            try:
                health = self._judge(answer)
            except PluginError as unclear:
                _warn(f"{self._called('start')} succeeded, but {unclear}")
                return
            if health is Health.RUNNING or (answer.is_silent and self._convention == RESOURCE_D):
                return
            pause_s = PAUSES_S[min(number, len(PAUSES_S) - 1)]
            if time.monotonic() + pause_s > until_s:
                break
            time.sleep(pause_s)
            number += 1
        raise PluginError(
            f"{self._called('start')} said that it succeeded, but its status does not say running: "
            f"{_last_line(answer.text) or f'exit status {answer.code}'}"
        )

    def _is_gone(self, code: int) -> bool:
        """After a stop with this exit status: is it proved, or said and not denied, that it is gone?"""
        answer = self._status()
        try:
            health = self._judge(answer)
        except PluginError:
            return code == 0
        if health is Health.STOPPED:
            return code == 0 or not answer.is_silent
        return code == 0 and health is Health.FAILED

    def _run(self, action: str) -> "Ended":
        """Run the script; everything it prints is passed on."""
        from heartbeat.plugin.program import run_program

        self.validate()
        argv = [str(self._script), *self._words, action]
        environment = environment_of(self._script)
        if occasion().trace:
            return traced(argv, environment)
        return run_program(argv, environment, heard=_pass_on)

    def _called(self, action: str) -> str:
        return " ".join([str(self._script), *self._words, action])


def _pass_on(stream: str, chunk: bytes) -> None:
    os.write(1 if stream == "stdout" else 2, chunk)


def _how(ended: "Ended") -> str:
    """Return exit status and last words of a script, for people."""
    how = f"ended by signal {-ended.code}" if ended.code < 0 else f"exit status {ended.code}"
    meaning = _LSB.get(ended.code)
    words = _last_line(ended.stderr) or _last_line(ended.stdout)
    return how + (f" ({meaning})" if meaning else "") + (f", its last words: {words}" if words else "")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _warn(text: str) -> None:
    print(f"heartbeat: {text}", file=sys.stderr)
