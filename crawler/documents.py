"""From a Scrapy response to the record that cleaning takes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cleaners.headers import join_headers
from cleaners.models import Document
from crawler.seeds import UNKNOWN_LANGUAGE
from pipelines.captures import Capture
from pipelines.visits import Fetched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.http import Response

    from crawler.seeds import Seed
    from pipelines.visits import Visit


def to_fetched(
    response: Response,
    visit: Visit,
    seed: Seed,
    read_page: Callable[[list[Capture], str, str], Awaitable[Document | None]],
) -> Fetched:
    """The item of a fetched page; `read_page` is told where to put the captures of further pages."""
    document = to_document(response, visit, seed)
    captures = to_captures(response, document)
    return Fetched(visit=visit, document=document, read_page=partial(read_page, captures), captures=captures)


def to_captures(response: Response, document: Document) -> list[Capture]:
    """The page as it is to be archived; none where its site is not."""
    exchange = response.meta.get("exchange")
    if exchange is None:
        return []
    return [Capture(exchange=exchange, document=document, is_rendered=bool(response.meta.get("browser")))]


def to_document(response: Response, visit: Visit, seed: Seed) -> Document:
    """The document of a fetched page; `requested_url` is the URL as claimed, before redirects."""
    return Document(
        url=response.url,
        requested_url=visit.url,
        site=seed.id,
        fetched_at=datetime.now(UTC),
        status=response.status,
        headers=join_headers(
            (name.decode("latin-1"), value.decode("utf-8", "replace"))
            for name, values in response.headers.items()
            for value in values
        ),
        language_hint=None if seed.language == UNKNOWN_LANGUAGE else seed.language,
        listed=visit.listed,
        site_signals=response.meta.get("site_signals") or {},
        body=response.body,
    )
