"""One program of ``hb bench messaging``: a process on a node that talks as fast as it may, or now and then.

    python -m heartbeat.lab.bench_talker SOCKET RESULT MEMBERS flood BYTES SECONDS
    python -m heartbeat.lab.bench_talker SOCKET RESULT MEMBERS stamps GAP_S COUNT

It writes one JSON object to RESULT: ``flood`` how many messages it got and in which time, ``stamps`` how old each one
from another node was when it came, in seconds. All processes of one machine share the monotonic clock.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from heartbeat.client import Company, Event, Message, Program, program

GROUP = "bench"
END = b"end"
TELLER = "node1"
AT_ONCE = 256
"""Messages said before looking at what has come."""


def main(socket: str, result: str, members: str, what: str, first: str, second: str) -> None:
    """Talk, and write what was seen."""
    with program(socket) as me:
        company = me.join(GROUP)
        kept: list[Event] = []
        while len(company.members) < int(members):
            event = me.receive()
            if isinstance(event, Company):
                company = event
            elif event is not None:
                kept.append(event)
        act: Callable[[Program, int, float, float, list[Event]], object] = _flood if what == "flood" else _stamps
        found = act(me, int(members), float(first), float(second), kept)
        fresh = Path(f"{result}.new")
        fresh.write_text(json.dumps(found), encoding="ascii")
        fresh.rename(result)


def _flood(me: Program, members: int, size: float, seconds: float, kept: list[Event]) -> dict[str, float]:
    """Say messages of one size for so long, and take what comes until everybody has ended."""
    body, until_s = bytes(int(size)), time.monotonic() + seconds
    count = ended = 0
    first_s = last_s = 0.0
    is_over, events = False, kept
    while True:
        for event in events:
            if isinstance(event, Message):
                ended += event.body == END
                count += 1
                first_s = first_s or time.monotonic()
        last_s = time.monotonic() if events else last_s
        if ended == members:
            return {"messages": count, "seconds": last_s - first_s}
        if not is_over and time.monotonic() < until_s:
            for _ in range(AT_ONCE):
                me.say(GROUP, body)
            events = me.receive_all(0)
        else:
            if not is_over:
                me.say(GROUP, END)
            is_over = True
            events = me.receive_all()


def _stamps(me: Program, members: int, gap_s: float, count: float, kept: list[Event]) -> dict[str, list[float]]:
    """Node1's program says what time it is, so often; the others see how long ago that was."""
    del members
    if me.me.node == TELLER:
        for _ in range(int(count)):
            me.say(GROUP, repr(time.monotonic()).encode())
            _wait(me, gap_s)
        me.say(GROUP, END)
        me.flush()
        return {"ages": []}
    ages: list[float] = []
    while True:
        for event in kept:
            if isinstance(event, Message) and event.body == END:
                return {"ages": ages}
            if isinstance(event, Message):
                ages.append(time.monotonic() - float(event.body))
        kept = me.receive_all()


def _wait(me: Program, seconds: float) -> None:
    """Take what comes, for so long."""
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        me.receive_all(left_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
