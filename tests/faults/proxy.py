"""A proxy on loopback that loses answers, refuses requests, and counts both."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Stands between clients and one server. `judge` is asked of each request's first bytes what becomes of it.

    `pass`; `lose`: the server does it, and its answer and the connection are lost; `refuse`: the server never hears of
    it, the client gets `refusal`; `cut`: the server never hears of it and the connection is cut.
    """

    def __init__(self, judge, refusal=b""):
        self.judge = judge
        self.refusal = refusal
        self.requests = Counter()
        """By what became of them."""
        self.port = 0
        self._tasks = set()

    @asynccontextmanager
    async def serve(self, connect):
        self._connect = connect
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        upstream = None
        try:
            from_server, upstream = await self._connect()
            losing = asyncio.Event()
            answering = asyncio.create_task(self._answer(from_server, writer, losing))
            self._tasks.add(answering)
            while data := await reader.read(1 << 24):
                verdict = self.judge(data)
                if verdict is not None:
                    self.requests[verdict] += 1
                if verdict in ("refuse", "cut"):
                    writer.write(self.refusal if verdict == "refuse" else b"")
                    await writer.drain()
                    return
                if verdict == "lose":
                    losing.set()
                upstream.write(data)
                await upstream.drain()
                if verdict == "lose":
                    # The answer is awaited, so that the deed is done.
                    await answering
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._tasks.discard(task)
            for side in (writer, upstream):
                if side is not None:
                    with suppress(ConnectionError, RuntimeError):
                        side.transport.abort()

    async def _answer(self, from_server, writer, losing):
        with suppress(ConnectionError, RuntimeError):
            while data := await from_server.read(1 << 20):
                if losing.is_set():
                    return
                writer.write(data)
                await writer.drain()
            writer.close()


def is_http_request(data):
    """Whether these bytes begin a request, and are not the rest of a body."""
    return data[:5].split(b" ")[0] in (b"GET", b"PUT", b"HEAD", b"POST") or data[:6] == b"DELETE"


UNAVAILABLE = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def fail_some(share, seed=1):
    """A judge that fails this share of HTTP requests: refused, cut off, or done with the answer lost, a third each."""
    chance = random.Random(seed)

    def judge(data):
        if not is_http_request(data):
            return None
        return chance.choice(("refuse", "cut", "lose")) if chance.random() < share else "pass"

    return judge
