"""Tells people: runs a command or sends a mail through a local relay, and never a flood of either."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from heartbeat.plugin import BadConfig, Listener, Param, ParamKind, Params, PluginError

ABOUT = ("alarms", "moves", "all")


class Notify(Listener):
    """Sends one message for each alarm, fence and move: to a command of yours, or as mail.

    The command gets the message on its standard input and its particulars in the environment: `HB_FACT` is the
    fact's name (`node_fenced`), `HB_FACT_NODE` and the like its arguments, `HB_SUBJECT` the message in one line.
    No more than `limit` messages go out in any `per` seconds; how many were kept back stands in the next one.
    """

    api = 1
    title = "messages to people, by command or mail"
    docs_url = "https://www.rfc-editor.org/rfc/rfc5321"
    params = (
        Param(
            "command",
            ParamKind.PATH,
            example="/usr/local/sbin/page-me",
            help="Program to run for each message; it takes no arguments.",
        ),
        Param("mail_to", example="ops@example.com,boss@example.com", help="Addresses to send mail to."),
        Param("mail_from", example="heartbeat@example.com", help="Sender; by default heartbeat@ and the host's name."),
        Param("relay", ParamKind.HOST, default="127.0.0.1", example="127.0.0.1", help="Mail server; no login is made."),
        Param("relay_port", ParamKind.PORT, default=25, example="25", help="Its SMTP port."),
        Param(
            "about",
            ParamKind.CHOICE,
            choices=ABOUT,
            default="moves",
            example="alarms",
            help="Alarms only; fences and moves of groups too; or also views, links and failing plugins.",
        ),
        Param(
            "limit",
            ParamKind.INT,
            default=10,
            minimum=1,
            maximum=1000,
            unit="messages",
            example="10",
            help="At most so many in the time of per.",
        ),
        Param(
            "per", ParamKind.SECONDS, default=60.0, minimum=1, maximum=86400, unit="s", example="60", help="See limit."
        ),
        Param(
            "timeout",
            ParamKind.SECONDS,
            default=10.0,
            minimum=0.1,
            maximum=25,
            unit="s",
            example="10",
            help="For one run of the command, and for each step of sending a mail.",
        ),
    )

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        if not params.text("command") and not params.text("mail_to"):
            raise BadConfig("it tells nobody: give it command=... or mail_to=...")
        self._here = socket.gethostname()
        self._sent_s: deque[float] = deque()
        self._kept = 0

    # Facts

    def decision_taken(self, number: int, kind: str, subject: str, text: str, level: str) -> None:
        if level == "alarm":
            self._message("decision_taken", f"ALARM {text}", {"kind": kind, "subject": subject, "text": text})

    def node_fenced(self, node: str, device: str, proof: str) -> None:
        if self._wants("moves"):
            by = f" (switched by {device})" if device else ""
            told = {"node": node, "device": device, "proof": proof}
            self._message("node_fenced", f"{node} was fenced: {proof}{by}", told)

    def group_moved(self, group: str, source: str, target: str, away_s: float) -> None:
        if self._wants("moves"):
            how = f"moved from {source} to {target}, away for {away_s:g} s" if source else f"started on {target}"
            told = {"group": group, "source": source, "target": target, "away_s": away_s}
            self._message("group_moved", f"group {group} {how}", told)

    def view_installed(self, epoch: int, members: Sequence[str], left: Sequence[str], joined: Sequence[str]) -> None:
        if self._wants("all"):
            told = {"epoch": epoch, "members": members, "left": left, "joined": joined}
            self._message("view_installed", f"members are {', '.join(members)}", told)

    def link_changed(self, node: str, link: str, state: str) -> None:
        if self._wants("all"):
            told = {"node": node, "link": link, "state": state}
            self._message("link_changed", f"link {link} to {node} is {state}", told)

    def plugin_failed(self, kind: str, name: str, problem: str) -> None:
        if self._wants("all"):
            told = {"kind": kind, "name": name, "problem": problem}
            self._message("plugin_failed", f"plugin {kind}:{name}: {problem}", told)

    def status_changed(self, status: Mapping[str, Any]) -> None:
        """Learn who we are; and when messages may go out again, tell how many did not."""
        self._here = str(status.get("node") or self._here)
        if self._kept and self._may_send():
            self._send("messages_kept_back", "messages were kept back", {})

    def _wants(self, about: str) -> bool:
        return ABOUT.index(self.settings.text("about")) >= ABOUT.index(about)

    # Messages

    def _message(self, fact: str, text: str, told: Mapping[str, object]) -> None:
        if self._may_send():
            self._send(fact, text, told)
        else:
            self._kept += 1

    def _may_send(self) -> bool:
        now_s = time.monotonic()
        while self._sent_s and now_s - self._sent_s[0] >= self.settings.number("per"):
            self._sent_s.popleft()
        return len(self._sent_s) < self.settings.number("limit")

    def _send(self, fact: str, text: str, told: Mapping[str, object]) -> None:
        self._sent_s.append(time.monotonic())
        subject = " ".join(f"heartbeat on {self._here}: {text}".split())
        kept, self._kept = self._kept, 0
        body = f"{text}\n" + (f"\n{kept} messages before this one were not sent, to spare you.\n" if kept else "")
        problems = []
        for way, wanted in ((self._run, "command"), (self._mail, "mail_to")):
            if self.settings.text(wanted):
                try:
                    way(fact, subject, body, told)
                except (OSError, PluginError) as wrong:  # smtplib's errors are OSErrors
                    problems.append(str(wrong.args[0]) if isinstance(wrong, PluginError) else f"{wanted}: {wrong}")
        if problems:
            raise PluginError("; ".join(problems))

    def _run(self, fact: str, subject: str, body: str, told: Mapping[str, object]) -> None:
        """Run the command. What it prints goes where our own output goes, which is bounded."""
        command = self.settings.text("command")
        about = {f"HB_FACT_{name.upper()}": _as_word(value) for name, value in told.items()}
        environment = {**os.environ, **about, "HB_FACT": fact, "HB_SUBJECT": subject}
        with subprocess.Popen([command], stdin=subprocess.PIPE, env=environment, process_group=0) as process:
            try:
                process.communicate(body.encode(), self.settings.number("timeout"))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                limit = self.settings.number("timeout")
                raise PluginError(f"{command} did not end within {limit:g} s and was killed") from None
        if process.returncode:
            raise PluginError(f"{command} ended with status {process.returncode}")

    def _mail(self, _: str, subject: str, body: str, __: Mapping[str, object]) -> None:
        import smtplib
        from email.message import EmailMessage

        mail = EmailMessage()
        mail["Subject"] = subject
        mail["From"] = self.settings.text("mail_from") or f"heartbeat@{socket.gethostname()}"
        mail["To"] = ", ".join(self.settings.text("mail_to").split(","))
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no robot shall answer
        mail.set_content(body)
        relay, port = self.settings.text("relay"), int(self.settings.number("relay_port"))
        with smtplib.SMTP(relay, port, timeout=self.settings.number("timeout")) as server:
            server.send_message(mail)


def _as_word(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
