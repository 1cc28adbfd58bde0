"""The address that a saved page gives itself, read without parsing the page: parsing may take minutes."""

from __future__ import annotations

import re
from html import unescape

# Possessive, and each token taken whole: what was read is never read again, so hostile pages take no longer than others.
# Comments and what stands inside of scripts and the like are no markup.
_TOKEN = re.compile(
    rb"<!--(?:-?>|.*?--!?>|.*)"
    rb"|<(?:script|style|title|textarea|xmp|iframe|noembed|noframes)(?=[\s/>])(?:.*?</(?:script|style|title|textarea|xmp|iframe|noembed|noframes)|.*)"
    rb"|<(link|meta)(?=[\s/])((?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*+)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(rb"""([^\s=/>"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++)))?+""")
_EITHER = re.compile(rb"canonical|og:url", re.IGNORECASE)


def find_stated_url(body: bytes) -> str | None:
    """The page's canonical link, else its og:url. None: it names neither, or no http address."""
    if not _EITHER.search(body):
        return None
    stated = ""
    for token in _TOKEN.finditer(body):
        name = (token[1] or b"").lower()
        if not name:
            continue
        attributes = _read_attributes(token[2])
        if name == b"link" and b"canonical" in attributes.get(b"rel", b"").lower().split():
            canonical = _to_address(attributes.get(b"href", b""))
            if canonical:
                return canonical
        elif name == b"meta" and attributes.get(b"property") == b"og:url":
            stated = stated or _to_address(attributes.get(b"content", b""))
    return stated or None


def _read_attributes(tag: bytes) -> dict[bytes, bytes]:
    attributes: dict[bytes, bytes] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(tag):
        attributes.setdefault(name.lower(), double or single or bare)
    return attributes


def _to_address(value: bytes) -> str:
    """The address; empty where it is none that a crawl could ask for."""
    address = unescape(value.decode("utf-8", "replace")).strip()
    return address if address.startswith(("http://", "https://")) else ""
