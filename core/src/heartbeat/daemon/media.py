"""The links: each medium opened, reopened while it cannot be had, sent to, drained, and never trusted to behave."""

import asyncio
import errno
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from heartbeat.daemon.log import Log
from heartbeat.plugin.comm import Medium
from heartbeat.plugin.errors import PluginError

FIRST_RETRY_S = 0.1
"""An interface that comes up a moment after us is found at once ..."""
LAST_RETRY_S = 5.0
"""... and one that is missing for hours costs one attempt in this time."""

OPEN_S = 5.0
CLOSE_S = 1.0
"""Longest for a medium; ours need milliseconds."""

MakeMedium = Callable[[], Medium]
OnFrame = Callable[[int, bytes], None]
OnLink = Callable[[int, str], None]
"""Takes the link's index and a problem, empty when the link is open."""


class PortInUse(Exception):
    """Another program has the port of a link. At start there is no point in going on."""


class Link:
    """One medium of the configuration."""

    def __init__(
        self, index: int, name: str, make: MakeMedium, *, open_s: float = OPEN_S, close_s: float = CLOSE_S
    ) -> None:
        """``open_s`` and ``close_s``: a medium that takes longer over it is taken for one that never will."""
        self.index = index
        self.name = name
        self._make = make
        self._open_s = open_s
        self._close_s = close_s
        self.medium: Medium | None = None
        """Open, or None."""
        self.problem = ""
        """Why it is not open, as last said."""
        self.oversize = 0
        """Frames that were too long for it."""

    def largest(self) -> int:
        """Return the longest frame that its medium takes, by the word of one that is not open."""
        return self._make().largest

    async def open(self, deliver: Callable[[bytes], None]) -> None:
        """Open it; raises PluginError, also for whatever else a medium may raise."""
        medium = self._make()
        try:
            async with asyncio.timeout(self._open_s):
                await medium.open(deliver)
        except PluginError:
            raise
        except TimeoutError:
            raise PluginError(f"{type(medium).__name__} does not open within {self._open_s:g} s") from None
        except Exception as wrong:
            raise PluginError(f"{type(medium).__name__} failed to open: {wrong!r}") from wrong
        self.medium, self.problem = medium, ""

    async def close(self, medium: Medium) -> None:
        """Close what was open; raises whatever the medium raises, TimeoutError when it does not come back."""
        async with asyncio.timeout(self._close_s):
            await medium.close()


class Links:
    """All links of this node, by index. What the operator should know of them, the kernel says."""

    def __init__(self, links: Sequence[Link], on_frame: OnFrame, on_link: OnLink, log: Log) -> None:
        self._links = links
        self._on_frame = on_frame
        self._on_link = on_link
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def open(self) -> None:
        """Try every link once, side by side; what cannot be opened is tried again for ever. Raises PortInUse."""
        problems = await asyncio.gather(*map(self._try, self._links))
        for link, problem in zip(self._links, problems, strict=True):
            if problem is not None:
                if _port_in_use(problem):
                    raise PortInUse(f"{link.name}: {problem}")
                self._spawn(self._reopen(link))

    @property
    def frame_bytes(self) -> int:
        """Longest frame that every link takes."""
        return min((link.largest() for link in self._links), default=0)

    def send(self, frame: bytes, only: int = -1) -> None:
        """Send one frame on every open link, or only on one."""
        for link in self._links if only < 0 else self._links[only : only + 1]:
            medium = link.medium
            if medium is None:
                continue
            try:
                if len(frame) > medium.largest:
                    self._too_long(link, len(frame), medium.largest)
                    continue
                medium.send(frame)
            except Exception as wrong:  # noqa: BLE001 - whatever a vendor's medium raises costs that link only
                self._broken(link, wrong)

    def drain(self) -> bool:
        """Have every link deliver what has already arrived, before anybody's silence is judged.

        Returns whether more waits: a medium delivers some of a flood at a time.
        """
        more = False
        for link in self._links:
            if link.medium is None:
                continue
            try:
                more = bool(link.medium.drain()) or more
            except Exception as wrong:  # noqa: BLE001
                self._broken(link, wrong)
        return more

    async def close(self) -> None:
        """Close all; problems in that are nobody's concern any more."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        for link in self._links:
            medium, link.medium = link.medium, None
            if medium is not None:
                await self._close(link, medium)

    async def _try(self, link: Link) -> PluginError | None:
        """Open one link and tell of it; returns what went wrong."""
        try:
            await link.open(lambda frame: self._on_frame(link.index, frame))
        except PluginError as problem:
            text = str(problem)
            if text != link.problem:
                self._log.debug(f"link {link.name} is not there: {text}; trying again")
                link.problem = text
                self._on_link(link.index, text)
            return problem
        self._log.debug(f"link {link.name} is open")
        self._on_link(link.index, "")
        return None

    async def _reopen(self, link: Link) -> None:
        pause_s = FIRST_RETRY_S
        while not self._closing:
            await asyncio.sleep(pause_s)
            if await self._try(link) is None:
                return
            pause_s = min(LAST_RETRY_S, pause_s * 2)

    def _broken(self, link: Link, wrong: Exception) -> None:
        medium, link.medium = link.medium, None
        link.problem = str(wrong) if isinstance(wrong, PluginError) else f"it failed: {wrong!r}"
        self._log.debug(f"link {link.name} is lost: {link.problem}; opening it again")
        self._on_link(link.index, link.problem)
        self._spawn(self._replace(link, medium))

    async def _replace(self, link: Link, medium: Medium | None) -> None:
        if medium is not None:
            await self._close(link, medium)
        await self._reopen(link)

    async def _close(self, link: Link, medium: Medium) -> None:
        try:
            await link.close(medium)
        except Exception as wrong:  # noqa: BLE001
            self._log.debug(f"link {link.name}: closing failed: {wrong!r}")

    def _too_long(self, link: Link, length: int, largest: int) -> None:
        link.oversize += 1
        cure = "too many groups or nodes for this medium"
        self._log.seldom(f"mtu {link.name}", f"link {link.name}: a frame of {length} bytes exceeds {largest}: {cure}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _port_in_use(problem: BaseException | None) -> bool:
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
            return True
        problem = problem.__cause__ or problem.__context__
    return False
