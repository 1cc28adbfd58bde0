"""Links as listings give them, made absolute and cheap to compare."""

from __future__ import annotations

from urllib.parse import urldefrag, urljoin, urlsplit

MAX_URL_CHARS = 2_048
"""The sitemap protocol's own limit; longer addresses are traps or data in disguise."""


def absolute(base: str, href: str | None) -> str | None:
    """An http(s) address without its fragment, or None for anything that is not a page's address."""
    if not href or len(href) > MAX_URL_CHARS:
        return None
    try:
        url = href.strip()
        if "#" in url or not url.startswith(("http://", "https://")):
            url = urldefrag(urljoin(base, url)).url
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    if any(character.isspace() for character in url):
        url = "".join(url.split()) if "\n" in href or "\r" in href else url.replace(" ", "%20")
    return url if len(url) <= MAX_URL_CHARS else None
