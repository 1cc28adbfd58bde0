"""Listings that gave nothing: empty ones, which is no fault, and what is no listing or is damaged from its start."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lxml import etree

from crawler.discovery.sitemaps import open_sitemap
from crawler.discovery.sniff import sniff

if TYPE_CHECKING:
    from typing import BinaryIO

    from crawler.discovery.listings import ListingKind

_HEAD_BYTES = 4096
_ROOTS = frozenset({"rss", "rdf", "feed", "channel", "urlset", "sitemapindex"})


def find_problem(kind: ListingKind, body: bytes) -> str | None:
    """Why a listing that gave no entry is none, in a few words; None: it is one, and empty."""
    head = _open(kind, body).read(_HEAD_BYTES)
    if not head.strip():
        return "it is empty"
    if kind == "section":
        return None if sniff(head) == "html" else "it is no HTML page"
    if sniff(head) == "json":
        return None  # its reader has found its list of items
    if b"<" not in head:
        return f"it is no {kind}: it holds neither markup nor addresses"
    root = None
    try:
        events = etree.iterparse(
            _open(kind, body),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        for event, element in events:
            if root is None:
                root = etree.QName(element).localname
            if event == "end":
                element.clear()
    except etree.XMLSyntaxError as error:
        return f"no {kind} can be read from it: {error.msg}"
    except ValueError as error:
        return f"no {kind} can be read from it: {error}"
    return None if root is not None and root.lower() in _ROOTS else f"it is XML, and no {kind}: <{root}>"


def _open(kind: ListingKind, body: bytes) -> BinaryIO:
    return open_sitemap(body) if kind == "sitemap" else io.BytesIO(body)
