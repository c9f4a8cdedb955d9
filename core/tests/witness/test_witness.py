"""The witness: what it grants, to whom it listens, what it remembers, and what no bytes make it do."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from heartbeat.plugin import Ruling, Tie, TieRecord, Verdict
from heartbeat.testing.quorum import HERE, THERE, QuorumConformance
from heartbeat.witness import dialogue, server
from heartbeat.witness.keys import BadKeys, read_keys
from heartbeat.witness.server import Server
from heartbeat.witness.store import Store
from heartbeat.witness.tie_breaker import Witness
from hypothesis import given
from hypothesis import strategies as st

KEY = b"a key that nobody guesses"
GREETING = bytes(dialogue.GREETING_BYTES)
TIE = Tie("linux-ha", (7, 0), HERE)


class Running:
    """A witness with a loop of its own, in a thread."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.said: list[str] = []
        self.folder, self.port = folder, port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        store = Store(self.folder / "witness.db")
        self.server = Server(store, {"linux-ha": KEY, "other": KEY[::-1]}, self.said.append)
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        serving = await self.server.listen("127.0.0.1", self.port)
        self.port = serving.sockets[0].getsockname()[1]
        self._ready.set()
        async with serving:
            await self._end.wait()
        store.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path)
    yield one
    one.close()


def keyfile(folder: Path, text: str = f"linux-ha {KEY.decode().replace(' ', '-')}\n", mode: int = 0o600) -> Path:
    path = folder / "witness.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


class TestWitness(QuorumConformance):
    plugin = Witness
    unreachable: ClassVar[dict[str, str] | None] = {"host": "127.0.0.1", "port": "1", "keyfile": "/nowhere/witness.key"}

    @pytest.fixture(autouse=True)
    def _witness(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(f"{__name__}.KEY", KEY.replace(b" ", b"-"))
        self.running = Running(tmp_path)
        self.keyfile = keyfile(tmp_path)
        yield
        self.running.close()

    def given(self) -> dict[str, str]:
        return {"host": "127.0.0.1", "port": str(self.running.port), "keyfile": str(self.keyfile)}

    def restart(self) -> None:
        self.running.close()
        self.running = Running(self.keyfile.parent)

    def test_a_cluster_without_a_key_here_is_told_where_to_put_it(self) -> None:
        ruling = self.made().ask(Tie("strange", (7, 0), HERE), time.monotonic() + 5)
        assert ruling.verdict is Verdict.UNREACHABLE
        assert str(self.keyfile) in ruling.why

    def test_a_cluster_with_another_key_has_another_record(self, tmp_path: Path) -> None:
        keyfile(tmp_path, f"other {KEY[::-1].decode()}\nlinux-ha {KEY.decode()}\n")
        assert self.asked(HERE, 7).verdict is Verdict.GRANT
        ruling = self.made().ask(Tie("other", (7, 0), THERE), time.monotonic() + 5)
        assert ruling.verdict is Verdict.GRANT

    def test_another_key_is_heard_by_nobody(self, tmp_path: Path) -> None:
        keyfile(tmp_path, "linux-ha another-key-altogether\n")
        assert self.asked(HERE, 7).verdict is Verdict.UNREACHABLE
        assert self.running.said == []

    def test_a_witness_that_says_nothing_is_no_grant_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            silent = self.made({**self.given(), "port": str(deaf.getsockname()[1])})
            began_s = time.monotonic()
            assert silent.ask(TIE, began_s + 0.3).verdict is Verdict.UNREACHABLE
            assert time.monotonic() < began_s + 2


# The dialogue.


def test_a_question_and_its_answer_come_through() -> None:
    said = dialogue.ask(TIE, KEY, GREETING)
    dialogue.check(said, KEY, GREETING)
    assert dialogue.read_question(said).tie() == TIE
    ruling = Ruling(Verdict.GRANT, 3, "view 7.0 may go on")
    assert dialogue.read_answer(dialogue.answer(ruling, KEY, said), KEY, said) == ruling


def test_a_recorded_question_or_answer_says_nothing_later() -> None:
    said, again = dialogue.ask(TIE, KEY, GREETING), dialogue.ask(TIE, KEY, b"another greeting")
    with pytest.raises(dialogue.Malformed):
        dialogue.check(said, KEY, b"another greeting")
    recorded = dialogue.answer(Ruling(Verdict.GRANT, 3), KEY, said)
    with pytest.raises(dialogue.Malformed):
        dialogue.read_answer(recorded, KEY, again)


@given(st.integers(0), st.integers(0, 255))
def test_any_byte_of_a_question_that_was_changed_is_noticed(at: int, to: int) -> None:
    said = bytearray(dialogue.ask(TIE, KEY, GREETING))
    at %= len(said)
    if said[at] == to:
        return
    said[at] = to
    with pytest.raises(dialogue.Malformed):
        dialogue.check(bytes(said), KEY, GREETING)


class Fixed:
    """A store that must not be asked."""

    def judge(self, tie: Tie) -> Ruling:
        pytest.fail(f"{tie} was taken for a question")


@given(st.binary(max_size=300))
def test_no_bytes_but_a_sealed_question_reach_the_record(said: bytes) -> None:
    deaf: Any = Server(Fixed(), {"linux-ha": KEY}, pytest.fail)  # type: ignore[arg-type]
    with pytest.raises(dialogue.Malformed):
        deaf.answer(said, GREETING)
    sealed = said + dialogue._seal(KEY, GREETING + said)
    with pytest.raises(dialogue.Malformed):
        deaf.answer(sealed, GREETING)


names = st.text(max_size=3)
ties = st.builds(
    Tie,
    st.just("linux-ha"),
    st.tuples(st.integers(-1, 5), st.integers(-1, 2)),
    st.lists(names, max_size=3).map(tuple),
    st.tuples(st.integers(-1, 5), st.integers(-1, 2)),
    st.lists(names, max_size=3).map(tuple),
    st.lists(names, max_size=3).map(tuple),
)


@given(st.lists(ties, max_size=6))
def test_whatever_a_node_asks_is_answered_and_the_record_stays_one(asked: list[Tie]) -> None:
    record = TieRecord()
    for tie in asked:
        ruling, after = record.judge(tie)
        assert (ruling.verdict is Verdict.GRANT) == (after is not record)
        assert after.newest >= record.newest
        record = after


def test_garbage_over_the_wire_costs_a_connection_and_no_more(running: Running) -> None:
    for said in (b"", b"\x00\x00", b"\xff\xff" + bytes(70000), b"\x00\x05hello"):
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as line:
            line.recv(64)
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass
    assert running.server.refused == 4


def test_who_comes_when_too_many_are_there_is_sent_away(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)
    lines = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(2)]
    assert all(line.recv(64) for line in lines)
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as third:
        assert third.recv(64) == b""
    for line in lines:
        line.close()


# What it remembers.


def test_a_damaged_record_grants_nothing_and_says_how_to_forget_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "witness.db")
    assert store.judge(TIE).verdict is Verdict.GRANT
    body = store._db.execute("select body from record").fetchone()[0]
    store._db.execute("update record set body = ?", (body[:-1] + b"X",))
    ruling = store.judge(TIE)
    assert ruling.verdict is Verdict.DENY
    assert "--forget" in ruling.why
    assert store.forget("linux-ha")
    assert store.judge(Tie("linux-ha", (3, 0), THERE)).verdict is Verdict.GRANT
    store.close()


def test_what_the_disk_does_not_take_is_not_granted(tmp_path: Path) -> None:
    store = Store(tmp_path / "witness.db")
    store._db.execute("pragma query_only=on")
    assert store.judge(TIE).verdict is Verdict.DENY
    store.close()


# Keys.


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("linux-ha short\n", 0o600, ":1: expected CLUSTER KEY"),
        ("linux-ha a-key-of-enough-letters more\n", 0o600, ":1: expected CLUSTER KEY"),
        ("a a-key-of-enough-letters\na a-key-of-enough-letters\n", 0o600, ":2: a has a key already"),
        ("# nothing\n", 0o600, "holds no key"),
        ("linux-ha a-key-of-enough-letters\n", 0o644, "chmod 600"),
    ],
)
def test_a_file_of_keys_is_refused_with_its_place_and_without_a_key(
    tmp_path: Path, text: str, mode: int, told: str
) -> None:
    with pytest.raises(BadKeys, match=told.replace("(", "[(]")) as wrong:
        read_keys(keyfile(tmp_path, text, mode))
    assert "a-key-of-enough-letters" not in str(wrong.value)
