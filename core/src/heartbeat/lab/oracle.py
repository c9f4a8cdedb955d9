"""The oracle: what really happened, seen from the host and not from the cluster, and whether the promises were kept.

Two witnesses: the lab's record (resource scripts say when they start and stop, the controller when a node died), and
the answers to questions that the client asks all nodes at once.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from heartbeat.lab.client import running
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.promises import AddressJudge, Answer, broken_resources, excused_windows

LATELY_BYTES = 1 << 16
"""A thousand answers and more: half a second of ten addresses that are asked for every 10 ms."""


def _whole_lines(path: Path, at: int) -> tuple[list[str], int]:
    """Return the lines from a place on of a file that is being written, and where the next one will begin.

    A last line that is not whole is left for the next time.
    """
    try:
        with path.open("rb") as file:
            file.seek(at)
            text = file.read()
    except FileNotFoundError:
        return [], at
    end = text.rfind(b"\n") + 1
    return text[:end].decode().splitlines(), at + end


class Oracle:
    """Watches one lab. Use ``watching`` to get one."""

    def __init__(self, lab: Lab, path: Path) -> None:
        self._lab = lab
        self._path = path
        self._judge = AddressJudge()
        self._judged = 0
        """Up to which byte the answers were judged: in a long run there are a hundred thousand of them."""

    def answers(self) -> list[Answer]:
        """Return the answers seen so far; they are written down every 50 ms."""
        return [self._answer(line) for line in _whole_lines(self._path, 0)[0]]

    def _answer(self, line: str) -> Answer:
        nodes = self._lab.plan.nodes
        at, how, address, mac, question = line.split()
        number = int(mac.rpartition(":")[2], 16) - 1
        return Answer(float(at), how, address, nodes[number] if number < len(nodes) else mac, int(question))

    def holders(self, resource: str) -> set[str]:
        """Return where a resource is active now, by its script's own word."""
        held: set[str] = set()
        for event in self._lab.events():
            if event.kind == "start" and event.words[0] == resource:
                held.add(event.words[1])
            elif event.kind == "stop" and event.words[0] == resource:
                held.discard(event.words[1])
            elif event.kind == "off":
                held.discard(event.words[0])
        return held

    def answering(self, address: str, within_s: float = 0.2) -> set[str]:
        """Return the nodes that answered for an address lately."""
        since = time.monotonic() - within_s
        length = self._path.stat().st_size if self._path.exists() else 0
        at = max(0, length - LATELY_BYTES)
        lately = map(self._answer, _whole_lines(self._path, at)[0][at > 0 :])
        return {answer.node for answer in lately if answer.address == address and answer.at_s >= since}

    def broken(self, stateless: Sequence[str] = ()) -> list[str]:
        """Return a sentence for each broken promise; empty when all were kept."""
        # In this order: a cut is recorded before it is made, so that it is known when an answer tells of it.
        lines, self._judged = _whole_lines(self._path, self._judged)
        events = self._lab.events()
        self._judge.take(map(self._answer, lines), excused_windows(events, len(self._lab.plan.media)))
        return broken_resources(events, stateless) + self._judge.broken()


@contextlib.contextmanager
def watching(lab: Lab, interval_s: float = 0.01) -> Iterator[Oracle]:
    """Watch all service addresses of a lab. Raises LabError when the watch does not begin."""
    path = lab.home / f"answers-{time.monotonic_ns()}"
    pairs = [f"{service.interface}={service.address}" for service in lab.plan.services]
    with running(lab, "answers", str(path), str(interval_s), *pairs):
        deadline = time.monotonic() + 10
        while not path.exists():
            if time.monotonic() > deadline:
                raise LabError(f"the oracle did not begin: {(lab.home / 'answers.log').read_text()[-200:]}")
            time.sleep(0.002)
        yield Oracle(lab, path)
