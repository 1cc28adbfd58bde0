"""A worker's batches: rows are staged, prepared, published and settled, in this order."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from cleaners.models import Article
from pipelines.archive.known import pack_pages, remember_pages
from pipelines.dedupe import Staged, decide
from pipelines.freshness import Freshness, find_published
from pipelines.judged import (
    look,
    pack_settled,
    prepare,
    to_article_mark,
    to_article_row,
    to_settled_trace,
)
from pipelines.log import Commit
from pipelines.parts import new_name
from pipelines.pending import Pending
from pipelines.record import to_record, to_timestamp
from pipelines.recover import GateClosedError
from pipelines.seen import begins_life
from pipelines.sketched import find_sketch
from pipelines.staged import Batch, Candidate, Row, to_row, to_visit_mark
from pipelines.takedown import REASON, append_takedown, blocked_row
from pipelines.takedowns import Match, to_subject
from pipelines.visits import Cleaned
from pipelines.withheld import find_withheld, is_current

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.archive.packing import PackedPage
    from pipelines.parts import StagedFiles, StagedRow, Staging
    from pipelines.patience import Patience
    from pipelines.recover import Gate
    from pipelines.takedowns import Hit, Takedowns
    from pipelines.traces import Trace
    from pipelines.visits import Ended, Visit

__all__ = ["Batches", "Row"]


class Batches:
    """The open batch, the one on its way into the log, and the articles that wait for what others publish."""

    def __init__(self, *, gate: Gate, staging: Staging, held: dict[str, Visit], patience: Patience) -> None:
        self._gate = gate
        self._patience = patience
        self._staging = staging
        self._held = held
        self._links = Pending(gate)
        self._open: Batch | None = None
        self._closing: Batch | None = None
        self._waiting: list[Candidate] = []
        self._turn = asyncio.Lock()
        self._reconsidering = asyncio.Lock()
        self.counts: Counter[tuple[str, str | None]] = Counter()
        """The rows staged here and not cut again, by outcome and reason."""
        self.freshness = Freshness()
        self.has_blocked = False
        """A batch is settled with rows that a takedown has ended: what Redis held of them is deleted since."""

    @property
    def is_empty(self) -> bool:
        """Nothing is staged and nothing waits."""
        return self._open is None and self._closing is None and not self._waiting

    @property
    def has_waiting(self) -> bool:
        """An article waits for what another batch makes of its original."""
        return bool(self._waiting)

    def age(self) -> float:
        """Give the seconds since the open batch got its first row; 0 where there is none."""
        return time.monotonic() - self._open.opened_at if self._open else 0.0

    async def submit(self, item: Cleaned | Ended) -> Row | None:
        """Stage the item's row; None: its article waits."""
        captures = item.captures if isinstance(item, Cleaned) else ()
        pages = await pack_pages(self._gate, captures, item.visit.token)
        row = await self._patience.see_through(lambda: self._stage(item, pages))
        batch = self._open
        if batch is not None:
            await self._patience.see_through(lambda: batch.spool.flush(only_full=True))
            if self._open is not None and self._open.is_full():
                await self.commit()
        return row

    async def _stage(self, item: Cleaned | Ended, pages: tuple[PackedPage, ...]) -> Row | None:
        if isinstance(item, Cleaned) and isinstance(item.result, Article):
            # The URL as claimed, whatever the page's request became by redirects.
            record = {
                **to_record(item.result, visit=item.visit.token),
                "url": item.visit.url,
                "site": item.visit.site,
            }
            candidate = Candidate(
                visit=item.visit,
                fetched_at=item.fetched_at,
                status=item.status,
                record=record,
                sketch=await find_sketch(item.result, record),
                pages=pages,
            )
            row = await self._stage_article(candidate)
            if row is None:
                self._waiting.append(candidate)
        else:
            record, version = to_row(item), self._takedowns.version
            if hit := self._takedowns.find(to_subject(record)):
                record, pages = blocked_row(item.visit, fetched_at=item.fetched_at, entry=hit.entry), ()
            row = self._stage_outcome(item.visit, item.fetched_at, record, version, pages)
        return row

    def _stage_outcome(
        self,
        visit: Visit,
        fetched_at: datetime,
        record: dict[str, Any],
        version: int,
        pages: tuple[PackedPage, ...] = (),
    ) -> Row:
        batch = self._open_batch(version)
        batch.add(
            batch.spool.append(to_visit_mark(visit, record["outcome"], fetched_at), record, pages=pages)
        )
        batch.reasons[visit.token] = record["reason"]
        self.counts[record["outcome"], record["reason"]] += 1
        return Row(outcome=record["outcome"], record=record)

    async def block(self, visit: Visit) -> None:
        """End a visit that a takedown forbids to make."""
        moment, version = datetime.now(UTC), self._takedowns.version
        hit = self._takedowns.find_url(visit.url, visit.site)
        record = blocked_row(visit, fetched_at=moment, entry=hit.entry if hit else None)

        async def stage() -> Row:
            return self._stage_outcome(visit, moment, record, version)

        await self._patience.see_through(stage)

    async def reconsider(self) -> None:
        """Stage what waited, as far as the batches it waited for are decided."""
        async with self._reconsidering:
            for candidate in list(self._waiting):
                if candidate.visit.token in self._held:
                    stage = partial(self._stage_article, candidate)
                    row = await self._patience.see_through(stage)
                    if row is None:
                        continue
                self._waiting.remove(candidate)

    async def commit(self) -> None:
        """Close the open batch and bring it into the log."""
        async with self._turn:
            batch, self._open = self._open, None
            if batch is None:
                return
            self._closing = batch
            try:
                again = await self._publish(batch)
            finally:
                self._closing = None
                batch.spool.close()
            self._waiting.extend(again)

    async def _stage_article(self, candidate: Candidate) -> Row | None:
        version = self._takedowns.version
        if hit := self._takedowns.find(to_subject(candidate.record)):
            await self._take_down_copies({candidate.record["content_hash"]: hit})
            record = blocked_row(
                candidate.visit, fetched_at=candidate.fetched_at, entry=hit.entry, of=candidate.id
            )
            return self._stage_outcome(candidate.visit, candidate.fetched_at, record, version)
        rule = self._gate.policy.near
        trace = candidate.to_trace(rule)
        known = await look(self._gate, candidate, trace)
        # No await from here to the append: what is staged here cannot change in between.
        staged = self._find_staged(candidate, trace)
        verdict = decide(candidate.id, known, staged, publish_near=rule.publish)
        if verdict is None:
            return None
        record = to_article_row(candidate, verdict, known)
        if verdict.outcome != "article" and (hit := self._takedowns.find(to_subject(record))):
            # Nearly the same as what is taken down.
            record = blocked_row(
                candidate.visit, fetched_at=candidate.fetched_at, entry=hit.entry, of=verdict.of
            )
            return self._stage_outcome(candidate.visit, candidate.fetched_at, record, version)
        mark = to_visit_mark(candidate.visit, verdict.outcome, candidate.fetched_at)
        if verdict.revision is not None:
            mark, trace = (
                to_article_mark(mark, candidate, verdict),
                to_settled_trace(trace, candidate, verdict),
            )
        batch = self._open_batch(version)
        if verdict.outcome == "article" and begins_life(mark.revision):
            batch.published[mark.token] = find_published(candidate.visit.listed, candidate.record)
        batch.add(
            batch.spool.append(
                mark,
                record,
                status=candidate.status,
                original=verdict.original,
                article=candidate.record if verdict.original else None,
                trace=trace,
                pages=candidate.pages,
            )
        )
        self.counts[verdict.outcome, None] += 1
        return Row(outcome=verdict.outcome, record=record)

    @property
    def _takedowns(self) -> Takedowns:
        return self._gate.log.takedowns

    def _open_batch(self, version: int) -> Batch:
        if self._open is None:
            self._open = Batch(spool=self._staging.open_spool(), opened_at=time.monotonic(), checked=version)
        self._open.checked = min(self._open.checked, version)
        return self._open

    def _find_staged(self, candidate: Candidate, trace: Trace) -> Staged:
        here, before = self._open, self._closing
        rule = self._gate.policy.near
        return Staged(
            same_id=here.by_id.get(candidate.id) if here else None,
            same_text=here.by_text.get(candidate.text) if here else None,
            near=here.near.find(trace, rule) if here else None,
            is_busy=before is not None and (candidate.id in before.by_id or candidate.text in before.by_text),
            is_near_busy=before is not None and before.near.find(trace, rule) is not None,
        )

    async def _publish(self, batch: Batch) -> list[Candidate]:
        """Prepare, publish and settle the batch; gives the articles that must say something else."""
        rows, again = batch.rows, list[Candidate]()
        while rows:
            rows = await self._withhold(batch, rows, again)
            if not rows:
                break
            epoch, name = self._gate.epoch, new_name()
            files = await self._write_files(name, batch, rows)
            try:
                reasons = await prepare(self._gate, epoch, name, rows)
            except GateClosedError:
                await self._staging.drop(files.paths)
                await self._gate.reopen(epoch)
                continue
            if reasons:
                await self._staging.drop(files.paths)
                again += await self._cut(batch, rows, reasons)
                rows = [row for index, row in enumerate(rows, 1) if index not in reasons]
                if not rows:
                    await self._gate.call("abort", name, "")
                    break
                files = await self._write_files(name, batch, rows)
            is_settled = await self._decide(epoch, name, batch, rows, files)
            await self._staging.drop(files.paths)
            if is_settled:
                await remember_pages(self._gate, files.originals)
                self.has_blocked |= REASON in batch.reasons.values()
                settled_at = time.time()
                for row in rows:
                    self._held.pop(row.mark.token, None)
                    if published_at := batch.published.get(row.mark.token):
                        self.freshness.note(row.mark.site, published_at, settled_at)
                break
        return again

    async def _write_files(self, name: str, batch: Batch, rows: Sequence[StagedRow]) -> StagedFiles:
        return await self._patience.see_through(
            lambda: self._staging.write_files(name, batch.spool, rows, is_forbidden=self._takedowns.forbids)
        )

    async def _cut(
        self, batch: Batch, rows: Sequence[StagedRow], reasons: Mapping[int, bytes]
    ) -> list[Candidate]:
        """Find which refused rows are to be decided again; the others are another worker's visits by now."""
        again = []
        for index, reason in reasons.items():
            row = rows[index - 1]
            self._uncount(batch, row)
            visit = self._held.get(row.mark.token)
            if reason == b"claim":
                self._held.pop(row.mark.token, None)
            elif visit is not None:
                again.append(
                    Candidate(
                        visit=visit,
                        fetched_at=row.mark.fetched_at,
                        status=row.status,
                        record=await self._patience.see_through(partial(batch.spool.article, row)),
                        sketch=row.trace.sketch if row.trace is not None else b"",
                        pages=await self._patience.see_through(partial(batch.spool.pages, row)),
                    )
                )
        return again

    async def _withhold(self, batch: Batch, rows: list[StagedRow], again: list[Candidate]) -> list[StagedRow]:
        """Give the rows that may be published; those taken down say only that."""
        log, version = self._gate.log, self._takedowns.version
        withheld = await find_withheld(log, batch.spool, rows, checked=batch.checked)
        batch.checked = version
        if not withheld:
            return rows
        again += await self._cut(batch, rows, {place + 1: b"original" for place in withheld.dependent})
        late = [visit for place in withheld.late if (visit := self._held.pop(rows[place].mark.token, None))]
        await self._links.give_back(late)
        for place in withheld.late:
            self._uncount(batch, rows[place])
        texts: dict[str, Hit] = {}
        kept = []
        for place, row in enumerate(rows):
            hit = withheld.hits.get(place)
            if hit is not None and (visit := self._held.get(row.mark.token)):
                if row.mark.outcome == "article":
                    texts[row.mark.text.hex()] = hit
                kept.append(self._stage_block(batch, row, visit, hit))
            elif hit is None and place not in withheld.late | withheld.dependent:
                kept.append(row)
        await self._take_down_copies(texts)
        return kept

    def _stage_block(self, batch: Batch, row: StagedRow, visit: Visit, hit: Hit) -> StagedRow:
        self._uncount(batch, row)
        of = row.mark.id if row.mark.outcome == "article" else None
        record = blocked_row(visit, fetched_at=row.mark.fetched_at, entry=hit.entry, of=of)
        batch.reasons[visit.token] = record["reason"]
        self.counts[record["outcome"], record["reason"]] += 1
        return batch.spool.append(to_visit_mark(visit, record["outcome"], row.mark.fetched_at), record)

    async def _take_down_copies(self, texts: Mapping[str, Hit]) -> None:
        """Take down the texts that were about to be published, since whoever looks for copies could not find them."""
        for text, hit in texts.items():
            if not self._takedowns.knows("text", text):
                reason = f"text of entry {hit.entry}"
                match = Match(by="text", values=[text])
                await append_takedown(self._gate.log, match, reason, of=hit.entry)

    def _uncount(self, batch: Batch, row: StagedRow) -> None:
        self.counts[row.mark.outcome, batch.reasons.get(row.mark.token)] -= 1

    async def _decide(
        self, epoch: int, name: str, batch: Batch, rows: Sequence[StagedRow], files: StagedFiles
    ) -> bool:
        """Publish a prepared batch; False: the log has decided against it, its rows are to be prepared anew."""
        log = self._gate.log
        await self._staging.publish(log.objects, files.paths)

        def make() -> Commit | None:
            if name in log.aborted or log.epoch > epoch or not is_current(log, rows, batch.checked):
                return None
            return Commit(
                batch=name,
                epoch=epoch,
                adds=files.parts,
                archives=files.archives,
                created_at=to_timestamp(datetime.now(UTC)),
            )

        sequence = await log.append(make)
        if sequence is None:
            if not is_current(log, rows, batch.checked):
                # Nobody else can publish this name, and what is taken down must not be left there.
                for path in files.paths:
                    await log.objects.delete(path)
            if log.epoch > epoch:
                await self._gate.reopen(epoch)
            else:
                await self._gate.call("abort", name, log.aborted.get(name, ""))
            return False
        try:
            await self._gate.settle_rows(epoch, "settle", name, sequence, pack_settled(rows))
        except GateClosedError:
            # The commit stands before the next epoch's entry: its replay settles it.
            await self._gate.reopen(epoch)
        return True
