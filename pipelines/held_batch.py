"""A batch of a folder's only writer: each row is decided by what is known, and by the rows before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipelines.dedupe import Staged, decide
from pipelines.judged import to_article_mark, to_article_row, to_settled_trace
from pipelines.near_index import NearIndex
from pipelines.seen import to_check, url_digest
from pipelines.staged import Candidate, to_visit_mark
from pipelines.takedown import append_takedown, blocked_row
from pipelines.takedowns import Match, to_subject
from pipelines.traces import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pipelines.dedupe import Known
    from pipelines.held import Held
    from pipelines.log import Read
    from pipelines.near import Near
    from pipelines.parts import Spool, StagedRow
    from pipelines.takedowns import Hit
    from pipelines.traces import Trace
    from pipelines.visits import Visit

# What a site or a prefix takes down speaks for itself only: see pipelines/takedown.py.
_FOLLOWED = ("url", "id", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A visit that brought no article."""

    visit: Visit
    fetched_at: datetime
    row: dict[str, Any]
    """As `pipelines.outcomes.to_outcome_row` makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """The last revision of an article that this batch publishes."""

    revision: int
    check: bytes
    owner: bytes
    """The digest of the URL that publishes it; empty: it was known before this batch."""
    print: bytes


@dataclass(slots=True, kw_only=True)
class HeldBatch:
    """Rows that are committed at once."""

    held: Held
    spool: Spool
    checked: int
    """The version of the takedowns that every row was held against."""
    rows: list[StagedRow] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    _by_id: dict[bytes, _Here] = field(default_factory=dict)
    _by_text: dict[bytes, bytes] = field(default_factory=dict)
    _near: dict[int, NearIndex[StagedRow]] = field(default_factory=dict)
    """By the day of the fetch, as Redis has them."""

    async def add(self, items: Sequence[Candidate | Outcome]) -> list[dict[str, Any]]:
        """Stage a row for each item, in their order, and give the rows."""
        rule = self.held.policy.near
        candidates = [item for item in items if isinstance(item, Candidate)]
        traces = [candidate.to_trace(rule) for candidate in candidates]
        known = iter(zip(await self.held.look(candidates, traces), traces, strict=True))
        rows = []
        for item in items:
            if isinstance(item, Outcome):
                rows.append(await self._add_outcome(item))
            else:
                rows.append(await self._add_article(item, *next(known)))
        await self.spool.flush(only_full=True)
        return rows

    async def add_revision(self, candidate: Candidate, row: dict[str, Any], trace: Trace) -> bool:
        """Stage a further revision of a published article, whatever it is alike to; False: another has the same text."""
        if self.held.log.takedowns.find(to_subject(row)):
            return False
        (known,) = await self.held.look([candidate], [trace])
        text_id = self._with_staged(candidate, known).text_id
        if text_id is not None and text_id != candidate.id:
            return False
        self._by_text.setdefault(candidate.text[:10], candidate.id)
        mark = replace(
            to_visit_mark(candidate.visit, "article", candidate.fetched_at),
            revision=row["revision"],
            id=candidate.id,
            text=candidate.text,
            check=to_check(row),
        )
        self.rows.append(self.spool.append(mark, row, status=candidate.status, trace=trace))
        await self.spool.flush(only_full=True)
        return True

    def close(self) -> None:
        """Remove what was staged."""
        self.spool.close()

    async def _add_outcome(self, item: Outcome) -> dict[str, Any]:
        if hit := self.held.log.takedowns.find(to_subject(item.row)):
            return self._block(item.visit, item.fetched_at, hit)
        return self._stage_outcome(item.visit, item.fetched_at, item.row)

    async def _add_article(self, candidate: Candidate, known: Known, trace: Trace) -> dict[str, Any]:
        takedowns = self.held.log.takedowns
        if hit := takedowns.find(to_subject(candidate.record)):
            await self._take_down_text(candidate, hit)
            return self._block(candidate.visit, candidate.fetched_at, hit, of=candidate.id)
        known = self._with_staged(candidate, known)
        near = self._find_near(trace)
        publish = self.held.policy.near.publish
        verdict = decide(candidate.id, known, _staged(near), publish_near=publish)
        assert verdict is not None, "nobody else is about to publish anything"
        row = to_article_row(candidate, verdict, known)
        if verdict.outcome != "article":
            if hit := takedowns.find(to_subject(row)):
                return self._block(candidate.visit, candidate.fetched_at, hit, of=verdict.of)
            return self._stage_outcome(candidate.visit, candidate.fetched_at, row)
        mark = to_article_mark(
            to_visit_mark(candidate.visit, "article", candidate.fetched_at), candidate, verdict
        )
        trace = to_settled_trace(trace, candidate, verdict)
        staged = self.spool.append(mark, row, status=candidate.status, trace=trace)
        self.rows.append(staged)
        is_first = not known.revision
        self._by_id[candidate.id] = _Here(
            revision=mark.revision,
            check=mark.check,
            owner=mark.digest if is_first else self._owner(candidate.id),
            print=trace.print,
        )
        self._by_text.setdefault(candidate.text[:10], candidate.id)
        # What is nearly the same as one before it is found by that one.
        if trace.of == NONE:
            self._near.setdefault(_day(trace), NearIndex()).add(trace, staged)
        return row

    def _find_near(self, trace: Trace) -> tuple[StagedRow, Near] | None:
        """Find the earliest row of the days around it that it is nearly the same as: see scripts/near.lua."""
        rule, day = self.held.policy.near, _day(trace)
        days = [self._near[each] for each in range(day - rule.days, day + 2) if each in self._near]
        found = [near for index in days if (near := index.find(trace, rule)) is not None]
        return min(found, key=lambda near: near[0].mark.fetched_at, default=None)

    def _owner(self, name: bytes) -> bytes:
        here = self._by_id.get(name)
        return here.owner if here else b""

    def _with_staged(self, candidate: Candidate, known: Known) -> Known:
        """What is known once the rows before are published."""
        text_id = known.text_id or self._by_text.get(candidate.text[:10])
        here = self._by_id.get(candidate.id)
        if here is None:
            return replace(known, text_id=text_id)
        is_owner = url_digest(candidate.visit.url)[:3] == here.owner[:3] if here.owner else known.is_owner
        return replace(
            known,
            revision=here.revision,
            follows=here.revision,
            is_owner=is_owner,
            is_same=text_id == candidate.id and here.check == to_check(candidate.record),
            text_id=text_id,
            print=here.print,
        )

    def _stage_outcome(self, visit: Visit, fetched_at: datetime, row: dict[str, Any]) -> dict[str, Any]:
        self.rows.append(self.spool.append(to_visit_mark(visit, row["outcome"], fetched_at), row))
        return row

    def _block(self, visit: Visit, fetched_at: datetime, hit: Hit, of: bytes | None = None) -> dict[str, Any]:
        row = blocked_row(visit, fetched_at=fetched_at, entry=hit.entry, of=of)
        return self._stage_outcome(visit, fetched_at, row)

    async def _take_down_text(self, candidate: Candidate, hit: Hit) -> None:
        """Take down the text of what is taken down, since whoever looks for copies could not find it."""
        takedowns, text = self.held.log.takedowns, candidate.record["content_hash"]
        if hit.by not in _FOLLOWED or takedowns.knows("text", text):
            return
        before = takedowns.version
        match = Match(by="text", values=[text])
        await append_takedown(self.held.log, match, f"text of entry {hit.entry}", of=hit.entry)
        if takedowns.version == before + 1 and candidate.text[:10] not in self._by_text:
            # No row before this one has that text: they need not be held against it.
            self.checked = takedowns.version


def _day(trace: Trace) -> int:
    return int(trace.fetched_at.timestamp()) // 86_400


def _staged(near: tuple[StagedRow, Near] | None) -> Staged:
    return Staged(same_id=None, same_text=None, near=near, is_busy=False, is_near_busy=False)
