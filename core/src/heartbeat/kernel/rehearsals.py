"""What is kept of rehearsals: the last one of each node, on every node, over restarts and for who was away."""

import msgspec

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Persist
from heartbeat.kernel.fencing import Fencing
from heartbeat.model.fence_codes import OTHER_FELL
from heartbeat.model.rehearsal import Rehearsed
from heartbeat.wire.messages import RehearsalKnown

KEY = "rehearsals"
_decoder = msgspec.json.Decoder(dict[str, Rehearsed])


class Rehearsals:
    """The newest proof by node. Its date is the operator's, and only compared with others about the same node."""

    def __init__(self, desk: Desk, channel: Channel, fencing: Fencing) -> None:
        self._desk, self._channel, self._fencing = desk, channel, fencing
        self._known = _read(desk.birth.stored.get(KEY, b""))

    def all(self) -> tuple[Rehearsed, ...]:
        """Return them by node."""
        return tuple(self._known[name] for name in self._desk.cluster.nodes if name in self._known)

    def ended(self, record: Rehearsed) -> None:
        """One has ended on this node: everybody is told."""
        self.told(record)
        self._channel.post(RehearsalKnown(record))

    def told(self, record: Rehearsed) -> None:
        """Keep what is newer, and write it into the journal: this node may have been away, or be who was switched."""
        known = self._known.get(record.node)
        if record.node not in self._desk.cluster.nodes or (known and known.date >= record.date):
            return
        self._known[record.node] = record
        self._desk.effects.append(Persist(KEY, msgspec.json.encode(self._known)))
        verdict = f"proved: {record.level}" if record.good else f"{record.code}: {record.text}"
        self._desk.decide(
            "rehearsal.good" if record.good else "rehearsal.bad",
            f"node {record.node}",
            f"{record.node} was rehearsed on {record.date} with {record.device}: {verdict}",
            f"{record.operator} asked {record.by} for it",
            alarm=not record.good,
        )
        if record.code == OTHER_FELL.code:
            self._fencing.devices.distrust(record.device, f"a rehearsal of {record.node}: {record.text}")
        elif record.good:
            self._fencing.devices.trust(record.device)

    def view_installed(self, *, has_newcomers: bool) -> None:
        """Who was away hears of those that it missed, the one of itself among them."""
        if has_newcomers:
            for record in self.all():
                self._channel.post(RehearsalKnown(record))


def _read(stored: bytes) -> dict[str, Rehearsed]:
    try:
        return _decoder.decode(stored)
    except msgspec.DecodeError:  # never written, or by a version that wrote it otherwise
        return {}
