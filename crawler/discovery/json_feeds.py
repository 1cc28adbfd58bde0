"""Links out of JSON Feeds (jsonfeed.org), whole or cut."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from crawler.discovery.feed_entries import Entries
from crawler.discovery.found import About

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.discovery.found import Entry

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


def read_json_feed(body: bytes, url: str) -> Iterator[Entry]:
    """The articles that a JSON Feed lists, in its order, then what it says of itself.

    Items are read one by one, so that a cut feed gives those before the cut.
    """
    text = body.decode("utf-8-sig", "replace")
    start = _ITEMS.search(text)
    if start is None:
        yield About(problem="it is JSON, and no JSON Feed: there is no list of items")
        return
    entries = Entries(url)
    for item in _read_items(text, start.end()):
        if entries.is_full:
            entries.note_full()
            break
        if isinstance(item, dict) and (entry := entries.add(**_read_item(item))) is not None:
            yield entry
    yield entries.about()


def _read_items(text: str, at: int) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    try:
        while True:
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
            if text[at : at + 1] != "{":
                return
            item, at = decoder.raw_decode(text, at)
            yield item
    except (ValueError, RecursionError):
        return


def _read_item(item: dict[str, Any]) -> dict[str, Any]:
    attachments = item.get("attachments")
    authors = item.get("authors")
    people = [*(authors if isinstance(authors, list) else ()), item.get("author")]
    return {
        "links": [(link, ()) for key in ("url", "external_url") if (link := _string(item, key))],
        "media": {
            (_string(part, "url") or "", _string(part, "mime_type") or "")
            for part in (attachments if isinstance(attachments, list) else ())
            if isinstance(part, dict)
        },
        "guid": _string(item, "id"),
        "title": _string(item, "title"),
        "published_at": _string(item, "date_published"),
        "modified_at": _string(item, "date_modified"),
        "authors": dict.fromkeys(
            name for person in people if isinstance(person, dict) and (name := _string(person, "name"))
        ),
    }


def _string(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) else None
