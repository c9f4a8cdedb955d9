"""Frames at the border: packets become sealed bytes, and received bytes become packets or a number in a counter."""

from collections import Counter

import msgspec

from heartbeat.daemon.keyring import AuthenticationError, Keyring, UnknownKey
from heartbeat.daemon.log import Log
from heartbeat.wire.frame import Garbled, Header, decode_header, short_id
from heartbeat.wire.messages import Packet, decode_packet, encode_packet


class NotOurs(Exception):
    """A frame that goes no further, and what to tell about it (nothing, when that is as it should be)."""

    def __init__(self, cause: str, text: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.text = text


class FrameGate:
    """Lets in authentic frames of this cluster from other nodes; everything else is counted by cause.

    Unauthenticated or malformed bytes change nothing but these counters.
    """

    def __init__(self, cluster: str, node: str, session: bytes, keyring: Keyring, log: Log) -> None:
        self._cluster_name = cluster
        self._cluster = short_id(cluster)
        self._me = short_id(node)
        self._node = node
        self._session = session
        self._keyring = keyring
        self._log = log
        self.refused: Counter[str] = Counter()
        """Cause to number of frames: ``garbled``, ``foreign``, ``unknown key``, ``not authentic``, ``unreadable``,
        ``twin``; ``own`` counts this node's own frames heard back."""
        self._last: tuple[bytes, int, tuple[Header, Packet]] | None = None
        """The newest frame let in, under which state of the keyring, and what it said."""

    def seal(self, header: Header, packet: Packet) -> bytes:
        """Return the bytes to send on every link."""
        return self._keyring.seal(
            msgspec.structs.replace(header, key_number=self._keyring.active), encode_packet(packet)
        )

    def open(self, link: str, frame: bytes) -> tuple[Header, Packet] | None:
        """Return what a received frame says, or None when it is not for us."""
        try:
            return self._judge(frame)
        except NotOurs as wrong:
            self.refused[wrong.cause] += 1
            if wrong.text:
                self._log.seldom(f"frame {wrong.cause} {link}", f"{link}: {wrong.text}")
            return None

    def _judge(self, frame: bytes) -> tuple[Header, Packet]:
        last = self._last
        if last and frame == last[0] and self._keyring.changes == last[1]:
            return last[2]  # came over another link too: the same bytes are as authentic, and say the same
        header = self._header(frame)
        try:
            packet = decode_packet(self._keyring.open(header, frame))
        except UnknownKey as wrong:
            raise NotOurs("unknown key", f"{wrong}: copy authkeys to all nodes, then reload it (SIGHUP)") from None
        except AuthenticationError:
            advice = "authkeys differs between the nodes, or somebody forges frames"
            raise NotOurs("not authentic", f"a frame does not match key {header.key_number}: {advice}") from None
        except ValueError:
            raise NotOurs("unreadable", "an authentic frame cannot be read: heartbeat's versions differ") from None
        if header.sender == self._me:
            advice = "node names must be unique"
            raise NotOurs("twin", f"another machine beats as {self._node}, or old frames are replayed: {advice}")
        self._last = (frame, self._keyring.changes, (header, packet))
        return header, packet

    def _header(self, frame: bytes) -> Header:
        try:
            header = decode_header(frame)
        except Garbled as wrong:
            raise NotOurs("garbled", f"{wrong}; something else sends to this port") from None
        if header.cluster != self._cluster:
            raise NotOurs("foreign", self._second_cluster(header))
        if header.sender == self._me and header.session == self._session:
            raise NotOurs("own")
        return header

    def _second_cluster(self, header: Header) -> str:
        return (
            f"frames of another cluster (id {header.cluster.hex()}, ours is {self._cluster.hex()} for"
            f" '{self._cluster_name}') arrive here: give each cluster its own udpport, or all nodes the same 'cluster'"
        )
