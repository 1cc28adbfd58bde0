"""Pages for the metadata tests: a head, a body, and what reading them gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from cleaners.metadata import read_metadata
from cleaners.models import Document, Listed, Metadata

FETCHED_AT = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def read(
    head: str = "",
    body: str = "",
    *,
    url: str = "https://news.example/2025/a-story",
    lang: str = "en",
    headers: dict[str, str] | None = None,
    listed: Listed | None = None,
    language_hint: str | None = None,
) -> Metadata:
    attribute = f' lang="{lang}"' if lang else ""
    html = f"<!doctype html><html{attribute}><head>{head}</head><body>{body}</body></html>"
    document = Document(
        url=url,
        requested_url=url,
        fetched_at=FETCHED_AT,
        headers=headers or {},
        listed=listed,
        language_hint=language_hint,
        body=html.encode(),
    )
    return read_metadata(LexborHTMLParser(html), document)


def json_ld(**fields: Any) -> str:
    node = {"@context": "https://schema.org", "@type": "NewsArticle", **fields}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def meta(name: str, content: str) -> str:
    attribute = "property" if ":" in name else "name"
    return f'<meta {attribute}="{name}" content="{content}">'
