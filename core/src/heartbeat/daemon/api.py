"""The local API: a unix stream socket on which status is read and changes are asked for."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from heartbeat.daemon.access import Access, Peer, peer_of
from heartbeat.daemon.log import Log
from heartbeat.daemon.talkers import Talkers
from heartbeat.kernel import effects, events
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api as wire
from heartbeat.wire.local import Malformed, Unpacker, pack

SLOW_BYTES = 1024 * 1024
"""A client that leaves this much unread is dropped: the daemon waits for nobody."""
CLIENTS_MAX = 200
PATIENCE_S = 30.0
QUEUE_MAX = 16
"""Requests that one connection may have waiting."""

_decoder = msgspec.msgpack.Decoder(wire.Request)
_encode = msgspec.msgpack.Encoder().encode

Take = Callable[[events.Event], None]


class Api:
    """Answers clients. Requests that change something become events; the kernel's answers find their way by ticket."""

    def __init__(
        self,
        access: Access,
        status: Callable[[], ClusterStatus],
        take: Take,
        log: Log,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """``patience_s``: how long a program that does not read may hold up all that talk."""
        self.access = access
        self.log = log
        self._status = status
        self._take = take
        self.talkers = Talkers(take, log, patience_s)
        self._clients: set[Client] = set()
        self._tickets: dict[int, Client] = {}
        self._last_ticket = 0
        self._server: asyncio.AbstractServer | None = None
        self._telling = False

    async def open(self, path: Path) -> None:
        """Listen; raises OSError. The socket is open to all: who may do what is decided by credentials."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Client(self), sock=_listening(path))

    async def close(self) -> None:
        """Stop listening and hang up on everybody, after what was written to them."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.close()

    # From the kernel

    def answer(self, effect: effects.Answer) -> None:
        """Pass an answer on; a client that hung up gets nothing, and what it asked for goes on."""
        client = self._tickets.get(effect.ticket)
        if client is None:
            return
        last = not isinstance(effect.answer, wire.Progress)
        if last:
            del self._tickets[effect.ticket]
        client.answer(effect.answer, last=last)

    def deliver(self, effect: effects.Deliver) -> None:
        """Give something to programs."""
        self.talkers.deliver(effect)

    def changed(self) -> None:
        """Tell the watchers, once for all changes of this turn of the loop."""
        if self._telling or not any(client.watching for client in self._clients):
            return
        self._telling = True
        asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        message = pack(_encode(wire.Status(self._status())))
        for client in list(self._clients):
            if client.watching:
                client.write(message)

    # From clients

    def admit(self, client: "Client") -> bool:
        if len(self._clients) >= CLIENTS_MAX:
            self.log.seldom("api", f"more than {CLIENTS_MAX} clients of the local API: one was turned away")
            return False
        self._clients.add(client)
        return True

    def gone(self, client: "Client") -> None:
        self._clients.discard(client)
        self.talkers.gone(client)
        for ticket in [ticket for ticket, owner in self._tickets.items() if owner is client]:
            del self._tickets[ticket]
            self._take(events.ClientGone(ticket))

    def status(self) -> wire.Status:
        return wire.Status(self._status())

    def ask(self, client: "Client", who: str, request: wire.Request) -> None:
        """Hand a permitted request to the kernel."""
        self._last_ticket += 1
        self._tickets[self._last_ticket] = client
        self._take(events.ClientAsked(self._last_ticket, who, request))


class Client(asyncio.Protocol):
    """One connection: requests in order, answers in order."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._unpacker = Unpacker()
        self._waiting: deque[wire.Request] = deque()
        self._busy = False
        self._peer: Peer | None = None
        self._transport: asyncio.Transport
        self.watching = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports share the interface, not the base classes.
        self._transport = transport  # type: ignore[assignment]
        self._transport.set_write_buffer_limits(high=SLOW_BYTES)
        try:
            self._peer = peer_of(transport.get_extra_info("socket"))
        except OSError:
            self._transport.abort()
            return
        if not self._api.admit(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._unpacker.feed(data):
                self._take(_decoder.decode(message))
        except (Malformed, msgspec.ValidationError, msgspec.DecodeError) as wrong:
            self._put(wire.Refused(f"not understood: {wrong}; is the client of another version?"))
            self._transport.close()
            return
        if len(self._waiting) > QUEUE_MAX:
            self._put(wire.Refused(f"more than {QUEUE_MAX} requests at once"))
            self._transport.close()
            return
        self._work()

    def _take(self, request: wire.Request) -> None:
        """What programs say does not wait for the answer to what they asked before."""
        assert self._peer is not None
        if not isinstance(request, wire.ToCluster):
            self._waiting.append(request)
        elif self._api.access.allows(self._peer):
            self._api.talkers.ask(self, request)
        else:
            self._put(wire.Refused(f"{self._peer.who} may not talk; {self._api.access.described} may"))

    def pause_writing(self) -> None:
        """More than SLOW_BYTES are unread."""
        self._api.talkers.is_slow(self)

    def resume_writing(self) -> None:
        self._api.talkers.reads_again(self)

    def put(self, message: bytes) -> int:
        """Send to a program, which is waited for; return how many bytes are unread."""
        self._transport.write(message)
        return self._transport.get_write_buffer_size()

    def abort(self) -> None:
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.clear()
        self._api.gone(self)

    def answer(self, answer: wire.Answer, *, last: bool) -> None:
        """Pass the kernel's answer on; after the last one the next request is looked at."""
        self._put(answer)
        if last:
            self._busy = False
            self._work()

    def write(self, message: bytes) -> None:
        """Send, or drop the client when it does not read."""
        if self.put(message) > SLOW_BYTES and self not in self._api.talkers:
            self._api.log.seldom("slow client", "a client of the local API does not read what it asked for: dropped")
            self._transport.abort()

    def close(self) -> None:
        self._transport.close()

    def _put(self, answer: wire.Answer) -> None:
        self.write(pack(_encode(answer)))

    def _work(self) -> None:
        while self._waiting and not self._busy:
            self._one(self._waiting.popleft())

    def _one(self, request: wire.Request) -> None:
        assert self._peer is not None
        if isinstance(request, wire.GetStatus | wire.Watch):
            self.watching = self.watching or isinstance(request, wire.Watch)
            self._put(self._api.status())
        elif isinstance(request, wire.ConfirmRequests) or self._api.access.allows(self._peer):
            self._busy = True
            self._api.ask(self, self._peer.who, request)
        else:
            self._put(wire.Refused(f"{self._peer.who} may only look; changes are for {self._api.access.described}"))


def _listening(path: Path) -> socket.socket:
    """Bind anew: the supervisor's lock says that whoever listened here before is a daemon of ours that died."""
    if path.is_socket():
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listening.bind(str(path))
        path.chmod(0o666)
        listening.listen(64)
    except OSError:
        listening.close()
        raise
    return listening
