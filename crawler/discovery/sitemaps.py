"""Links out of sitemaps: address sets, news sitemaps, indexes and plain lists, gzipped or not."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from cleaners.models import Listed
from crawler.discovery.links import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

MAX_SITEMAP_BYTES = 50 * 1024 * 1024
"""Uncompressed, by the sitemap protocol; what lies beyond is not read."""
MAX_SITEMAP_LINKS = 50_000
"""By the sitemap protocol."""

_GZIP_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SubSitemap:
    """A sitemap that a sitemap index names."""

    url: str
    modified_at: str | None = None


def find_sitemap_links(body: bytes, url: str) -> Iterator[Listed | SubSitemap]:
    """What a sitemap lists, in its order; a cut or broken one gives what stands before the damage.

    Reads no entity and no other file or address. A news sitemap's title and date come along.
    """
    raw = _Unzipped(body) if body.startswith(_GZIP_MAGIC) else io.BytesIO(body[:MAX_SITEMAP_BYTES])
    source = io.BufferedReader(raw, _PIECE_BYTES)
    head = source.peek(_PIECE_BYTES)[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    # UTF-16 has a zero byte beside each of its ASCII letters.
    is_xml = head.startswith(b"<") or b"\x00" in head[:4]
    found = _read_xml(source, url) if is_xml else _read_text(source, url)
    for count, entry in enumerate(found, 1):
        yield entry
        if count >= MAX_SITEMAP_LINKS:
            return


class _Unzipped(io.RawIOBase):
    """A gzip body read in bounded pieces: never more than a piece in memory, never beyond the limit."""

    def __init__(self, body: bytes) -> None:
        self._rest = body
        self._inflate = zlib.decompressobj(wbits=31)
        self._left = MAX_SITEMAP_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        wanted = min(len(view), self._left)
        piece = b""
        try:
            while wanted and not piece:
                piece = self._inflate.decompress(self._rest, wanted)
                self._rest = self._inflate.unconsumed_tail
                if self._inflate.eof and self._inflate.unused_data.startswith(_GZIP_MAGIC):
                    # Several members in one file: some sites append to their archive.
                    self._rest = self._inflate.unused_data
                    self._inflate = zlib.decompressobj(wbits=31)
                elif not self._rest:
                    break
        except zlib.error:
            return 0
        self._left -= len(piece)
        view[: len(piece)] = piece
        return len(piece)


def _read_xml(source: BinaryIO, url: str) -> Iterator[Listed | SubSitemap]:
    events = etree.iterparse(
        source,
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in events:
            entry = _read_entry(element, url)
            # Emptied as it is read: 50,000 entries would hold 100 MB as a tree.
            element.clear(keep_tail=False)
            parent = element.getparent()
            if parent is not None:
                while (previous := element.getprevious()) is not None:
                    parent.remove(previous)
            if entry is not None:
                yield entry
    except etree.XMLSyntaxError:
        return


def _read_entry(element: etree._Element, url: str) -> Listed | SubSitemap | None:
    name = etree.QName(element)
    fields: dict[str, str] = {}
    for child in element.iter("{*}loc", "{*}lastmod", "{*}title", "{*}publication_date"):
        key = etree.QName(child)
        # Pictures and videos have a loc and a title of their own, deeper or in another namespace.
        if key.localname in {"loc", "lastmod"} and child.getparent() is not element:
            continue
        if key.localname == "loc" and key.namespace != name.namespace:
            continue
        if key.localname == "title" and key.namespace and "news" not in key.namespace:
            continue
        text = "".join(str(part) for part in child.itertext()).strip()
        if text:
            fields.setdefault(key.localname, text)
    link = absolute(url, fields.get("loc"))
    if link is None:
        return None
    modified_at = fields.get("lastmod")
    if name.localname == "sitemap":
        return SubSitemap(url=link, modified_at=modified_at)
    return Listed(
        url=link,
        title=fields.get("title"),
        published_at=fields.get("publication_date"),
        modified_at=modified_at,
    )


def _read_text(source: BinaryIO, url: str) -> Iterator[Listed]:
    for line in source:
        text = line.decode("utf-8-sig", "replace").strip()
        if text.startswith(("http://", "https://")) and (link := absolute(url, text)):
            yield Listed(url=link)
