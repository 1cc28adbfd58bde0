"""What a fetched listing is, by its first bytes: sites answer feeds with error pages, and mix their kinds up."""

from __future__ import annotations

import re
from typing import Literal

Sniffed = Literal["feed", "json", "sitemap", "html"]

_HEAD_BYTES = 4096
_FIRST_TAG = re.compile(
    r"<(?:!doctype\s+(?=html)|[\w.-]+:)?"
    r"(rss|rdf|feed|channel|urlset|sitemapindex|html|head|body|meta|title|script|style|div|p|h1)(?=[\s/>])",
    re.IGNORECASE,
)
_KINDS: dict[str, Sniffed] = {
    "rss": "feed",
    "rdf": "feed",
    "feed": "feed",
    "channel": "feed",
    "urlset": "sitemap",
    "sitemapindex": "sitemap",
}


def sniff(body: bytes) -> Sniffed | None:
    """The kind that the first known element names; None: none of them is there, as in a list of addresses.

    >>> sniff(b"<?xml version='1.0'?><rss version='2.0'>"), sniff(b"<!DOCTYPE html><title>Sorry</title>")
    ('feed', 'html')
    """
    # UTF-16 has a zero byte beside each of its ASCII letters.
    head = body[:_HEAD_BYTES].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").decode("latin-1")
    if head.startswith("{"):
        return "json"
    tag = _FIRST_TAG.search(head)
    return _KINDS.get(tag[1].lower(), "html") if tag else None
