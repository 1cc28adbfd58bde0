"""Links out of RSS (0.9 to 2.0), RDF and Atom feeds, whole or damaged."""

from __future__ import annotations

import io
import re
from email.message import Message
from typing import TYPE_CHECKING, Any

import feedparser
from lxml import etree

from crawler.discovery.feed_entries import MEDIA_TYPES, Entries, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.discovery.found import Entry

_DAMAGED_ENTRIES = 1_000
"""Of a feed that is no XML, read by feedparser at about a millisecond each; real feeds hold 10 to 200."""
_DAMAGED_BYTES = 4 * 1024 * 1024
_ENTRY_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)

_SY = "http://purl.org/rss/1.0/modules/syndication/"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_DC = "http://purl.org/dc/elements/1.1/"
_FEEDBURNER = "http://rssnamespace.org/feedburner/ext/1.0"
_ATOM = frozenset({"http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"})


def read_feed(body: bytes, url: str, content_type: str | None = None) -> Iterator[Entry]:
    """The articles that a feed lists, in its order, each address once, then what it says of itself.

    `url` is the feed's own final address, against which relative links are resolved. lxml reads what is XML,
    six times as fast as feedparser; what is damaged, has a document type with its entities, or says things in
    ways long forgotten is for feedparser, in bounds.
    """
    entries = Entries(url)
    if b"<!DOCTYPE" in body[:4096]:
        entries.is_damaged = True
    else:
        yield from _read_xml(body, _charset(content_type) if not body.startswith(b"<?xml") else None, entries)
    if not entries.count or (entries.is_damaged and entries.count < _DAMAGED_ENTRIES):
        yield from _read_damaged(body, url, content_type, entries)
    yield entries.about()


def _read_xml(
    body: bytes, charset: str | None, entries: Entries, *, recover: bool = False
) -> Iterator[Entry]:
    try:
        events = etree.iterparse(
            io.BytesIO(body),
            events=("end",),
            tag=("{*}item", "{*}entry", "{*}updatePeriod", "{*}updateFrequency", "{*}ttl"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=recover,
            remove_comments=True,
            remove_pis=True,
            encoding=charset,
        )
        for _, element in events:
            name = etree.QName(element)
            if name.localname in {"item", "entry"}:
                if entries.is_full:
                    entries.note_full()
                    return
                if (entry := entries.add(**_read_entry(element, name.namespace))) is not None:
                    yield entry
                _forget(element)
            elif name.localname == "ttl":
                entries.ttl_minutes = read_number(element.text)
            elif name.namespace == _SY:
                entries.note_period(name.localname, element.text)
    except (etree.XMLSyntaxError, LookupError, ValueError):
        # ValueError: damaged names and surrogates, which lxml lets in and not out.
        entries.is_damaged = True


def _forget(element: etree._Element) -> None:
    # Emptied as it is read: 50,000 entries would hold 200 MB as a tree.
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while (previous := element.getprevious()) is not None:
            if not isinstance(previous.tag, str) or etree.QName(previous).localname in {"item", "entry"}:
                parent.remove(previous)
            else:
                break


def _read_entry(element: etree._Element, namespace: str | None) -> dict[str, Any]:  # noqa: C901 -- one branch a field
    """An entry's parts, as Entries.add takes them."""
    found: dict[str, Any] = {"links": [], "media": set(), "authors": []}
    dates: dict[str, str] = {}
    base = _find_base(element)
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = etree.QName(child)
        key, text = name.localname, "".join(str(part) for part in child.itertext()).strip()
        is_own = name.namespace == namespace or name.namespace in _ATOM or name.namespace is None
        own_base = child.get(_XML_BASE)
        if key == "link" and is_own:
            _read_link(child, text, found, (*base, own_base) if own_base else base)
        elif key == "origLink" and name.namespace == _FEEDBURNER:
            found["original"] = text
        elif (key == "guid" and _is_permanent(child)) or (key == "id" and is_own):
            found["guid"] = text
        elif key == "enclosure":
            found["media"].add((child.get("url") or "", child.get("type") or ""))
        elif key == "title" and is_own and text:
            found["title"] = text
        elif key in _DATES and text:
            dates.setdefault(_DATES[key], text)
        elif key == "creator" and name.namespace == _DC:
            found["authors"].append(text)
        elif key == "author" and is_own:
            found["authors"].append(_read_author(child, text))
    found["published_at"] = dates.get("published") or dates.get("date")
    found["modified_at"] = dates.get("modified")
    found["base"] = base
    about = element.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about")
    if about:
        found.setdefault("guid", about)
    return found


_DATES = {
    "pubDate": "published",
    "pubdate": "published",
    "published": "published",
    "issued": "published",
    "date": "date",  # RSS 1.0 has no other, and means the day of publication
    "updated": "modified",
    "modified": "modified",
}


def _is_permanent(guid: etree._Element) -> bool:
    return guid.get("isPermaLink", "true").strip().lower() != "false"


def _read_link(child: etree._Element, text: str, found: dict[str, Any], base: tuple[str, ...]) -> None:
    href, rel = child.get("href"), child.get("rel", "alternate").strip().lower()
    kind = (child.get("type") or "").lower()
    if href is None:
        if text:
            found["links"].append((text, base))
    elif rel == "enclosure" or kind.startswith(MEDIA_TYPES):
        found["media"].add((href, kind))
    elif rel in {"alternate", "http://www.iana.org/assignments/relation/alternate"}:
        found["links"].append((href, base))


def _read_author(child: etree._Element, text: str) -> str:
    for part in child:
        if isinstance(part.tag, str) and etree.QName(part).localname == "name":
            return (part.text or "").strip()
    # RSS: "ada@gazette.example (Ada Reed)".
    match = re.fullmatch(r"\S+@\S+\s*\(([^()]*)\)", text)
    return match[1] if match else text


def _find_base(element: etree._Element) -> tuple[str, ...]:
    """The `xml:base` of the element and of all around it, outermost first."""
    found = [base for place in (element, *element.iterancestors()) if (base := place.get(_XML_BASE))]
    return tuple(reversed(found))


def _read_damaged(body: bytes, url: str, content_type: str | None, entries: Entries) -> Iterator[Entry]:
    headers = {"content-location": url}
    readable = _cut(body)
    if len(readable) < len(body) and _ENTRY_END.search(body, len(readable)):
        entries.cut_at = f"{len(readable)} bytes of a damaged feed"
    if content_type and (charset := _charset(content_type)):
        headers["content-type"] = f"{content_type.partition(';')[0]}; charset={charset}"
    try:
        # A stream: feedparser would take bytes or str for the name of a file, and str for an address to fetch.
        feed = feedparser.parse(
            io.BytesIO(readable), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception:  # noqa: BLE001 -- six kinds of them came out of 5,000 damaged feeds, `&#xd800;` among the causes
        yield from _read_xml(body, None, entries, recover=True)
        return
    for entry in feed.entries:
        found = entries.add(**_read_parsed(entry, is_rss=not str(feed.get("version")).startswith("atom")))
        if found is not None:
            yield found
    entries.ttl_minutes = entries.ttl_minutes or read_number(feed.feed.get("ttl"))
    for key in ("updatePeriod", "updateFrequency"):
        entries.note_period(key, feed.feed.get(f"sy_{key.lower()}"))


def _cut(body: bytes) -> bytes:
    body = body[:_DAMAGED_BYTES]
    for count, match in enumerate(_ENTRY_END.finditer(body), 1):
        if count == _DAMAGED_ENTRIES:
            return body[: match.end()]
    return body


def _read_parsed(entry: Any, *, is_rss: bool) -> dict[str, Any]:
    links, media = [], set()
    for link in entry.get("links", ()):
        kind, href = str(link.get("type") or "").lower(), str(link.get("href") or "")
        if link.get("rel") == "enclosure" or kind.startswith(MEDIA_TYPES):
            media.add((href, kind))
        elif link.get("rel", "alternate") == "alternate" and href:
            links.append((href, ()))
    if entry.get("link"):
        links.append((str(entry["link"]), ()))
    # `in` and not get(): feedparser answers a missing `updated` with `published`.
    published, modified = (str(entry[key]) if key in entry else None for key in ("published", "updated"))
    if is_rss and published is None:
        published, modified = modified, None
    return {
        "links": links,
        "media": media,
        "original": entry.get("feedburner_origlink"),
        "guid": entry.get("id"),
        "title": entry.get("title"),
        "published_at": published,
        "modified_at": modified,
        "authors": [str(author.get("name") or "") for author in entry.get("authors", ())],
    }


def _charset(content_type: str | None) -> str | None:
    """The encoding that a Content-Type says, where there is one of this name."""
    message = Message()
    message["content-type"] = (content_type or "").replace("\0", "")
    charset = message.get_content_charset()
    try:
        # Decoding takes text encodings alone: others (`base64`) have their names from the same list.
        "".encode(charset or "")
    except (LookupError, ValueError):
        return None
    return charset
