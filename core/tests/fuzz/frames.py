"""Any bytes on the wire: a fuzz target for atheris, from a link's frame to the last effect of the kernel's step.

    python -m core.tests.fuzz.frames SECONDS FOLDER

Half of the inputs arrive as they are, half as the payload of an authentic frame of the other node. What cannot be read,
and what names things that are not there, must change nothing but counters; and nothing at all may make the kernel
raise, or want to send what cannot be encoded. A failure leaves in FOLDER the inputs since the cluster was made, one in
each line, in hexadecimal: ``python -m core.tests.fuzz.frames --again FILE`` gives them to a fresh one.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

_IS_TARGET = __name__ == "__main__"
with atheris.instrument_imports(include=["heartbeat"]) if _IS_TARGET else contextlib.nullcontext():
    from heartbeat.config.cluster_config import LogConfig
    from heartbeat.daemon.frames import FrameGate
    from heartbeat.daemon.keyring import KeyLine, Keyring, Keys
    from heartbeat.daemon.log import Log, Sinks
    from heartbeat.kernel import effects as fx
    from heartbeat.kernel.bounds import Bounds
    from heartbeat.kernel.events import Asked, FrameReceived, ProgramAsked, Wake
    from heartbeat.kernel.kernel import Kernel
    from heartbeat.model.delivery import Delivery
    from heartbeat.model.names import Nid
    from heartbeat.sim.schedule import GroupShape, Shape
    from heartbeat.sim.world import World
    from heartbeat.wire import api
    from heartbeat.wire.frame import Header
    from heartbeat.wire.messages import Packet, encode_packet

ME, OTHER = Nid(0), Nid(1)
SHAPE = Shape(3, (GroupShape(0), GroupShape(1, shares_data=True)), 0.2, 0.5, 1.0, 2.0, device=True)
SETTLED_S = 4.0
EXAMPLES = 5
"""Of each kind of message, about."""
LIFE = 500
"""Inputs for one cluster; the next one begins from rest."""
ROUNDS_MAX = 5
KEYS = Keys(1, (KeyLine(1, "keyed", "core.tests.daemon.keyed_hash:KeyedHash", "a secret of tests"),))


class Cluster:
    """A node at rest, its gate, and the gate of the other node whose frames are forged."""

    def __init__(self) -> None:
        self.world = World(SHAPE.cluster(), keeps_log=False)
        self.sent: list[fx.Send] = []
        self.world.on_effect = self._note
        self.world.boot_all()
        self.world.run(SETTLED_S)
        kernel = self.world.nodes[ME].kernel
        assert kernel is not None
        self.kernel: Kernel = kernel
        self.header: Header = self.sent[-1].header
        self.now_s = self.world.nodes[ME].clock.read(self.world.now_s)
        self.bounds = Bounds(len(self.world.cluster.nodes), len(self.world.cluster.groups))
        name, log = self.world.cluster.name, Log(Sinks(LogConfig(), "node0"))
        self.gate = FrameGate(name, "node0", kernel._desk.birth.session, Keyring(KEYS), log)
        self.forger = Keyring(KEYS)
        self.is_over = False

    def _note(self, nid: Nid, effect: fx.Effect) -> None:
        if nid == OTHER and isinstance(effect, fx.Send):
            self.sent.append(effect)

    def take(self, data: bytes) -> None:
        """Take one input: how it arrives, how much later, over which link, and the bytes."""
        how, later, frame = data[0], data[1], data[2:]
        self.now_s += later / 1000
        if how % 2:
            frame = self._authentic(frame)
        before = self.gate.refused.total()
        said = self.gate.open("eth0", frame)
        if said is None:
            assert self.gate.refused.total() == before + 1, "a frame that is refused is counted"
            return
        header, packet = said
        is_sound = self.bounds.allow(packet)
        self._let_time_pass()
        effects = self.kernel.step(self.now_s, FrameReceived(how // 2 % 2, header, packet))
        if not is_sound:
            assert all(isinstance(each, fx.Arm) for each in effects), f"unsound, and {effects}"
        self._judge(effects)
        self._judge(self.kernel.step(self.now_s, Wake()))
        self.kernel.status(self.now_s)

    def _let_time_pass(self) -> None:
        """Step until nothing comes of time alone: what one part does may be work for another in the next step."""
        for _ in range(ROUNDS_MAX):
            effects = self.kernel.step(self.now_s, Wake())
            self._judge(effects)
            if all(isinstance(each, fx.Arm) for each in effects):
                return
        raise AssertionError(f"{ROUNDS_MAX} steps at one time still bring {effects}")

    def _authentic(self, payload: bytes) -> bytes:
        old = self.header
        self.header = Header(
            self.forger.active, old.cluster, old.sender, old.incarnation, old.session, old.sequence + 1
        )
        return self.forger.seal(self.header, payload)

    def _judge(self, effects: list[fx.Effect]) -> None:
        for each in effects:
            if isinstance(each, fx.Send):
                encode_packet(each.packet)
            self.is_over |= isinstance(each, fx.Halt)


def examples() -> list[Packet]:
    """Return what nodes say in a short and eventful life, some of each kind: the inputs are bred from it."""
    said: dict[type, list[Packet]] = {}

    def note(_: Nid, effect: fx.Effect) -> None:
        if isinstance(effect, fx.Send):
            said.setdefault(type(effect.packet.message), []).append(effect.packet)

    world = World(SHAPE.cluster(), keeps_log=False)
    world.on_effect = note
    world.boot_all()
    world.run(SETTLED_S)
    world.step(OTHER, ProgramAsked(1, api.Join("g")))
    for delivery in Delivery:
        world.step(OTHER, ProgramAsked(1, api.Say("g", delivery, b"hello")))
    world.loss = 0.3
    world.ask(OTHER, api.Takeover("all"))
    world.run(5.0)
    world.crash(Nid(2))
    world.run(5.0)
    world.step(OTHER, Asked("examples"))
    world.run(5.0)
    return [packet for packets in said.values() for packet in packets[:: max(1, len(packets) // EXAMPLES)]]


class Target:
    """Gives inputs to one cluster after the other, and keeps those of the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster = Cluster()
        self._taken: list[bytes] = []

    def __call__(self, data: bytes) -> None:
        if len(data) < 3:
            return
        if len(self._taken) >= LIFE or self._cluster.is_over:
            self._cluster, self._taken = Cluster(), []
        self._taken.append(data)
        try:
            self._cluster.take(data)
        except Exception:
            (self._folder / "inputs.hex").write_text("".join(f"{each.hex()}\n" for each in self._taken))
            raise


def main() -> None:
    if sys.argv[1] == "--again":
        cluster = Cluster()
        for line in Path(sys.argv[2]).read_text().splitlines():
            cluster.take(bytes.fromhex(line))
        return
    seconds, folder = int(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as corpus:
        for number, packet in enumerate(examples()):
            (Path(corpus) / f"{number}").write_bytes(b"\x01\x05" + encode_packet(packet))
        options = [f"-max_total_time={seconds}", "-max_len=2048", f"-artifact_prefix={folder}/", "-verbosity=1"]
        atheris.Setup([sys.argv[0], *options, corpus], Target(folder))
        atheris.Fuzz()


if _IS_TARGET:
    main()
