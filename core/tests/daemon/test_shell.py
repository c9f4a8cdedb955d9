"""Events in, effects out, in order: the shell adds nothing of its own."""

from typing import TYPE_CHECKING, Any

from heartbeat.daemon.shell import SLICES_MAX, Shell
from heartbeat.kernel import effects, events
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.reason import Decision, because
from heartbeat.model.view import ViewId
from heartbeat.wire import api
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import Nak, Packet

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeKernel, FakePorts

HEADER = Header(0, short_id("c"), short_id("node1"), 1, b"sessions", 1)
PACKET = Packet(Nak(1, 2))
DECISION = Decision(1, 0.0, "x.y", "cluster", "it is so", because("seen"))


def test_effects_are_carried_out_in_the_order_returned(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    run = effects.Run(7, Action.START, "10.0.0.1", "10.0.0.1")
    wanted: list[effects.Effect] = [
        effects.Record(DECISION),
        effects.Send(HEADER, PACKET),
        run,
        effects.Go(7),
        effects.Cancel(7),
        effects.Persist("epoch", b"1"),
        effects.Answer(3, api.Done(good=True, text="done")),
        effects.Deliver((7,), api.Taken(1), ViewId()),
        effects.Changed(),
        effects.Arm(12.5),
    ]
    ports.on["seal"] = lambda header, packet: b"frame"
    Shell(make_kernel(lambda _: wanted), ports, lambda: 1.0).take(events.Wake())
    assert ports.calls == [
        ("record", DECISION),
        ("seal", HEADER, PACKET),
        ("send", b"frame", -1),
        ("run_operation", run),
        ("go", effects.Go(7)),
        ("cancel", effects.Cancel(7)),
        ("persist", "epoch", b"1"),
        ("answer", effects.Answer(3, api.Done(good=True, text="done"))),
        ("deliver", effects.Deliver((7,), api.Taken(1), ViewId())),
        ("changed",),
        ("arm", 12.5),
    ]


def test_an_event_that_an_effect_causes_waits_until_all_effects_are_done(
    make_kernel: "type[FakeKernel]", ports: "FakePorts"
) -> None:
    finished = events.OperationFinished(7, Result(Outcome.UNKNOWN))

    def rule(event: events.Event) -> list[effects.Effect]:
        if isinstance(event, events.Wake):
            return [effects.Run(7, Action.STOP, "ip", "ip"), effects.Arm(2.0)]
        return [effects.Arm(3.0)]

    kernel = make_kernel(rule)
    shell = Shell(kernel, ports, lambda: 1.0)
    ports.on["run_operation"] = lambda _: shell.take(finished)
    shell.take(events.Wake())
    assert [event for _, event in kernel.seen] == [events.Wake(), finished]
    assert ports.calls[-2:] == [("arm", 2.0), ("arm", 3.0)]


def test_what_arrived_is_read_before_silence_is_judged(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    kernel = make_kernel()
    shell = Shell(kernel, ports, lambda: 1.0)

    def drain() -> bool:
        shell.frame(1, b"late")
        return False

    ports.on["drain"] = drain
    ports.on["open_frame"] = lambda link, data: (HEADER, PACKET)
    shell.wake()
    assert [event for _, event in kernel.seen] == [events.FrameReceived(1, HEADER, PACKET), events.Wake()]
    assert ports.names[-1] == "idle", "housekeeping comes last"


def test_a_flood_is_read_in_slices_with_a_beat_between_and_judged_in_the_end(
    make_kernel: "type[FakeKernel]", ports: "FakePorts"
) -> None:
    kernel, more = make_kernel(), iter([True, True, False])
    shell = Shell(kernel, ports, lambda: 1.0)
    ports.on["drain"] = lambda: next(more)
    shell.wake()
    assert ports.names.count("wake_soon") == 1
    shell.wake()
    assert ports.names.count("wake_soon") == 1, "once is enough, whoever else wakes us meanwhile"
    shell.read_on()
    assert ports.names.count("wake_soon") == 1, "drained"
    shell.read_on()
    between = events.Wake(more_waits=True)
    assert [event for _, event in kernel.seen] == [between, between, events.Wake()]
    assert ports.names.count("idle") == 1, "housekeeping waits for the flood's end"


def test_a_flood_without_end_does_not_put_the_verdict_off_for_ever(
    make_kernel: "type[FakeKernel]", ports: "FakePorts"
) -> None:
    kernel = make_kernel()
    shell = Shell(kernel, ports, lambda: 1.0)
    ports.on["drain"] = lambda: True
    for _ in range(2 * SLICES_MAX):
        shell.wake()
    assert [event for _, event in kernel.seen].count(events.Wake()) == 2


def test_a_suspension_is_looked_at_before_what_waited_meanwhile(
    make_kernel: "type[FakeKernel]", ports: "FakePorts"
) -> None:
    kernel, slept = make_kernel(), iter([0.0, 42.0, 0.0])
    shell = Shell(kernel, ports, lambda: 1.0, lambda: next(slept))
    for _ in range(3):
        shell.take(events.Wake())
    wake = events.Wake()
    assert [event for _, event in kernel.seen] == [wake, events.Suspended(42.0), wake, wake]


def test_a_frame_that_is_not_for_us_is_no_event(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    kernel = make_kernel()
    Shell(kernel, ports, lambda: 1.0).frame(0, b"noise")
    assert kernel.seen == []


def test_each_step_gets_the_time_of_its_own_moment(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    times = iter([1.0, 1.5])
    kernel = make_kernel()
    shell = Shell(kernel, ports, lambda: next(times))
    shell.take(events.Wake())
    shell.take(events.Wake())
    assert [now_s for now_s, _ in kernel.seen] == [1.0, 1.5]


def test_nothing_is_taken_after_halt(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    halt = effects.Halt("left", clean=True)
    kernel = make_kernel(lambda _: [halt])
    shell = Shell(kernel, ports, lambda: 1.0)
    shell.take(events.Wake())
    shell.take(events.Wake())
    assert len(kernel.seen) == 1
    assert ports.calls == [("halt", halt)]
    assert shell.ended


def test_a_kernel_that_raises_is_not_asked_again(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    wrong = ZeroDivisionError("bug")

    def rule(_: events.Event) -> list[effects.Effect]:
        raise wrong

    kernel = make_kernel(rule)
    shell = Shell(kernel, ports, lambda: 1.0)
    shell.take(events.Wake())
    shell.take(events.Wake())
    assert len(kernel.seen) == 1
    assert ports.calls == [("broken", events.Wake(), wrong)]


def test_status_is_the_kernels_at_this_moment(make_kernel: "type[FakeKernel]", ports: "FakePorts") -> None:
    shell: Any = Shell(make_kernel(), ports, lambda: 4.25)
    assert shell.status().why == "at 4.25"
