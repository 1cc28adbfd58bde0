"""The task: a span of an input becomes clean articles and other outcomes. The same function in a process pool and on Ray."""

from __future__ import annotations

import io
import signal
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from cleaners.models import Article, Listed, Rejection, article_id
from pipelines.given import Input, InputError
from pipelines.held_batch import Outcome
from pipelines.inputs import MAX_LINE_BYTES, decompress, find_kind, naming, read_whole
from pipelines.lines import read_line
from pipelines.opt_out import find_reservation
from pipelines.outcomes import to_outcome_row
from pipelines.pages import clean_and_sketch
from pipelines.pool import PAGE_SECONDS, CleanPool
from pipelines.record import to_record, to_timestamp
from pipelines.sketched import SketchedArticle
from pipelines.spans.span import Cleaned, Span, visit_token
from pipelines.staged import Candidate
from pipelines.visits import Visit
from pipelines.warc.reading import ReadReport, read_warc
from pipelines.worker import page_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pipelines.outcomes import Outcome as Outcomes
    from pipelines.worker import Page, Result

_CLOCK_SECONDS = 60.0
"""As long as that a page may take by the clock: then it waits for something that never comes."""


def clean_span(span: Span) -> Cleaned:
    """Clean a span. A page that takes too long ends the process: the span is to be given again, isolated then."""
    # A worker of the pool gives a job the time of one page; here each page gets its own.
    signal.setitimer(signal.ITIMER_PROF, 0)
    report = ReadReport()
    items: list[Candidate | Outcome] = []
    try:
        with _cleaner(is_isolated=span.is_isolated) as clean:
            for token, moment, given in _read(span, report):
                result = clean(given.page) if given.page is not None else None
                items.append(_to_item(span, token, moment, given, result))
    except InputError as error:
        return Cleaned(report=report, error=str(error))
    return Cleaned(items=tuple(items), report=report)


@contextmanager
def _cleaner(*, is_isolated: bool) -> Iterator[Callable[[Page], Result]]:
    if not is_isolated:
        yield _clean_here
        return
    with CleanPool(1, cleaner="pipelines.pages:clean_and_sketch") as pool:
        yield lambda page: pool.submit(page).result()


def _clean_here(page: Page) -> Result:
    # The kernel ends the process when a page's time is over, even inside C code: neither signal has a handler.
    signal.setitimer(signal.ITIMER_PROF, PAGE_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, _CLOCK_SECONDS)
    try:
        return clean_and_sketch(page)
    except Exception as error:  # noqa: BLE001 -- a bug of ours, which costs this page only
        url, requested_url = page_urls(page)
        summary = f"{type(error).__name__}: {error}"[:300]
        return Rejection(reason="parser_crash", evidence=summary, url=url, requested_url=requested_url)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(span: Span, report: ReadReport) -> Iterator[tuple[str, datetime, Input]]:
    """All that stands in the span: with the name of its visit, and when it was fetched at the latest."""
    if span.kind == "pages":
        for read, written_at in zip(span.reads, span.written_at, strict=True):
            with naming(read.name):
                body = Path(read.name).read_bytes()
            given = read_whole(_plain(body, read.name), read.name, find_kind(Path(read.name)), by=written_at)
            yield visit_token(read.input, "0"), written_at, given
        return
    (read,), (written_at,) = span.reads, span.written_at
    if span.kind == "warc":
        places = set[str]()
        for given in read_warc(
            read.name, filters=span.how.filters, report=report, span=(read.start, read.end)
        ):
            assert given.archive is not None, "what stands in a WARC has its place"
            place = f"{given.archive.offset} {given.archive.record_id}"
            while place in places:
                # Several records of one member may even have one name.
                place += "'"
            places.add(place)
            yield visit_token(read.input, place), given.fetched_at or written_at, given
        return
    for start, line in span.lines if span.lines is not None else _read_lines(read.name, read.start, read.end):
        where = f"{read.name}, at {start}"
        if line is None:
            evidence = f"the line is longer than {MAX_LINE_BYTES // 1024**2} MiB"
            given = Input(where=where, fault="too_large", evidence=evidence)
        elif not line.strip():
            continue
        else:
            given = read_line(line, where, span.how.lines, by=written_at)
        yield visit_token(read.input, str(start)), given.fetched_at or written_at, given


def _plain(body: bytes, name: str) -> bytes:
    with naming(name):
        return decompress(io.BufferedReader(cast("io.RawIOBase", io.BytesIO(body)))).read()


def _read_lines(name: str, start: int, end: int) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a plain file that begin between two places."""
    with naming(name), Path(name).open("rb") as stream:
        place = start
        if start:
            # The line that the byte before belongs to is another span's.
            stream.seek(start - 1)
            place -= 1
            while (skipped := stream.readline(MAX_LINE_BYTES)) and not skipped.endswith(b"\n"):
                place += len(skipped)
            place += len(skipped)
        while place < end and (line := stream.readline(MAX_LINE_BYTES)):
            is_long = len(line) == MAX_LINE_BYTES and not line.endswith(b"\n")
            yield place, None if is_long else line
            place += len(line)
            while is_long and not line.endswith(b"\n") and (line := stream.readline(MAX_LINE_BYTES)):
                place += len(line)


def _to_item(
    span: Span, token: str, moment: datetime, given: Input, result: Result | None
) -> Candidate | Outcome:
    # What has no address is known by its visit.
    url = given.url or UUID(token).urn
    host = urlsplit(given.url).hostname if given.url else None
    visit = Visit(url=url, token=token, site=host or "", attempt=1, listed=Listed(url=url))
    status = 200 if span.kind == "warc" else None
    where = asdict(given.archive) if given.archive is not None else None
    outcome: Outcomes = "rejected"
    if isinstance(result, Article):
        reserved = find_reservation(result.metadata.opt_out, span.how.opt_out)
        if reserved is None:
            return _to_candidate(visit, moment, status, result, where)
        outcome, reason, evidence = "blocked", "opt_out", reserved
    elif result is None:
        reason, evidence = given.fault, given.evidence
    else:
        reason, evidence = result.reason, result.evidence
    row = to_outcome_row(
        visit, outcome=outcome, fetched_at=moment, status=status, reason=reason, evidence=evidence
    )
    return Outcome(visit=visit, fetched_at=moment, row=row | {"archive": where})


def _to_candidate(
    visit: Visit, moment: datetime, status: int | None, result: Article, place: dict[str, Any] | None
) -> Candidate:
    record = to_record(result, visit=visit.token)
    record |= {"url": visit.url, "site": visit.site, "fetched_at": to_timestamp(moment), "archive": place}
    if not result.metadata.canonical_url:
        record |= {"id": article_id(visit.url), "canonical_url": visit.url, "final_url": None}
    sketch = result.sketch if isinstance(result, SketchedArticle) else b""
    return Candidate(visit=visit, fetched_at=moment, status=status, record=record, sketch=sketch)
