"""The conformance tests of a medium."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import pytest

from heartbeat.plugin import DirectiveLine, Medium, Plugin, PluginError
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.leaks import nothing_left_open


class CommConformance(DeclarationConformance):
    """Subclass it, give ``plugin``, and make ``ends`` return the two ends of one link on this machine.

    ``directive`` and ``line``: a line of ha.cf for the plugin (``"bcast"``, ``"eth0 eth1"``).
    ``broken``: unparsed parameters with which ``open`` must fail (an interface that is not there), when there are any.
    ``unplug`` takes the link away under the first end, so that sending must fail, and ``plug`` brings it back.
    ``cut_up`` counts what the first end's host has cut into pieces; without these three their tests are skipped.
    ``keeps_borders``: False for a byte stream, where core's framing finds the frames; then only bytes are compared.
    A namespace, a port or a pty that the link needs belongs into a fixture of the subclass.
    """

    plugin: ClassVar[type[Plugin]]
    directive: ClassVar[str] = ""
    line: ClassVar[str] = ""
    broken: ClassVar[dict[str, str] | None] = None
    keeps_borders: ClassVar[bool] = True
    patience_s: ClassVar[float] = 5.0

    def ends(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return unparsed parameters of two media that hear each other; called anew for each test."""
        raise NotImplementedError("the subclass says how two ends find each other")

    def unplug(self) -> None:
        """Take the link away under the first end: an interface down, a device gone."""
        pytest.skip("the subclass does not know how to take the link away")

    def plug(self) -> None:
        """Bring back what ``unplug`` took away."""
        raise NotImplementedError("the subclass that can unplug can plug as well")

    def cut_up(self) -> int:
        """Return how many frames the first end's host has cut into pieces until now."""
        pytest.skip("the subclass does not know whether frames are cut up on the way")

    def made(self, raw: dict[str, str]) -> Medium:
        """Return the medium as core makes it."""
        assert issubclass(self.plugin, Medium)
        return self.plugin(checked(self.plugin, raw))

    def test_a_line_of_ha_cf_makes_links(self) -> None:
        assert issubclass(self.plugin, Medium)
        plans = self.plugin.plan(self.directive, [DirectiveLine(tuple(self.line.split()), 7)])
        assert plans
        assert len({plan.name for plan in plans}) == len(plans), "links need names of their own"
        for plan in plans:
            assert not plan.problems
            assert plan.line == 7
            assert plan.name.startswith(self.directive)

    def test_frames_arrive_whole_and_in_order_both_ways(self) -> None:
        async def story() -> None:
            async with self.open_pair() as (one, other):
                for sender, receiver in ((one, other), (other, one)):
                    frames = [b"frame %d from %s" % (n, sender.label) for n in range(20)]
                    for frame in frames:
                        sender.medium.send(frame)
                    await self.until(functools.partial(receiver.has_heard, frames))

        asyncio.run(story())

    def test_the_largest_frame_arrives(self) -> None:
        async def story() -> None:
            async with self.open_pair() as (one, other):
                frame = bytes(n % 251 for n in range(one.medium.largest))
                one.medium.send(frame)
                await self.until(lambda: other.has_heard([frame]))

        asyncio.run(story())

    def test_a_frame_of_the_mtu_goes_in_one_piece(self) -> None:
        """A frame that is cut up is lost with any of its pieces; mtu must leave room for all headers."""

        async def story() -> None:
            async with self.open_pair() as (one, other):
                before = self.cut_up()
                frame = bytes(one.medium.mtu)
                one.medium.send(frame)
                await self.until(lambda: other.has_heard([frame]))
                assert self.cut_up() == before

        asyncio.run(story())

    def test_a_frame_above_the_largest_is_dropped_and_counted_and_harms_nobody(self) -> None:
        async def story() -> None:
            async with self.open_pair() as (one, other):
                one.medium.send(bytes(one.medium.largest + 1))
                assert one.medium.dropped == 1
                one.medium.send(b"after")
                await self.until(lambda: other.has_heard([b"after"]))
                assert bytes(one.medium.largest + 1) not in other.frames

        asyncio.run(story())

    def test_sending_while_closed_drops_and_counts(self) -> None:
        async def story() -> None:
            medium = self.made(self.ends()[0])
            medium.send(b"before")
            assert medium.dropped == 1
            await medium.open(lambda frame: None)
            await medium.close()
            medium.send(b"after")
            assert medium.dropped == 2

        asyncio.run(story())

    def test_it_closes_twice_and_opens_again(self) -> None:
        async def story() -> None:
            async with self.open_pair() as (one, other):
                await one.medium.close()
                await one.medium.close()
                await one.medium.open(one.frames.append)
                one.medium.send(b"again")
                await self.until(lambda: other.has_heard([b"again"]))

        asyncio.run(story())

    def test_a_peer_that_is_not_there_is_no_error(self) -> None:
        """Sending towards a dead node is what a cluster manager does; its ICMP errors must not surface anywhere."""

        async def story() -> None:
            async with self.open_pair() as (one, other):
                await other.medium.close()
                for _ in range(20):
                    one.medium.send(b"anybody?")
                    await asyncio.sleep(0)
                await other.medium.open(other.frames.append)
                await self.until(lambda: self.again(one.medium, b"here") in other.frames)

        asyncio.run(story())

    def test_a_link_that_goes_away_costs_counted_frames_and_nothing_else(self) -> None:
        async def story() -> None:
            async with self.open_pair() as (one, other):
                self.unplug()
                before = one.medium.dropped
                one.medium.send(b"lost")
                assert one.medium.dropped > before
                self.plug()
                await self.until(lambda: self.again(one.medium, b"back") in other.frames)

        asyncio.run(story())

    def test_opening_what_is_not_there_says_why_and_leaves_nothing_behind(self) -> None:
        if self.broken is None:
            pytest.skip("the subclass gives no parameters that must fail")
        raw = self.broken

        async def story() -> None:
            medium = self.made(raw)
            with nothing_left_open():
                for _ in range(2):
                    with pytest.raises(PluginError, match=r"\w+ \w+"):
                        await medium.open(lambda frame: None)
            await medium.close()

        asyncio.run(story())

    def test_closing_releases_everything(self) -> None:
        async def story() -> None:
            async with self.open_pair():
                pass
            with nothing_left_open():
                async with self.open_pair() as (one, _):
                    one.medium.send(b"beat")

        asyncio.run(story())

    def test_drain_delivers_what_has_arrived_without_the_loop(self) -> None:
        async def story() -> None:
            if self.plugin.drain is Medium.drain:  # type: ignore[attr-defined]
                pytest.skip("it drains nothing of its own")
            async with self.open_pair() as (one, other):
                one.medium.send(b"just in time")
                loop = asyncio.get_running_loop()
                deadline_s = loop.time() + self.patience_s
                while b"just in time" not in other.frames and loop.time() < deadline_s:
                    more = other.medium.drain()  # no await: the loop never runs
                    assert more in (True, False, None), "drain() tells whether more waits"
                assert b"just in time" in other.frames

        asyncio.run(story())

    # What the tests are made of

    @contextlib.asynccontextmanager
    async def open_pair(self) -> "AsyncIterator[tuple[End, End]]":
        """Open both ends, close them afterwards."""
        one, other = (End(self.made(raw), label) for raw, label in zip(self.ends(), (b"one", b"other"), strict=True))
        one.keeps_borders = other.keeps_borders = self.keeps_borders
        try:
            await one.medium.open(one.frames.append)
            await other.medium.open(other.frames.append)
            yield one, other
        finally:
            await one.medium.close()
            await other.medium.close()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return when it is so; fail when it is not after ``patience_s``."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self.patience_s
        while not is_so():
            assert loop.time() < deadline_s, "it did not arrive in time"
            await asyncio.sleep(0.005)

    def again(self, medium: Medium, frame: bytes) -> bytes:
        """Send a frame once more and return it."""
        medium.send(frame)
        return frame


class End:
    """One end of a link and what it heard."""

    def __init__(self, medium: Medium, label: bytes) -> None:
        self.medium = medium
        self.label = label
        self.frames: list[bytes] = []
        self.keeps_borders = True

    def has_heard(self, wanted: list[bytes]) -> bool:
        """Did all of them arrive, in this order? What else was heard (a broadcast comes back) is passed over."""
        if self.keeps_borders:
            return [frame for frame in self.frames if frame in wanted] == wanted
        return b"".join(wanted) in b"".join(self.frames)
