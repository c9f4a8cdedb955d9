"""The witness's server: one question a connection, few connections at a time, and nothing that makes it wait."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping

from heartbeat.plugin.quorum import Verdict
from heartbeat.witness import dialogue
from heartbeat.witness.store import Store

PORT = 6940
"""TCP; of no registered service, and easy to keep beside heartbeat's UDP 694."""
CONNECTIONS_MAX = 64
"""At once; the next one is closed unheard, and asks again."""
PATIENCE_S = 5.0
"""For a whole dialogue; who is slower loses his place."""


class Server:
    """Serves the clusters whose keys it has."""

    def __init__(self, store: Store, keys: Mapping[str, bytes], say: Callable[[str], None]) -> None:
        self._store, self._keys, self._say = store, keys, say
        self._open = 0
        self.refused = 0
        """Connections that were no dialogue."""

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Begin to serve; raises OSError."""
        return await asyncio.start_server(self._serve, host, port, limit=dialogue.BODY_MAX)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS_MAX:
                async with asyncio.timeout(PATIENCE_S):
                    await self._dialogue(reader, writer)
        except (dialogue.Malformed, TimeoutError, OSError, EOFError):
            self.refused += 1
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _dialogue(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = os.urandom(dialogue.GREETING_BYTES)
        writer.write(dialogue.framed(greeting))
        length = int.from_bytes(await reader.readexactly(dialogue.LENGTH_BYTES), "big")
        said = await reader.readexactly(length)
        writer.write(dialogue.framed(self.answer(said, greeting)))
        await writer.drain()

    def answer(self, said: bytes, greeting: bytes) -> bytes:
        """Return the sealed answer to a question. Raises Malformed, and nothing else, whatever was said."""
        question = dialogue.read_question(said)
        key = self._keys.get(question.cluster)
        if key is None:
            raise dialogue.Malformed("no key of that cluster is here")
        dialogue.check(said, key, greeting)
        ruling = self._store.judge(question.tie())
        members = ", ".join(question.members)
        if ruling.verdict is Verdict.GRANT:
            self._say(f"{question.cluster}: {members} may go on (grant {ruling.token})")
        else:
            self._say(f"{question.cluster}: {members} may not go on: {ruling.why}")
        return dialogue.answer(ruling, key, said)
