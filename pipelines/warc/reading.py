"""The pages of a WARC file as inputs to clean: HTML answers with status 200, each with the place where it stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cleaners.models import Document
from pipelines.decompress import DecodingError
from pipelines.given import ArchivePlace, Input, InputError
from pipelines.warc.digests import is_digest_of
from pipelines.warc.filters import Filters
from pipelines.warc.http import NoHttpError, decode_body, read_message, unchunk
from pipelines.warc.members import DamagedError, read_start
from pipelines.warc.places import naming, open_place
from pipelines.warc.records import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.warc.http import Message
    from pipelines.warc.members import RawFile
    from pipelines.warc.records import Record

_EVERYTHING = Filters()
_ARC_START = b"filedesc:"
_OK = 200


class NoPagesError(InputError):
    """A WARC file that was read to its end and holds no response."""


@dataclass(slots=True, kw_only=True)
class ReadReport:
    """What was read, counted over all files that it is given to."""

    files: int = 0
    """Files begun."""
    records: int = 0
    responses: int = 0
    pages: int = 0
    """Responses that became inputs."""
    left_out: Counter[str] = field(default_factory=Counter)
    """The others by reason: a record's type, or a word of docs/archives.md."""
    without_pages: list[str] = field(default_factory=list)
    """Files without a response."""


def read_warc(
    name: str,
    *,
    filters: Filters = _EVERYTHING,
    report: ReadReport | None = None,
    after: ArchivePlace | None = None,
    span: tuple[int, int] | None = None,
) -> Iterator[Input]:
    """Read the pages of one file, a path or an address, in their order; memory holds one record.

    `span`: only records that begin between these places, the second one not included; the first one is any place in a
    compressed file, that of a record in another. No response among them is no error then.

    A body that cannot be decoded is an input with a fault. `after`: the place of the last input that is done with; what
    follows it is given. Raises InputError, one line, where the file cannot be read on or is no WARC, and NoPagesError at
    its end where it holds no response.
    """
    report = report if report is not None else ReadReport()
    report.files += 1
    responses = report.responses
    with naming(name):
        raw = open_place(name)
        try:
            _check_start(raw, name)
            yield from _read_pages(raw, name, filters, report, span or after)
        except DamagedError as error:
            raise InputError(f"{name}: cannot be read: {error}") from error
        finally:
            raw.close()
    if report.responses == responses and after is None and span is None:
        report.without_pages.append(name)
        damaged = (
            f" that can be read ({report.left_out['damaged']} damaged)" if report.left_out["damaged"] else ""
        )
        raise NoPagesError(f"{name}: holds no response of a server{damaged}, so no page")


def _check_start(raw: RawFile, name: str) -> None:
    start = read_start(raw)
    if start.startswith(_ARC_START):
        raise InputError(f"{name}: is an ARC, the format before WARC, which is not read: convert it first")
    if start and not start.startswith(b"WARC/"):
        raise InputError(f"{name}: is no WARC file: it begins with {start[:20]!r}")


def _read_pages(
    raw: RawFile,
    name: str,
    filters: Filters,
    report: ReadReport,
    where: ArchivePlace | tuple[int, int] | None,
) -> Iterator[Input]:
    after = where if isinstance(where, ArchivePlace) else None
    offset, end = where if isinstance(where, tuple) else (after.offset if after else 0, None)
    is_behind = after is None
    for record in read_records(raw, report.left_out, offset=offset, end=end, wants=_is_response):
        if end is not None and record.offset >= end:
            return
        if not is_behind:
            # Of several records in one member all have its offset.
            is_behind = after is not None and record.id == after.record_id
            if is_behind or (after is not None and record.offset == after.offset):
                continue
            is_behind = True
        report.records += 1
        if record.type != "response":
            report.left_out[record.type or "no_type"] += 1
            continue
        report.responses += 1
        given = _to_input(record, name, filters)
        if isinstance(given, str):
            report.left_out[given] += 1
            continue
        report.pages += 1
        yield given


def _is_response(kind: str) -> bool:
    return kind == "response"


def _to_input(record: Record, name: str, filters: Filters) -> Input | str:
    """Make the input of a response, or say in one word why it is left out."""
    url, fetched_at = record.url, read_date(record.headers.get("warc-date", ""))
    if not url.startswith(("http://", "https://")):
        return "no_http"
    if "warc-truncated" in record.headers:
        return "truncated"
    if objection := filters.find_objection(url, fetched_at):
        return objection
    try:
        message = read_message(record.block)
    except NoHttpError:
        return "no_http"
    if message.status != _OK:
        return "status"
    if objection := filters.find_objection_to_type(message):
        return objection
    given = Input(
        where=f"{name}, offset {record.offset}",
        url=url,
        fetched_at=fetched_at,
        archive=ArchivePlace(file=name, offset=record.offset, record_id=record.id),
    )
    try:
        return _with_page(given, record, message, filters)
    except DecodingError as error:
        return replace(given, fault=error.reason, evidence=str(error))


def _with_page(given: Input, record: Record, message: Message, filters: Filters) -> Input | str:
    sent = unchunk(message)
    if not _is_payload(record, message, sent):
        return "digest"
    body = decode_body(message, sent)
    if not body.strip():
        return "empty"
    if objection := filters.find_objection_to_language(message, body):
        return objection
    page = Document(
        url=record.url,
        requested_url=record.url,
        fetched_at=given.fetched_at or datetime.now(UTC),
        headers=message.cleaned_headers(),
        body=body,
    )
    return replace(given, page=page)


def _is_payload(record: Record, message: Message, sent: bytes) -> bool:
    """Say whether the payload is the one that its digest was made of, where no digest of the whole block has said so.

    Writers do not agree whether a payload is what was sent with its transfer encoding or without: both are tried.
    """
    digest = record.headers.get("warc-payload-digest", "")
    if not digest or "warc-block-digest" in record.headers:
        return True
    return is_digest_of(digest, message.body) is not False or is_digest_of(digest, sent) is not False


def read_date(text: str) -> datetime | None:
    """Read a record's date, such as `2026-04-14T08:00:00Z`; None: it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
