"""The tie-breaker ``witness``: asks ``hb witness`` on another machine (``quorum_server`` in ha.cf)."""

import socket
import time
from pathlib import Path

from heartbeat.plugin import Param, ParamKind, Ruling, Tie, TieBreaker, Verdict
from heartbeat.witness import dialogue
from heartbeat.witness.keys import BadKeys, read_keys
from heartbeat.witness.server import PORT


class Witness(TieBreaker):
    """Each question is one connection. The witness must run on no node of the cluster that asks it."""

    api = 1
    title = "witness server (hb witness) that lets one of two halves go on"
    docs_url = "https://www.rfc-editor.org/rfc/rfc2104"
    params = (
        Param("host", ParamKind.HOST, required=True, example="10.0.0.9", help="where hb witness runs"),
        Param("port", ParamKind.PORT, default=PORT, example="6940", help="its TCP port"),
        Param(
            "keyfile",
            ParamKind.PATH,
            default="/etc/ha.d/witness.key",
            example="/etc/ha.d/witness.key",
            help="holds the line CLUSTER KEY that the witness has, too; mode 600",
        ),
    )
    positional = ("host", "port")

    def ask(self, tie: Tie, deadline_s: float) -> Ruling:
        try:
            keyfile = Path(self.settings.text("keyfile"))
            key = read_keys(keyfile).get(tie.cluster)
            if key is None:
                return Ruling(Verdict.UNREACHABLE, why=f"{keyfile} has no key of {tie.cluster}")
            return self._asked(tie, key, deadline_s)
        except BadKeys as wrong:
            return Ruling(Verdict.UNREACHABLE, why=str(wrong))
        except dialogue.Malformed as wrong:
            return Ruling(Verdict.UNREACHABLE, why=f"{self._place} is no witness of this cluster: {wrong}")
        except OSError as wrong:
            why = "no answer in time" if isinstance(wrong, TimeoutError) else wrong.strerror or type(wrong).__name__
            return Ruling(Verdict.UNREACHABLE, why=f"{self._place}: {why}; does hb witness run there, with the key?")

    @property
    def _place(self) -> str:
        return f"{self.settings.text('host')} port {self.settings.number('port'):g}"

    def _asked(self, tie: Tie, key: bytes, deadline_s: float) -> Ruling:
        address = (self.settings.text("host"), int(self.settings.number("port")))
        with socket.create_connection(address, timeout=_left_s(deadline_s)) as line:
            greeting = _read(line, deadline_s)
            question = dialogue.ask(tie, key, greeting)
            line.settimeout(_left_s(deadline_s))
            line.sendall(dialogue.framed(question))
            return dialogue.read_answer(_read(line, deadline_s), key, question)


def _read(line: socket.socket, deadline_s: float) -> bytes:
    length = int.from_bytes(_exactly(line, dialogue.LENGTH_BYTES, deadline_s), "big")
    return _exactly(line, length, deadline_s)


def _exactly(line: socket.socket, count: int, deadline_s: float) -> bytes:
    got = b""
    while len(got) < count:
        line.settimeout(_left_s(deadline_s))
        more = line.recv(count - len(got))
        if not more:
            raise ConnectionResetError(104, "it hung up")
        got += more
    return got


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
