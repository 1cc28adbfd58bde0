"""The record that is published for an article: its fields, in their order, and how a line is written.

docs/output.md describes every field. A field is always there and always of one type, so that any reader finds
the same columns in an empty, a short and a full record: an absent scalar is null, an absent list is [].
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypedDict, cast

import msgspec

from cleaners.models import BlockKind  # noqa: TC001 - schema and exports read the rows' types
from cleaners.words import count_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cleaners.models import Article, Block, Metadata, Removal

SCHEMA_VERSION: Final = 1
"""Raised when a field goes, changes its type or its meaning; a new field does not raise it."""

# A lone surrogate has no UTF-8 form, and PostgreSQL's text and jsonb refuse U+0000.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")

# Python's str.splitlines, JavaScript before 2019 and many log shippers end a line at these three.
_LINE_ENDS = ((b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"), (b"\xc2\x85", rb"\u0085"))

_encode_json = msgspec.json.Encoder().encode

Timestamp = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601 with offset."""
Count = Annotated[int, msgspec.Meta(ge=0)]
SchemaVersion = Annotated[int, msgspec.Meta(extra_json_schema={"const": SCHEMA_VERSION})]
Ordinal = Annotated[int, msgspec.Meta(ge=1)]
Hex32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Hex64 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class BlockSpan(TypedDict):
    """Where a block of the article lies in `text`."""

    kind: BlockKind
    level: int | None
    start: Count
    end: Count


class ImageRow(TypedDict):
    """One picture of an article."""

    url: str
    alt: str | None
    caption: str | None
    credit: str | None
    width: int | None
    height: int | None
    lead: bool


class RemovalRow(TypedDict):
    """One thing that cleaning took from the page, or was refused to take."""

    rule: str
    stage: Literal["tree", "extract", "text"]
    where: str
    sample: str
    chars: Count
    refused: bool


class OptOutRow(TypedDict):
    """One piece of evidence that the publisher reserves uses; `agent` is None where it is for everyone."""

    source: str
    agent: str | None
    value: str


class DisagreementRow(TypedDict):
    """What a source said of a field where another source was believed."""

    field: str
    source: str
    value: str


class FieldSources(TypedDict):
    """Where each field of the record came from; None where the field is absent or its source is not recorded."""

    canonical_url: str | None
    title: str | None
    description: str | None
    authors: str | None
    published_at: str | None
    modified_at: str | None
    language: str | None
    direction: str | None
    section: str | None
    tags: str | None
    images: str | None
    publisher: str | None
    site_name: str | None
    licence: str | None
    copyright_holder: str | None
    paywalled: str | None


class CleanerVersion(TypedDict):
    """What cleaned the page: the same three values and the same bytes give the same record."""

    version: str
    rules: str
    trafilatura: str


class ArchiveRow(TypedDict):
    """Where the page that a row was made of stands in a WARC file."""

    file: str
    offset: Count
    record_id: str


class ChangesRow(TypedDict):
    """What a revision changed; characters are counted by whole sentences."""

    fields: list[str]
    chars_added: Count
    chars_removed: Count


class Record(TypedDict):
    """One published article, in field order."""

    id: str
    url: str | None
    final_url: str | None
    canonical_url: str | None
    title: str | None
    description: str | None
    text: str
    word_count: Count
    authors: list[str]
    byline: str | None
    published_at: Timestamp | None
    published_precision: Literal["second", "minute", "day"] | None
    published_zone: Literal["stated", "assumed"] | None
    modified_at: Timestamp | None
    language: str | None
    language_declared: str | None
    language_detected: str | None
    direction: Literal["ltr", "rtl"] | None
    section: str | None
    tags: list[str]
    images: list[ImageRow]
    publisher: str | None
    site_name: str | None
    syndicated_from: str | None
    amp_url: str | None
    print_url: str | None
    first_page_url: str | None
    further_pages: list[str]
    next_page_url: str | None
    licence: str | None
    copyright_holder: str | None
    paywalled: bool | None
    is_live_blog: bool
    corrections: list[str]
    opt_out: list[OptOutRow]
    blocks: list[BlockSpan]
    removals: list[RemovalRow]
    field_sources: FieldSources
    disagreements: list[DisagreementRow]
    content_hash: Hex64
    site: str | None
    fetched_at: Timestamp | None
    outcome: Literal["article"]
    visit: Hex32 | None
    revision: Ordinal | None
    changes: ChangesRow | None
    duplicate_of: Hex32 | None
    similarity: float | None
    cluster: Hex32 | None
    log_entry: Ordinal | None
    archive: ArchiveRow | None
    cleaner: CleanerVersion
    schema_version: SchemaVersion


def to_record(article: Article, *, visit: str | None = None, revision: int | None = None) -> dict[str, Any]:
    """The article as it is published; `visit` and `revision` are None outside a crawl."""
    about = article.metadata
    text, spans = _joined(article.blocks)
    record: Record = {
        "id": article.id,
        "url": article.requested_url,
        "final_url": article.url,
        "canonical_url": about.canonical_url,
        "title": about.title,
        "description": about.description,
        "text": text,
        "word_count": count_words(text),
        "authors": list(about.authors),
        "byline": about.byline,
        "published_at": about.published_at,
        "published_precision": about.published_precision,
        "published_zone": about.published_zone,
        "modified_at": about.modified_at,
        "language": about.language,
        "language_declared": about.language_declared,
        "language_detected": about.language_detected,
        "direction": about.direction,
        "section": about.section,
        "tags": list(about.tags),
        "images": [
            {
                "url": image.url,
                "alt": image.alt,
                "caption": image.caption,
                "credit": image.credit,
                "width": image.width,
                "height": image.height,
                "lead": image.lead,
            }
            for image in about.images
        ],
        "publisher": about.publisher,
        "site_name": about.site_name,
        "syndicated_from": about.syndicated_from,
        "amp_url": about.amp_url,
        "print_url": about.print_url,
        "first_page_url": about.first_page_url,
        "further_pages": list(article.further_pages),
        "next_page_url": about.next_page_url,
        "licence": about.licence,
        "copyright_holder": about.copyright_holder,
        "paywalled": about.paywalled,
        "is_live_blog": about.is_live_blog,
        "corrections": list(about.corrections),
        "opt_out": list(_opt_out(about.opt_out)),
        "blocks": spans,
        "removals": [to_removal_row(removal) for removal in article.removals],
        "field_sources": _field_sources(about.sources),
        "disagreements": list(_disagreements(about)),
        "content_hash": article.content_hash,
        "site": article.site,
        "fetched_at": to_timestamp(article.fetched_at),
        "outcome": "article",
        "visit": visit,
        "revision": revision,
        "changes": None,
        "duplicate_of": None,
        "similarity": None,
        "cluster": None,
        "log_entry": None,
        "archive": None,
        "cleaner": cleaner_version(),
        "schema_version": SCHEMA_VERSION,
    }
    return cast("dict[str, Any]", record)


def to_removal_row(removal: Removal) -> RemovalRow:
    """The removal with its fields by name."""
    return {
        "rule": removal.rule,
        "stage": removal.stage,
        "where": removal.where,
        "sample": removal.sample,
        "chars": removal.chars,
        "refused": removal.refused,
    }


def to_timestamp(moment: datetime) -> str:
    """ISO 8601 to the second, such as `2026-04-14T08:00:00+00:00`; the moment is aware."""
    return moment.isoformat(timespec="seconds")


def encode_line(record: Mapping[str, Any]) -> bytes:
    r"""The record as one line of strict JSON, line feed included.

    NaN and infinity become null; lone surrogates and U+0000 are left out.

    >>> encode_line({"title": "A\u2028B", "share": float("nan")})
    b'{"title":"A\\u2028B","share":null}\n'
    """
    try:
        line = _encode_json(record)
    except UnicodeEncodeError:
        line = _encode_json(_writable(record))
    if rb"\u0000" in line:
        line = _encode_json(_writable(record))
    for raw, escaped in _LINE_ENDS:
        if raw in line:
            line = line.replace(raw, escaped)
    return line + b"\n"


@cache
def cleaner_version() -> CleanerVersion:
    """Our version, the first 12 hex digits of the sha256 of all rule files (the judge is one), and trafilatura's version."""
    digest = hashlib.sha256()
    for name, content in sorted(_rule_files()):
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    try:
        ours = metadata.version("broadsheet")
    except metadata.PackageNotFoundError:
        ours = "0"  # a checkout that was never installed
    return {
        "version": ours,
        "rules": digest.hexdigest()[:12],
        "trafilatura": metadata.version("trafilatura"),
    }


def _rule_files() -> Iterator[tuple[str, bytes]]:
    waiting = [("", resources.files("cleaners").joinpath("rules"))]
    while waiting:
        prefix, folder = waiting.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                waiting.append((f"{prefix}{entry.name}/", entry))
            elif entry.name.endswith((".toml", ".json")):
                yield prefix + entry.name, entry.read_bytes()


def _joined(blocks: tuple[Block, ...]) -> tuple[str, list[BlockSpan]]:
    """The text as written, and the blocks' places in it; written, since leaving out a character moves places."""
    texts = [_UNWRITABLE.sub("", block.text) for block in blocks]
    spans: list[BlockSpan] = []
    start = 0
    for block, text in zip(blocks, texts, strict=True):
        spans.append({"kind": block.kind, "level": block.level, "start": start, "end": start + len(text)})
        start += len(text) + len("\n\n")
    return "\n\n".join(texts), spans


def _field_sources(sources: Mapping[str, str]) -> FieldSources:
    return cast("FieldSources", {name: sources.get(name) for name in FieldSources.__annotations__})


def _opt_out(evidence: Mapping[str, Any]) -> Iterator[OptOutRow]:
    for source, value in evidence.items():
        # Robots directives come by the agent that they are for, the rest as written.
        by_agent: Mapping[str | None, Any] = value if isinstance(value, dict) else {None: value}
        for agent, values in by_agent.items():
            for one in values if isinstance(values, list | tuple) else [values]:
                yield {"source": source, "agent": agent, "value": _plain(one)}


def _disagreements(about: Metadata) -> Iterator[DisagreementRow]:
    for field, said in about.disagreements.items():
        for source, value in said.items():
            yield {"field": field, "source": source, "value": _plain(value)}


def _plain(value: object) -> str:
    """A string as it is, anything else as JSON: one column type for what strangers wrote."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNWRITABLE.sub("", value)
    if isinstance(value, dict):
        return {_writable(key): _writable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(entry) for entry in value]
    return value
