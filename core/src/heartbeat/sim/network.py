"""The network: one lane per direction and medium, each with its own faults and its own source of chance.

The fate of a frame depends on the run's salt, its lane and how many frames the lane has carried, and on nothing else.
So a schedule that loses one of its faults while it is being shrunk keeps the rest of its luck.
"""

from typing import TYPE_CHECKING

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Packet, decode_packet, encode_packet

if TYPE_CHECKING:
    from heartbeat.sim.world import World

LATENCY_S = 0.0002
"""A local network; each frame takes this to twice this."""
RECORDED = 64
"""Old frames that a lane keeps to replay."""
QUEUE_S = 0.5
"""A narrow lane that is behind by more than this drops what comes."""
_MASK = (1 << 64) - 1


class Noise(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a lane does to frames; probabilities per frame."""

    loss: float = 0.0
    burst: float = 0.0
    """That a burst begins (Gilbert-Elliott); within one, nine frames of ten are lost, and one in eight ends it."""
    duplicate: float = 0.0
    slow: float = 0.0
    """That a frame is late by up to ``slow_s``, and so overtaken."""
    slow_s: float = 0.0
    corrupt: float = 0.0
    """That bits flip; authentication then drops the frame."""
    replay: float = 0.0
    """That an old frame of this lane, perhaps of a former life of its sender, follows."""
    narrow_s: float = 0.0
    """Seconds that the lane is busy with each frame."""


QUIET = Noise()


class Lane:
    """From one node to another over one medium."""

    __slots__ = ("_count", "_salt", "free_s", "in_burst", "link", "noise", "recorded", "source", "target")

    def __init__(self, source: Nid, target: Nid, link: int, salt: int) -> None:
        self.source, self.target, self.link = source, target, link
        self.noise = QUIET
        self.in_burst = False
        self.free_s = 0.0
        self.recorded: list[tuple[Header, Packet]] = []
        self._salt = (salt * 0x9E3779B97F4A7C15 + source * 8191 + target * 131 + link * 7 + 1) & _MASK
        self._count = 0

    def chance(self) -> float:
        """Return the next number of this lane in [0, 1) (splitmix64)."""
        self._count += 1
        x = (self._salt + self._count * 0x9E3779B97F4A7C15) & _MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((x ^ (x >> 31)) >> 11) / (1 << 53)


class Network:
    """All lanes. ``faults`` counts what was done to frames, by class."""

    def __init__(self, world: "World", salt: int) -> None:
        self._world = world
        self.cuts: set[tuple[Nid, Nid, int]] = set()
        """Directed: (from, to, link)."""
        self.loss = 0.0
        """On all lanes, besides their noise."""
        self.real_bytes = True
        """Encode and decode every frame, as on a wire; off, receivers share what was sent."""
        self.faults: dict[str, int] = {}
        nids = sorted(world.nodes)
        self.lanes = {
            source: [
                Lane(source, target, link, salt)
                for link in range(len(world.links))
                for target in nids
                if target != source
            ]
            for source in nids
        }

    def quiet(self) -> None:
        for lanes in self.lanes.values():
            for lane in lanes:
                lane.noise, lane.in_burst = QUIET, False

    def send(self, source: Nid, send: fx.Send) -> None:
        """Carry a frame to everybody, over every medium or the one that it is for."""
        header, packet = send.header, send.packet
        if self.real_bytes:
            packet = decode_packet(encode_packet(packet))
        world = self._world
        cuts, loss = self.cuts, self.loss
        frames: dict[int, ev.FrameReceived] = {}
        for lane in self.lanes[source]:
            if send.link not in (-1, lane.link):
                continue
            if cuts and (source, lane.target, lane.link) in cuts:
                continue
            draw = lane.chance()
            if loss and draw < loss:
                continue
            event = frames.get(lane.link)
            if event is None:
                event = frames[lane.link] = ev.FrameReceived(lane.link, header, packet)
            if lane.noise is QUIET:
                world.deliver(LATENCY_S * (1 + draw), lane.target, event)
            else:
                self._carry(lane, event)

    def _carry(self, lane: Lane, event: ev.FrameReceived) -> None:
        """Carry one frame over a noisy lane."""
        noise = lane.noise
        if self._is_lost(lane, noise):
            return
        delay_s = LATENCY_S * (1 + lane.chance())
        if noise.slow and lane.chance() < noise.slow:
            # Most are a little late, few very: the square makes a tail.
            delay_s += noise.slow_s * lane.chance() ** 2
            self._count("delayed")
        if noise.narrow_s:
            lane.free_s = max(lane.free_s, self._world.now_s) + noise.narrow_s
            delay_s += lane.free_s - self._world.now_s
        self._world.deliver(delay_s, lane.target, event)
        if noise.duplicate and lane.chance() < noise.duplicate:
            self._count("duplicated")
            self._world.deliver(delay_s + 0.01 * lane.chance(), lane.target, event)
        if noise.replay:
            self._replay(lane, event)

    def _is_lost(self, lane: Lane, noise: Noise) -> bool:
        if noise.burst:
            lane.in_burst = lane.chance() > 0.125 if lane.in_burst else lane.chance() < noise.burst
        if noise.loss and lane.chance() < noise.loss:
            self._count("lost")
            return True
        if lane.in_burst and lane.chance() < 0.9:
            self._count("lost in a burst")
            return True
        if noise.corrupt and lane.chance() < noise.corrupt:
            self._count("corrupted")
            return True
        if noise.narrow_s and lane.free_s > self._world.now_s + QUEUE_S:
            self._count("queue full")
            return True
        return False

    def _replay(self, lane: Lane, event: ev.FrameReceived) -> None:
        """Keep some frames for later, and now and then send one of them again."""
        if len(lane.recorded) < RECORDED or lane.chance() < 0.1:
            at = int(lane.chance() * RECORDED)
            lane.recorded[at : at + 1] = [(event.header, event.packet)]
        if lane.chance() < lane.noise.replay:
            self._count("replayed")
            header, packet = lane.recorded[int(lane.chance() * len(lane.recorded))]
            self._world.deliver(0.05 * lane.chance(), lane.target, ev.FrameReceived(lane.link, header, packet))

    def _count(self, what: str) -> None:
        self.faults[what] = self.faults.get(what, 0) + 1
