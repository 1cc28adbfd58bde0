"""What Redis says of articles and rows, on their way from a candidate to a settled row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.changes import find_changes, to_print
from pipelines.dedupe import Known
from pipelines.near import VALUES, Near
from pipelines.outcomes import to_outcome_row
from pipelines.recover import PackedRows
from pipelines.seen import to_check, url_digest
from pipelines.staged import pack
from pipelines.traces import NONE, TRACES_AT_ONCE, pack_traces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.dedupe import Verdict
    from pipelines.parts import StagedRow
    from pipelines.recover import Gate
    from pipelines.seen import Mark
    from pipelines.staged import Candidate
    from pipelines.traces import Trace


async def look(gate: Gate, candidate: Candidate, trace: Trace) -> Known:
    """Read what is known of an article: a hint, since it may change before the row is prepared."""
    answer = await gate.call(
        "look",
        url_digest(candidate.visit.url),
        candidate.id,
        candidate.text[:10],
        to_check(candidate.record),
        gate.policy.packed_rule(),
        trace.packed(),
    )
    revision, follows, is_owner, is_same, text_id, busy, near_id, same, is_named, before = answer
    return Known(
        revision=revision,
        follows=follows,
        is_owner=bool(is_owner),
        is_same=bool(is_same),
        text_id=text_id or None,
        near=Near(id=near_id, similarity=same / VALUES, is_named=bool(is_named)) if near_id else None,
        print=before,
        is_busy=busy > 0,
    )


def to_article_row(candidate: Candidate, verdict: Verdict, known: Known) -> dict[str, Any]:
    """The row of a clean article: its record, or the outcome that says what it is instead."""
    near, record = verdict.near, candidate.record
    if verdict.outcome != "article":
        return to_outcome_row(
            candidate.visit,
            outcome=verdict.outcome,
            fetched_at=candidate.fetched_at,
            status=candidate.status,
            evidence=_to_evidence(near, record),
            of=verdict.of,
            alike=verdict.alike,
            near=near,
        )
    return {
        **record,
        "revision": verdict.revision,
        "changes": find_changes(known.print, record) if known.print else None,
        "duplicate_of": near.id.hex() if near else None,
        "similarity": round(near.similarity, 3) if near else None,
        "cluster": near.id.hex() if near else record["id"],
    }


def to_article_mark(mark: Mark, candidate: Candidate, verdict: Verdict) -> Mark:
    """The mark of an article's row, from that of its visit."""
    return replace(
        mark,
        revision=verdict.revision or 0,
        id=candidate.id,
        text=candidate.text,
        check=to_check(candidate.record),
    )


def to_settled_trace(trace: Trace, candidate: Candidate, verdict: Verdict) -> Trace:
    """The trace of an article's row, with all that is remembered of it."""
    revision = verdict.revision or 0
    return replace(
        trace,
        revision=revision,
        of=verdict.near.id if verdict.near else NONE,
        print=to_print(candidate.record, revision),
    )


async def prepare(gate: Gate, epoch: int, name: str, rows: Sequence[StagedRow]) -> dict[int, bytes]:
    """Mark the rows of a batch as about to be published; gives the reason of each refused one by its place from 1.

    Raises GateClosedError where the epoch is over.
    """
    refused = await _prepare_near(gate, epoch, name, rows)
    places = [place for place in range(1, len(rows) + 1) if place not in refused]
    if places:
        left = pack([rows[place - 1] for place in places])
        answer = await gate.call_in(epoch, "prepare", name, gate.worker_id, gate.lease_ms, left)
        reasons = zip(answer[::2], answer[1::2], strict=True)
        refused |= {places[number - 1]: reason for number, reason in reasons}
    return refused


def pack_settled(rows: Sequence[StagedRow]) -> PackedRows:
    """Give the rows of a published batch as the scripts take them that remember it."""
    return PackedRows(pack(rows), pack_traces(trace for _, trace in _traced(rows)))


async def _prepare_near(gate: Gate, epoch: int, name: str, rows: Sequence[StagedRow]) -> dict[int, bytes]:
    """Do the same for what nearly the same articles are found by."""
    traced = [(place, trace) for place, trace in _traced(rows) if trace.bands]
    refused: dict[int, bytes] = {}
    rule, first = gate.policy.packed_rule(), 0
    for traces in pack_traces(trace for _, trace in traced):
        answer = await gate.call_in(
            epoch, "near_prepare", name, gate.worker_id, gate.lease_ms, rule, first, traces
        )
        reasons = zip(answer[::2], answer[1::2], strict=True)
        refused |= {traced[number][0]: reason for number, reason in reasons}
        first += TRACES_AT_ONCE
    cut = {rows[place - 1] for place in refused}
    for place, row in enumerate(rows, 1):
        if row.original in cut and row not in cut:
            refused[place] = b"original"
            cut.add(row)
    return refused


def _traced(rows: Sequence[StagedRow]) -> list[tuple[int, Trace]]:
    """Place, from 1, and trace of each row that publishes an article."""
    return [
        (place, row.trace)
        for place, row in enumerate(rows, 1)
        if row.mark.outcome == "article" and row.trace is not None
    ]


def _to_evidence(near: Near | None, record: Mapping[str, Any]) -> str | None:
    if near is None or not near.is_named:
        return None
    named = record["syndicated_from"]
    return f"names {named} as its original" if named else "is named as the original of that article"
