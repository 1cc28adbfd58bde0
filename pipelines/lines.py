"""One line of JSON Lines as something to clean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from cleaners.models import Document, Listed
from pipelines.foreign import LineFormat, tell_format
from pipelines.given import Input
from pipelines.stated_url import find_stated_url
from pipelines.worker import DirtyText

if TYPE_CHECKING:
    from pipelines.worker import Page


def read_line(
    line: bytes, where: str, known: LineFormat | None = None, *, by: datetime | None = None
) -> Input:
    """Read a line; one that cannot be used is an input with its fault. `known`: None: its keys tell whose it is.

    `by`: when a page was fetched at the latest that does not say it; None: by now.
    """
    try:
        given = _parsed(line)
    except (ValueError, RecursionError) as error:
        return Input(where=where, fault="not_json", evidence=f"the line is no JSON: {error}")
    if not isinstance(given, dict):
        return Input(where=where, fault="not_json", evidence="the line is JSON, but no object")
    known = known or tell_format(given)
    known_id = known.find(given, "id")
    url, html, text = (_string(known.find(given, name)) for name in ("url", "html", "text"))
    fetched_at = _moment(known.find(given, "fetched_at"))
    page: Page
    if html is not None:
        body = html.encode("utf-8", "replace")
        url = url or find_stated_url(body)
        # The text of a JSON line is decoded already, whatever the page's own <meta> says.
        headers = {"content-type": "text/html; charset=utf-8"}
        page = to_document(body, url, fetched_at or by, headers, listed=_read_listed(known, given, url))
    elif text is not None:
        page = DirtyText(text=text, url=url or "", given=_read_listed(known, given, url))
    else:
        evidence = "the line has neither html nor text (as strings)"
        return Input(where=where, id=known_id, url=url, fault="no_content", evidence=evidence)
    return Input(where=where, id=known_id, url=url, fetched_at=fetched_at, page=page)


def _read_listed(known: LineFormat, given: dict[str, Any], url: str | None) -> Listed | None:
    """What the line says of its article beside the text; None: nothing."""
    authors = known.find(given, "authors")
    names = authors if isinstance(authors, list) else [authors]
    said = Listed(
        url=url or "",
        title=_string(known.find(given, "title")),
        published_at=_string(known.find(given, "published_at")),
        modified_at=_string(known.find(given, "modified_at")),
        authors=tuple(name for one in names if (name := _string(one)) is not None),
    )
    return said if said != Listed(url=said.url) else None


def _parsed(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # More lenient, as writers are: lone surrogates are left out; bytes that are no UTF-8 are replaced.
        return json.loads(line.decode("utf-8-sig", "replace"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def _string(value: Any) -> str | None:
    """The value without lone surrogates; None where it is no string, or blank."""
    if not isinstance(value, str):
        return None
    value = value.encode("utf-8", "ignore").decode()
    return value if value.strip() else None


def _moment(value: object) -> datetime | None:
    """An ISO 8601 time with its zone; anything else is not known."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None


def to_document(
    body: bytes,
    url: str | None,
    fetched_at: datetime | None,
    headers: dict[str, str],
    *,
    listed: Listed | None = None,
) -> Document:
    """Make a document of what was saved of a page."""
    return Document(
        url=url or "",
        requested_url=url or "",
        fetched_at=fetched_at or datetime.now(UTC),
        headers=headers,
        listed=listed,
        body=body,
    )
