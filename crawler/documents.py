"""From a Scrapy response to the record that cleaning takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cleaners.headers import join_headers
from cleaners.models import Document
from crawler.seeds import UNKNOWN_LANGUAGE

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.seeds import Seed
    from pipelines.visits import Visit


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
