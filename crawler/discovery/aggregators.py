"""Links of aggregators and counting services, resolved to the publisher where the link itself says where it goes."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qsl, urlsplit

from cleaners.urls import registrable_domain
from crawler.discovery.links import MAX_URL_CHARS, absolute

# Google News packs an address among other bytes; newer links hold a token in its place, and say nothing.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24,2048}")
_PACKED = re.compile(rb"https?://[\x21-\x7e]+")


def find_publisher_link(url: str) -> str | None:
    """The address on another domain that a link carries, in a parameter or packed into its path; None: it says none.

    Several different ones say none: who shares a page and names its picture, too, does not redirect.

    >>> find_publisher_link("https://www.search.example/url?sa=t&url=https%3A%2F%2Fgazette.example%2Fa%3Fid%3D1")
    'https://gazette.example/a?id=1'
    """
    if len(url) > MAX_URL_CHARS:
        return None
    parts = urlsplit(url)
    domain = registrable_domain(parts.hostname or "")
    said = [value for _, value in parse_qsl(parts.query) if value.startswith(("http://", "https://"))]
    if not parts.query or not said:
        said += _unpack(parts.path)
    targets = {
        link
        for value in said
        if (link := absolute(url, value)) and registrable_domain(urlsplit(link).hostname or "") != domain
    }
    return targets.pop() if len(targets) == 1 else None


def _unpack(path: str) -> list[str]:
    token = path.rstrip("/").rpartition("/")[2]
    if not _TOKEN.fullmatch(token):
        return []
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return []
    # The packed address may be followed by that of its AMP page: the first one is the article's.
    return [match[0].decode() for match in list(_PACKED.finditer(packed))[:1]]
