"""The gate between Redis and the log: closed while Redis may know less than the log, opened by a replay."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import RedisError

from pipelines.live import read_live
from pipelines.log import Epoch, entry_path, refuse_gap
from pipelines.objects import StoreError
from pipelines.parts import read_rows
from pipelines.seen import Scripts, pack_rows, to_mark
from pipelines.traces import pack_traces, read_trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from redis.asyncio import Redis

    from pipelines.log import Commit, Log, Part
    from pipelines.policy import Policy

_SERVER_KEY = "bs:1:server"
# Held by the worker that opens the gate, renewed each second; a killed one holds up the others no longer than this.
_OPENING_MS = 3_000


class GateClosedError(Exception):
    """Redis is not in the epoch that the step was begun in."""


class Gate:
    """One worker's view of the gate: every script that changes something is called through it."""

    def __init__(  # noqa: PLR0913 - one keyword a part that it is made of
        self,
        *,
        redis: Redis,
        log: Log,
        prefix: str,
        worker_id: str,
        lease_seconds: float,
        policy: Policy,
    ) -> None:
        self.worker_id = worker_id
        self.lease_ms = max(int(lease_seconds * 1000), 1)
        self.epoch = 0
        self.log = log
        self.policy = policy
        self.on_open: Callable[[], Awaitable[None]] | None = None
        """Called after this worker has come into another epoch."""
        self._redis = redis
        self._prefix = prefix
        self._scripts = Scripts(redis, prefix)
        self._turn = asyncio.Lock()

    def key(self, kind: str, *parts: str) -> str:
        """Give the name of a key of this log."""
        return self._prefix + ":".join((kind, *parts))

    async def call(self, name: str, *arguments: str | bytes | float) -> Any:
        """Run a script in the present epoch, opening the gate first where it is closed."""
        while True:
            epoch = self.epoch
            try:
                return await self.call_in(epoch, name, *arguments)
            except GateClosedError:
                await self.reopen(epoch)

    async def call_in(self, epoch: int, name: str, *arguments: str | bytes | float) -> Any:
        """Run a script in the given epoch. Raises GateClosedError where that is over."""
        try:
            answer = await self._scripts.run(name, epoch, *arguments)
        except RedisError as error:
            raise _to_fault(error) from error
        if answer in (b"closed", b"later"):
            raise GateClosedError
        return answer

    async def run_closed(self, name: str) -> None:
        """Run a script that leaves the gate closed."""
        try:
            await self._scripts.run(name)
        except RedisError as error:
            raise _to_fault(error) from error

    async def read(self, *command: str | bytes) -> Any:
        """Run a single command."""
        try:
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except RedisError as error:
            raise _to_fault(error) from error

    async def keys(self, kind: str, pattern: str) -> list[str]:
        """Find the keys of a kind."""
        try:
            found = self._redis.scan_iter(match=self.key(kind, pattern), count=1000)
            return [key.decode() async for key in found]
        except RedisError as error:
            raise _to_fault(error) from error

    async def scan(self, key: str) -> AsyncIterator[tuple[bytes, bytes]]:
        """Walk over a hash's fields and values."""
        try:
            async for field, value in self._redis.hscan_iter(key, count=1000):
                yield field, value
        except RedisError as error:
            raise _to_fault(error) from error

    async def check(self) -> None:
        """Open the gate where it is closed, so that what is read next is no leftover of an older Redis."""
        await self.call("workers")

    async def beat(self) -> None:
        """Renew this worker's heartbeat."""
        await self.read("SET", self.key("worker", self.worker_id), "1", "PX", str(self.lease_ms))
        await self.read("SADD", self.key("workers"), self.worker_id)

    async def stop_beating(self, worker_id: str) -> None:
        """End the heartbeat of a worker that is known to be gone."""
        await self.read("DEL", self.key("worker", worker_id))

    async def enter(self) -> None:
        """Join at the point of the log that this Redis has come to."""
        await self._find_position()
        await self.reopen(0)
        await self.beat()

    async def hold(self) -> str:
        """Shut the gate for everybody else: this writer alone says what is published, as long as its epoch is the latest.

        Whoever comes later takes over by an epoch of its own. Gives the id of the server's process. Raises
        GateClosedError where somebody has come meanwhile.
        """
        await self._find_position()
        await self.log.read_on()
        run_id = await self._run_id()
        opened: list[int] = []

        def make() -> Epoch:
            opened.append(self.log.epoch + 1)
            return Epoch(epoch=opened[-1], redis=self.worker_id)

        sequence = await self.log.append(make)
        assert sequence is not None, "an epoch is always made"
        self.epoch = opened[-1]
        await self.call_in(self.epoch, "hold", "begin")
        await self._replay(self.epoch)
        await self.call_in(self.epoch, "hold", "done", sequence, run_id)
        self.log.unmarked = []
        return run_id

    async def _find_position(self) -> None:
        state = await self._state()
        self.log.position = int(state.get(b"settled", b"0"))
        # A writer that holds the gate settles entries of an epoch that is never opened here.
        self.log.epoch = max(int(state.get(name, b"0")) for name in (b"epoch", b"replaying"))
        path = entry_path(self.log.position)
        if self.log.position and await self.log.objects.read(path) is None:
            raise StoreError(
                f"{self.log.objects.name}: Redis has settled {path}, but the log ends before it: was the data folder "
                "put back to an older copy? Empty this Redis, or give back the log's missing entries"
            )
        # Of the entries that Redis had settled before, the log reads none.
        live = await read_live(self.log.objects)
        self.log.takedowns, self.log.sealed = live.all_takedowns(), set(live.sealed)

    async def reopen(self, stale: int) -> None:
        """Come into the next epoch after `stale`, unless another task of this worker has done so."""
        async with self._turn:
            if self.epoch != stale:
                return
            self.epoch = await self._open()
        if self.on_open is not None:
            await self.on_open()

    async def _open(self) -> int:
        while True:
            run_id = await self._run_id()
            gate = await self._state()
            await self.log.read_on()
            if gate.get(b"run_id") == run_id.encode():
                epoch = int(gate[b"epoch"])
                if epoch >= self.log.epoch:
                    return epoch
                await self._leave_to_others(epoch)
            if not await self._take_turn():
                await asyncio.sleep(0.05)
                continue
            holding = asyncio.create_task(self._hold_turn())
            try:
                opened = await self._replay_and_open(run_id)
            finally:
                holding.cancel()
                await self.read("DEL", self.key("opening"))
            if opened is not None:
                return opened

    async def _replay_and_open(self, run_id: str) -> int | None:
        """Make the next epoch, bring Redis up to it and open the gate; None: it went on without us."""
        opened: list[int] = []
        server = await self._server_id()
        await refuse_gap(self.log.objects, self.log.position)

        def make() -> Epoch:
            opened.append(self.log.epoch + 1)
            return Epoch(epoch=opened[-1], redis=server)

        sequence = await self.log.append(make)
        assert sequence is not None, "an epoch is always made"
        epoch = opened[-1]
        try:
            await self.read("HSET", self.key("gate"), "replaying", str(epoch))
            await self._replay(epoch)
            answer = await self._scripts.run("open", epoch, run_id, sequence)
        except GateClosedError:
            return None
        except RedisError as error:
            raise _to_fault(error) from error
        return epoch if answer == b"ok" else None

    async def _replay(self, epoch: int) -> None:
        gate = await self._state()
        first = int(gate.get(b"settled", b"0")) + 1
        ahead = {int(number) for number in await self.read("ZRANGE", self.key("ahead"), "0", "-1")}
        while not await self._replay_parts(epoch, first, ahead):
            pass

    async def _replay_parts(self, epoch: int, first: int, ahead: set[int]) -> bool:
        """Settle the rows of all parts that entries from `first` on have added; False: some were moved meanwhile."""
        live = await read_live(self.log.objects)
        for part, place in live.live_parts():
            # What an entry has moved may be of any entry before it.
            if place.entry >= first and (place.is_moved or place.entry not in ahead):
                packed = await read_part_marks(self.log, part, self.policy)
                if packed is None:
                    return False
                await self.replay_rows(epoch, packed)
        return True

    async def replay_rows(self, epoch: int, packed: PackedRows) -> None:
        """Bring what a part says into a Redis whose gate is not open yet."""
        await self.settle_rows(epoch, "replay", "", "", packed)

    async def settle_rows(
        self, epoch: int, mode: str, batch: str, sequence: int | str, packed: PackedRows
    ) -> None:
        """Remember published rows; `sequence` is their log entry where these are the last of it, else empty."""
        rule, schedule = self.policy.packed_rule(), self.policy.packed_schedule()
        for traces in packed.traces:
            await self.call_in(epoch, "near_settle", mode, rule, traces)
        await self.call_in(epoch, "settle", mode, batch, sequence, packed.rows, schedule)

    async def settle_entry(self, epoch: int, sequence: int, entry: Commit) -> None:
        """Bring what a committed batch says into Redis, from its parts or from where its rows have moved."""
        packed = [await read_part_marks(self.log, part, self.policy) for part in entry.adds]
        if None in packed:
            # A takedown may leave other rows than were prepared.
            await self.call_in(epoch, "abort", entry.batch, "")
            packed = [await self._find_moved(sequence, entry)]
        for place, rows in enumerate(packed, 1):
            last = str(sequence) if place == len(packed) else ""
            await self.settle_rows(epoch, "settle", entry.batch, last, rows or PackedRows(b"", ()))

    async def _find_moved(self, sequence: int, entry: Commit) -> PackedRows:
        days = {part.path.split("/")[1] for part in entry.adds}
        while True:
            live = await read_live(self.log.objects)
            packed = []
            for part, place in live.live_parts():
                if part.path.split("/")[1] in days and place.entry >= sequence:
                    first_in = (sequence, place.entry)
                    packed.append(await read_part_marks(self.log, part, self.policy, first_in=first_in))
            found = [rows for rows in packed if rows is not None]
            if len(found) == len(packed):
                return PackedRows(
                    b"".join(rows.rows for rows in found),
                    tuple(traces for rows in found for traces in rows.traces),
                )

    async def mark_read(self) -> None:
        """Tell Redis of the entries that publish nothing, so that the settled mark does not wait for them."""
        numbers = list(self.log.unmarked)
        if numbers:
            await self.call("advance", *numbers)
            self.log.unmarked = [number for number in self.log.unmarked if number not in numbers]

    async def _take_turn(self) -> bool:
        """Of several that find the gate closed let one open it: a courtesy, safety does not rest on it."""
        taken = await self.read("SET", self.key("opening"), self.worker_id, "NX", "PX", str(_OPENING_MS))
        return taken is not None

    async def _hold_turn(self) -> None:
        while True:
            await asyncio.sleep(_OPENING_MS / 3000)
            with suppress(StoreError):
                await self.read("SET", self.key("opening"), self.worker_id, "PX", str(_OPENING_MS))

    async def _leave_to_others(self, epoch: int) -> None:
        """Close the gate, since the log has a later epoch; a running worker stops where that is another Redis's.

        A worker that starts takes over: the operator's last command decides, and those on the other Redis stop.
        """
        if self.epoch and self.log.redis and self.log.redis != await self._server_id():
            raise StoreError(
                f"{self.log.objects.name}: another Redis (id {self.log.redis[:12]}) is writing this log since epoch "
                f"{self.log.epoch}; give every worker the same REDIS_URL, or the same --state"
            )
        await self._scripts.run("close", max(epoch + 1, self.log.epoch))

    async def _run_id(self) -> str:
        try:
            return str((await self._redis.info("server"))["run_id"])
        except RedisError as error:
            raise _to_fault(error) from error

    async def _server_id(self) -> str:
        await self.read("SET", _SERVER_KEY, secrets.token_hex(16), "NX")
        name: bytes = await self.read("GET", _SERVER_KEY)
        return name.decode()

    async def _state(self) -> dict[bytes, bytes]:
        flat: list[bytes] = await self.read("HGETALL", self.key("gate"))
        return dict(zip(flat[::2], flat[1::2], strict=True)) if isinstance(flat, list) else flat


class PackedRows(NamedTuple):
    """Rows as the scripts take them that remember what was published."""

    rows: bytes
    traces: tuple[bytes, ...]
    """Of the articles among them, as many in each as one script takes."""


async def read_part_marks(
    log: Log, part: Part, policy: Policy, *, first_in: tuple[int, int] | None = None
) -> PackedRows | None:
    """Read a published part as the packed rows that the scripts take; None: it was replaced meanwhile.

    `first_in`: only the rows that this entry published first, and the entry that counts where a row names none.
    """
    body = await log.objects.read(part.path)
    if body is None:
        await log.read_on()
        if part.path not in log.removed and part.path in (await read_live(log.objects)).parts:
            raise StoreError(f"{log.objects.name}: {part.path} is missing; run broadsheet verify")
        return None

    def pack() -> PackedRows:
        marks, traces = [], []
        since = datetime.now(UTC) - timedelta(days=policy.trace_days)
        for row in read_rows(body):
            if first_in is None or (row.get("log_entry") or first_in[1]) == first_in[0]:
                marks.append(to_mark(row))
                if marks[-1].outcome == "article" and marks[-1].fetched_at > since:
                    traces.append(read_trace(row, policy.near))
        return PackedRows(pack_rows(marks), pack_traces(traces))

    try:
        return await asyncio.to_thread(pack)
    except (ValueError, KeyError) as error:
        raise StoreError(f"{log.objects.name}: {part.path} {error}; run broadsheet verify") from error


def _to_fault(error: RedisError) -> StoreError:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return StoreError(f"Redis: {first[:300]}")
