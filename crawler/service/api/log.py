"""`/api/log`: the log after an entry, as one answer or as a stream, at once or once there is more."""

from __future__ import annotations

import logging
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import StreamingResponse

from crawler.service import parameters
from crawler.service.endpoints import Endpoint
from crawler.service.problems import ProblemError
from pipelines.log import entry_path, read_entries
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from starlette.types import Send

    from crawler.service.endpoints import Call
    from crawler.service.service import Service
    from pipelines.log import Entry
    from pipelines.objects import Objects

NDJSON = "application/x-ndjson"
MOST_WAIT_SECONDS = 60
KEPT_BYTES = 8 << 20
"""Of entries that were read last: some thousand."""
MOST_WAITING = 64
"""Clients that wait for the next entry, or read a stream, at once."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntries:
    """Some entries of the log."""

    entries: tuple[dict[str, Any], ...]
    """In order: `entry` is the number, `kind` what it is; docs/lake.md has the other fields."""
    after: int
    """The last of them, or the number that was asked for: what to ask for next."""


class Entries:
    """The log, with what was asked for last kept: entries do not change, and each is a file of its own."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._kept: dict[int, bytes] = {}
        self._bytes = 0

    async def follow(self, after: int) -> AsyncGenerator[tuple[int, bytes]]:
        """Read all entries that follow one, each as JSON. Raises StoreError."""
        while (kept := self._kept.get(after + 1)) is not None:
            after += 1
            yield after, kept
        async for number, entry in read_entries(self._objects, after):
            body = msgspec.json.encode(_to_object(number, entry))
            self._keep(number, body)
            yield number, body

    async def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Read so many of them at most."""
        found = []
        async with aclosing(self.follow(after)) as entries:
            async for entry in entries:
                found.append(entry)
                if len(found) >= limit:
                    break
        return found

    def _keep(self, number: int, body: bytes) -> None:
        self._bytes += len(body) - len(self._kept.pop(number, b""))
        self._kept[number] = body
        while self._bytes > KEPT_BYTES:
            oldest = next(iter(self._kept))
            self._bytes -= len(self._kept.pop(oldest))


class _Seats:
    """How many clients wait."""

    def __init__(self) -> None:
        self.taken = 0

    def check(self) -> None:
        if self.taken >= MOST_WAITING:
            raise ProblemError(503, f"{MOST_WAITING} clients wait already", headers={"Retry-After": "5"})

    @contextmanager
    def take(self) -> Iterator[None]:
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoints."""
    seats = _Seats()
    log = Entries(service.objects)

    async def read(call: Call) -> object:
        after, limit, wait = call["after"], call["limit"], call["wait"]
        is_stream = NDJSON in call.request.headers.get("accept", "")
        seats.check()
        if is_stream:
            # While it can still be a problem: the stream has a status before its first line.
            await _read(service, log, after, 1)
            return _EntryStream(_stream(service, log, after, limit, wait, seats), media_type=NDJSON)
        with seats.take():
            entries = await _read(service, log, after, limit)
            if not entries and wait:
                await service.tail.wait_beyond(after, wait)
                entries = await _read(service, log, after, limit)
        last = entries[-1][0] if entries else after
        return {"entries": [msgspec.Raw(body) for _, body in entries], "after": last}

    return [
        Endpoint(
            path="/api/log",
            summary="The entries of the log that follow one; with `wait`, as soon as there is one.",
            answer=read,
            returns=LogEntries,
            media={NDJSON: "An entry a line; goes on with `wait`, until no entry has come for so long."},
            problems=(404,),
            parameters=(
                parameters.count("after", "The last entry that you have.", most=10**18, default=0),
                parameters.count("limit", "Entries at most.", least=1, most=10_000, default=1_000),
                parameters.count(
                    "wait",
                    "Seconds to wait for an entry, where there is none.",
                    most=MOST_WAIT_SECONDS,
                    default=0,
                ),
            ),
        ),
    ]


async def _read(service: Service, log: Entries, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Read so many entries at most. Raises StoreError and ProblemError, as `_check_end`."""
    entries = await log.read(after, limit)
    if not entries:
        await _check_end(service, after)
    return entries


async def _check_end(service: Service, after: int) -> None:
    """Make sure that nothing follows an entry because it is the last one.

    A folder that is not mounted has no next entry, either, and a reader must not take that for the end. Raises
    StoreError where the log is gone or has a gap, ProblemError where it never came as far as the entry.
    """
    objects = service.objects
    if await objects.read(entry_path(max(after, 1))) is not None:
        # What was seen beyond it is there, or has come since.
        if service.tail.position > after and await objects.read(entry_path(after + 1)) is None:
            raise StoreError(f"{objects.name}: {entry_path(after + 1)} was there and is gone")
    elif await objects.read(entry_path(1)) is None:
        if after or service.log_id is not None:
            raise StoreError(f"{objects.name}: the log is gone")
    elif await _is_seen(service, after):
        raise StoreError(f"{objects.name}: {entry_path(after)} was there and is gone")
    else:
        raise ProblemError(404, f"the log ends at entry {service.tail.position}", parameter="after")


async def _is_seen(service: Service, entry: int) -> bool:
    await service.tail.look()
    return service.tail.position >= entry


class _EntryStream(StreamingResponse):
    """Breaks off where the log cannot be read on: the end of a stream means that there is no more."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except (StoreError, ProblemError) as error:
            # Without the last chunk, and the server closes the connection.
            _log.warning("a stream of the log breaks off: %s", error)


async def _stream(  # noqa: PLR0913, PLR0917 - what a request says, and where its answer comes from
    service: Service, log: Entries, after: int, limit: int, wait: int, seats: _Seats
) -> AsyncIterator[bytes]:
    # Taken here: of a client that is gone before the first line, nothing of this is ever run.
    with seats.take():
        while True:
            before = after
            async with aclosing(log.follow(after)) as entries:
                async for number, body in entries:
                    yield body + b"\n"
                    after, limit = number, limit - 1
                    if not limit:
                        return
            if after == before:
                await _check_end(service, after)
            if not wait:
                return
            if not await service.tail.wait_beyond(after, wait):
                await _check_end(service, after)
                return


def _to_object(number: int, entry: Entry) -> dict[str, Any]:
    fields = asdict(entry)
    return {"entry": number, "kind": fields.pop("kind"), **fields}
