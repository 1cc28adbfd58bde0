"""Links out of sitemaps: address sets, news sitemaps, indexes and plain lists, gzipped or not."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from cleaners.models import Listed
from crawler.discovery.found import About, SubSitemap
from crawler.discovery.links import absolute
from crawler.discovery.sniff import sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from crawler.discovery.found import Entry

MAX_SITEMAP_BYTES = 50 * 1024 * 1024
"""Uncompressed, by the sitemap protocol; what lies beyond is not read."""
MAX_SITEMAP_LINKS = 50_000
"""By the sitemap protocol."""

GZIP_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 64 * 1024


def read_sitemap(body: bytes, url: str) -> Iterator[Entry]:
    """What a sitemap lists, in its order, then what it says of itself; a damaged one gives what it still can.

    Reads no entity and no other file or address. A news sitemap's title and date come along; it is one where
    at least half of its entries carry them: archives declare the namespace, too, and do not use it.
    """
    source = open_sitemap(body)
    head = source.peek(_PIECE_BYTES)
    if sniff(head) == "html":
        yield About(problem="it is an HTML page, and no sitemap")
        return
    start = head[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    # UTF-16 has a zero byte beside each of its ASCII letters.
    is_xml = start.startswith(b"<") or b"\x00" in start[:4]
    found = _read_xml(source, url) if is_xml else _read_text(source, url)
    count = news = 0
    cut_at = None
    for entry, is_news in found:
        if count >= MAX_SITEMAP_LINKS:
            cut_at = f"{MAX_SITEMAP_LINKS} links"
            break
        count += 1
        news += is_news
        yield entry
    if isinstance(source.raw, Unzipped) and source.raw.is_cut:
        cut_at = f"{MAX_SITEMAP_BYTES} bytes"
    yield About(is_news=2 * news >= count > 0, cut_at=cut_at)


def open_sitemap(body: bytes) -> io.BufferedReader:
    """The sitemap's own bytes, gzipped or not, up to the limit."""
    raw = Unzipped(body) if body.startswith(GZIP_MAGIC) else io.BytesIO(body[:MAX_SITEMAP_BYTES])
    return io.BufferedReader(raw, _PIECE_BYTES)


class Unzipped(io.RawIOBase):
    """A gzip body read in bounded pieces: never more than a piece in memory, never beyond the limit."""

    def __init__(self, body: bytes) -> None:
        self._rest = body
        self._inflate = zlib.decompressobj(wbits=31)
        self._left = MAX_SITEMAP_BYTES

    @property
    def is_cut(self) -> bool:
        """Whether so much was read that the rest was left."""
        return not self._left

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
                if self._inflate.eof and self._inflate.unused_data.startswith(GZIP_MAGIC):
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


def _read_xml(source: BinaryIO, url: str) -> Iterator[tuple[Listed | SubSitemap, bool]]:
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
            found = _read_entry(element, url)
            # Emptied as it is read: 50,000 entries would hold 100 MB as a tree.
            element.clear(keep_tail=False)
            parent = element.getparent()
            if parent is not None:
                while (previous := element.getprevious()) is not None:
                    parent.remove(previous)
            if found is not None:
                yield found
    except (etree.XMLSyntaxError, ValueError):
        # ValueError: damaged names and surrogates, which lxml lets in and not out.
        return


def _read_entry(element: etree._Element, url: str) -> tuple[Listed | SubSitemap, bool] | None:
    """The entry, and whether it is a news sitemap's."""
    name = etree.QName(element)
    fields: dict[str, str] = {}
    is_news = False
    for child in element.iter("{*}loc", "{*}lastmod", "{*}title", "{*}publication_date"):
        key = etree.QName(child)
        # Pictures and videos have a loc and a title of their own, deeper or in another namespace.
        if key.localname in {"loc", "lastmod"} and child.getparent() is not element:
            continue
        if key.localname == "loc" and key.namespace != name.namespace:
            continue
        if key.localname in {"title", "publication_date"} and key.namespace != name.namespace:
            if "news" not in (key.namespace or ""):
                continue
            is_news = True
        text = "".join(str(part) for part in child.itertext()).strip()
        if text:
            fields.setdefault(key.localname, text)
    link = absolute(url, fields.get("loc"))
    if link is None:
        return None
    modified_at = fields.get("lastmod")
    if name.localname == "sitemap":
        return SubSitemap(url=link, modified_at=modified_at), False
    listed = Listed(
        url=link,
        title=fields.get("title"),
        published_at=fields.get("publication_date"),
        modified_at=modified_at,
    )
    return listed, is_news


def _read_text(source: BinaryIO, url: str) -> Iterator[tuple[Listed, bool]]:
    for line in source:
        text = line.decode("utf-8-sig", "replace").strip()
        if text.startswith(("http://", "https://")) and (link := absolute(url, text)):
            yield Listed(url=link), False
