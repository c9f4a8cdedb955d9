"""The passage into a view: between SYNC and INSTALL a member gets what it lacks, and only then says SYNCED."""

from collections.abc import Callable, Iterator, Sequence

from heartbeat.kernel.messaging.handover import Heritage
from heartbeat.kernel.messaging.log import Log
from heartbeat.kernel.messaging.streams import WANT_MAX, Streams
from heartbeat.model.names import Nid
from heartbeat.wire.talk import Entry, Fill, Lack, Say, Want

ASK_AGAIN_S = 0.020
"""Between two requests for what did not come."""

Ask = Callable[[Want | Lack, Nid], None]


class Passage:
    """One member's way into one view."""

    def __init__(self, heritage: Heritage, log: Log, streams: Streams, ask: Ask) -> None:
        self.heritage = heritage
        self._log, self._streams, self._ask = log, streams, ask
        self._first = heritage.after + 1
        """The place from which on this member lacks the history."""
        self._filled: dict[int, Entry] = {}
        self._again_s = float("-inf")
        self._is_done = False
        streams.cut({of: number for of, (number, _) in heritage.cut.items()})

    def is_ready(self, now_s: float) -> bool:
        """Is everything here? Ask for what is not; the rank rises when it is."""
        if self._is_done:
            return True
        wants: list[tuple[Want | Lack, Nid]] = [*self._lacked_says(), *self._lacked_places()]
        if not wants:
            self._is_done = True
            self._accept()
        elif now_s >= self._again_s:
            self._again_s = now_s + ASK_AGAIN_S
            for message, whom in wants:
                self._ask(message, whom)
        return self._is_done

    def again(self, of: Nid, says: Sequence[Say], now_s: float) -> list[Say]:
        """Take what a member said in the view before, up to the cut; return what is in order now."""
        number, _ = self.heritage.cut.get(of, (0, of))
        self._again_s = float("-inf")
        return self._streams.take(of, [say for say in says if say.number <= number], now_s)

    def fill(self, message: Fill) -> None:
        """Take places of the history."""
        if message.ballot == self.heritage.ballot:
            self._again_s = float("-inf")
            self._filled |= dict(enumerate(message.entries, message.first))

    def _lacked_says(self) -> Iterator[tuple[Want, Nid]]:
        flows, view = self._streams.flows, self._streams.view.id
        for of, (number, source) in sorted(self.heritage.cut.items()):
            if of in flows and flows[of].contiguous < number:
                first = flows[of].contiguous + 1
                yield Want(view, of, first, min(number, first + WANT_MAX - 1)), source

    def _lacked_places(self) -> Iterator[tuple[Lack, Nid]]:
        heritage = self.heritage
        missing = [n for n in range(self._first, heritage.until + 1) if n not in self._filled]
        if missing:
            yield Lack(heritage.ballot, missing[0], missing[-1]), heritage.source

    def _accept(self) -> None:
        heritage, log = self.heritage, self._log
        if heritage.is_primary:
            log.cut(heritage.after, goes_on=heritage.goes_on)
        for place in range(log.held + 1, heritage.until + 1):
            log.append(self._filled[place])
        if heritage.is_primary:
            log.rise(heritage.line, heritage.roots, heritage.said)
