"""A data folder with one writer: it holds the gate, decides every row by itself, and may say which inputs they are of.

Crawl workers share a log by claims in Redis. Who brings in what others have fetched, or cleans anew what is there, has
no claims to share: it makes an epoch of its own, and is the only one to commit for as long as no later one comes.
docs/adr/0019-bulk-runs-stand-in-the-log.md has the reasons.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.dedupe import Known
from pipelines.held_batch import HeldBatch
from pipelines.judged import pack_settled
from pipelines.ledger import make_genesis
from pipelines.live import read_live
from pipelines.log import Commit, Log, open_genesis
from pipelines.names import key_prefix
from pipelines.near import VALUES, Near
from pipelines.objects import StoreError, open_objects
from pipelines.parts import Staging, new_name
from pipelines.patience import Patience, PatientObjects
from pipelines.record import to_timestamp
from pipelines.recover import Gate, GateClosedError
from pipelines.seen import to_check, url_digest
from pipelines.withheld import is_current

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from redis.asyncio import Redis

    from pipelines.policy import Policy
    from pipelines.staged import Candidate
    from pipelines.traces import Trace

# A script holds up the server: so many articles take it some ten milliseconds.
_LOOKED_UP_AT_ONCE = 50


class TakenOverError(StoreError):
    """Another writer has come: a crawl, or another run."""


class StartOverError(Exception):
    """What is staged was decided by what does not hold any more: Redis was lost, or something is taken down."""


class Held:
    """One writer's hold on a data folder. Made by `open_held`. Its methods raise StoreError, and the two above."""

    def __init__(self, *, gate: Gate, staging: Staging, patience: Patience) -> None:
        self.log = gate.log
        self.policy = gate.policy
        self._gate = gate
        self._staging = staging
        self._patience = patience
        self._run_id = ""

    async def begin(self) -> None:
        """Hold the gate, and bring Redis up to the log."""
        live = await read_live(self.log.objects)
        self.log.takedowns, self.log.sealed = live.all_takedowns(), set(live.sealed)
        try:
            self._run_id = await self._gate.hold()
        except GateClosedError:
            raise self._taken_over() from None
        for worker in await asyncio.to_thread(self._staging.dead_workers):
            await asyncio.to_thread(self._staging.remove, worker)

    def open_batch(self) -> HeldBatch:
        """Begin a batch; it is committed or closed."""
        return HeldBatch(held=self, spool=self._staging.open_spool(), checked=self.log.takedowns.version)

    async def look(self, candidates: Sequence[Candidate], traces: Sequence[Trace]) -> list[Known]:
        """Read what is known of articles; what is staged and not committed is not known."""
        found: list[Known] = []
        for start in range(0, len(candidates), _LOOKED_UP_AT_ONCE):
            some = candidates[start : start + _LOOKED_UP_AT_ONCE]
            articles = b"".join(
                url_digest(one.visit.url) + one.id + one.text[:10] + to_check(one.record) for one in some
            )
            packed = b"".join(trace.packed() for trace in traces[start : start + _LOOKED_UP_AT_ONCE])
            rule = self.policy.packed_rule()
            try:
                answers = await self._gate.call_in(
                    self._gate.epoch, "held_look", self._run_id, rule, articles, packed
                )
            except GateClosedError:
                raise await self._why_closed() from None
            found += map(_to_known, answers)
        return found

    async def commit(self, batch: HeldBatch) -> None:
        """Publish the batch, and remember its rows; on return it counts by the log."""
        if not batch.rows and not batch.reads:
            return
        name = new_name()
        files = await self._patience.see_through(
            lambda: self._staging.write_files(name, batch.spool, batch.rows)
        )
        await self._staging.publish(self.log.objects, files.paths)

        def make() -> Commit | None:
            if self.log.epoch > self._gate.epoch or not is_current(self.log, batch.rows, batch.checked):
                return None
            return Commit(
                batch=name,
                epoch=self._gate.epoch,
                adds=files.parts,
                created_at=to_timestamp(datetime.now(UTC)),
                reads=batch.reads,
            )

        sequence = await self.log.append(make)
        await self._staging.drop(files.paths)
        if sequence is None:
            # Nobody else can publish these names, and what is taken down must not be left there.
            for path in files.paths:
                await self.log.objects.delete(path)
            raise await self._why_refused(batch)
        try:
            packed = pack_settled(batch.rows)
            await self._gate.settle_rows(self._gate.epoch, "replay", "", sequence, packed)
            await self._gate.call_in(self._gate.epoch, "hold", "mark", *self.log.unmarked)
            self.log.unmarked = []
        except GateClosedError:
            # It counts; whoever comes next replays it.
            raise await self._why_closed() from None

    async def _why_refused(self, batch: HeldBatch) -> Exception:
        days = sorted({row.day for row in batch.rows} & self.log.sealed)
        if days and self.log.epoch <= self._gate.epoch:
            return SealedError(days[0], self.log.objects.name)
        return await self._why_closed()

    async def _why_closed(self) -> Exception:
        await self.log.read_on()
        return self._taken_over() if self.log.epoch > self._gate.epoch else StartOverError()

    def _taken_over(self) -> TakenOverError:
        return TakenOverError(
            f"{self.log.objects.name}: something else writes into it, a crawl or another run; what this run has "
            "published stays. When that has ended, the same command goes on where this one was"
        )


class SealedError(StoreError):
    """A row is of a day that is complete by the log."""

    def __init__(self, day: str, name: str) -> None:
        super().__init__(
            f"{name}: {day} is complete by its log, so nothing fetched on that day can be added: name another --data"
        )


@asynccontextmanager
async def open_held(
    *, redis: Redis, data: str, state: Path, policy: Policy, patience: Patience | None = None
) -> AsyncIterator[Held]:
    """Open the log under `data`, made where there is none, for one writer; `begin` is for the caller."""
    patience = patience or Patience()
    objects = open_objects(data, state, worker_id=secrets.token_hex(8))
    staging = await asyncio.to_thread(Staging, objects.staging)
    try:
        await objects.probe()
        genesis = await open_genesis(objects, make_genesis)
        gate = Gate(
            redis=redis,
            log=Log(objects=PatientObjects(objects, patience), position=0, epoch=0),
            prefix=key_prefix(genesis.log_id),
            worker_id=staging.worker_id,
            lease_seconds=60,
            policy=policy,
        )
        yield Held(gate=gate, staging=staging, patience=patience)
    finally:
        await asyncio.to_thread(staging.close)


def _to_known(answer: Sequence[Any]) -> Known:
    revision, follows, is_owner, is_same, text_id, near_id, same, is_named, before = answer
    return Known(
        revision=revision,
        follows=follows,
        is_owner=bool(is_owner),
        is_same=bool(is_same),
        text_id=text_id or None,
        near=Near(id=near_id, similarity=same / VALUES, is_named=bool(is_named)) if near_id else None,
        print=before,
        is_busy=False,
    )
