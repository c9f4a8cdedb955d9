"""Waiting for what must come: bounded, and never for a fixed time."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 15.0


async def until(what: Callable[[], bool]) -> None:
    """Let the loop turn until it is so; raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110 - what is awaited tells nobody
            await asyncio.sleep(0.002)


def wait_for(what: Callable[[], bool], of_what: str = "") -> None:
    """Poll until it is so; fail naming what was awaited."""
    until_s = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until_s, f"never happened: {of_what}"
        time.sleep(0.005)
