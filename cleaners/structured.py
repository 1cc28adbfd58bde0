"""Reads a page's JSON-LD: whatever a stranger wrote there, the outcome is a list of plain objects."""

from __future__ import annotations

import functools
import html
import json
import re
from typing import TYPE_CHECKING, Any

import pyjson5

from cleaners.broken_json import repair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from selectolax.lexbor import LexborHTMLParser

MAX_SCRIPT_CHARS = 2_000_000
"""All JSON-LD of one page together. The largest of 1,439 news pages and blogs holds under 0.4 million."""
MAX_SCRIPTS = 200
MAX_BROKEN = 5
"""Scripts of a page that are repaired; it takes up to a quarter of a second each."""
MAX_NODES = 2_000
MAX_DEPTH = 64

ARTICLE_TYPES = frozenset(
    {
        "AdvertiserContentArticle",
        "AnalysisNewsArticle",
        "Article",
        "AskPublicNewsArticle",
        "BackgroundNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "MedicalScholarlyArticle",
        "NewsArticle",
        "OpinionNewsArticle",
        "Report",
        "ReportageNewsArticle",
        "ReviewNewsArticle",
        "SatiricalArticle",
        "ScholarlyArticle",
        "SocialMediaPosting",
        "TechArticle",
    }
)
"""schema.org's Article and the types below it."""

NEWS_TYPES = frozenset(name for name in ARTICLE_TYPES if name.endswith("NewsArticle")) | {"LiveBlogPosting"}

_WORK_TYPES = frozenset({"CreativeWork", "HowTo", "PodcastEpisode", "Recipe", "Review", "VideoObject"})
_PAGE_TYPES = frozenset({"ItemPage", "MedicalWebPage", "WebPage"})

_NESTED_KEYS = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "subjectOf", "item", "itemListElement")
"""Where pages put a whole article inside another node."""

_WORD = re.compile(r"\w+")
_TAG = re.compile(
    r"<(script|style)\b[^<>]{0,500}>[^<]{0,2000}(?:</\1>|$)"
    r"|<[/!?]?[a-zA-Z-](?:[^<>\"']|\"[^\"<]{0,300}\"|'[^'<]{0,300}'){0,500}>|<[/!?]?[a-zA-Z-][^<>]{0,500}>",
    re.IGNORECASE,
)
_FORMATTING = re.compile(
    r"</?(?:a|abbr|b|bdi|br|em|font|i|mark|nobr|p|q|small|span|strong|sub|sup|u|wbr)(?:\s[^<>]{0,500})?/?>",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_CONTROLS = re.compile("[\u0080-\u009f]")


def read_json_ld(tree: LexborHTMLParser) -> tuple[dict[str, Any], ...]:
    """Return the page's JSON-LD objects in page order, those inside `@graph` and arrays included.

    Broken JSON goes through the tolerant JSON5 parser; what neither can read is left out. Nothing is raised:
    size, depth and number are bounded, and what lies beyond a bound is not read.
    """
    return parse_json_ld(script.text() for script in tree.css("script[type*='ld+json' i]"))


def parse_json_ld(scripts: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """Like `read_json_ld`, for the texts of the scripts."""
    nodes: list[dict[str, Any]] = []
    room = MAX_SCRIPT_CHARS
    broken = 0
    for number, script in enumerate(scripts):
        if number == MAX_SCRIPTS or len(nodes) >= MAX_NODES:
            break
        if len(script) > room:
            continue
        room -= len(script)
        value = _parse(script, _WHOLE)
        if value is None and broken < MAX_BROKEN and "{" in script:
            broken += 1
            value = _parse(script, _BROKEN)
        for node in _objects(value):
            nodes.append(node)
            if len(nodes) >= MAX_NODES:
                break
    return tuple(nodes)


def find_article(
    nodes: tuple[dict[str, Any], ...], addresses: Sequence[str], titles: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the node that describes the page's own article; empty if there is none.

    `addresses` are the page's own, `titles` what it calls itself. An article beats a recipe, video or review, which
    beat a web page; among equals the one that names the page's address, then the one with its title, then the one
    with a headline, then the first. A member of a list, or what names another address under another title, is
    another page's article.
    """
    best: dict[str, Any] = {}
    best_rank = (0, False, False, False)
    paths = frozenset(map(_path, addresses))
    wanted = [words for title in titles if (words := frozenset(_WORD.findall(title.casefold())))]
    members = _members(nodes)
    for node in nodes:
        types = types_of(node)
        if types & ARTICLE_TYPES:
            strength = 3
        elif types & _WORK_TYPES:
            strength = 2
        elif types & _PAGE_TYPES:
            strength = 1
        else:
            continue
        headline = text_of(node.get("headline")) or text_of(node.get("name"))
        stated = frozenset(filter(None, map(_path, _addresses_of(node))))
        named = not stated.isdisjoint(paths)
        titled = headline is not None and _is_titled(headline, wanted)
        if not named and not titled and (id(node) in members or (stated and headline and wanted)):
            continue
        rank = (strength, named, titled, bool(text_of(node.get("headline"))))
        if rank > best_rank:
            best, best_rank = node, rank
    return best


def _is_titled(headline: str, wanted: list[frozenset[str]]) -> bool:
    """Tell whether a headline shares half of its words, or half of theirs, with one of the page's titles."""
    words = frozenset(_WORD.findall(headline.casefold()))
    return any(2 * len(words & title) >= min(len(words), len(title)) > 0 for title in wanted)


def _members(nodes: tuple[dict[str, Any], ...]) -> set[int]:
    """The `id()` of each node that stands in a list of pages."""
    found: set[int] = set()
    for node in nodes:
        elements = node.get("itemListElement")
        for element in elements if isinstance(elements, list) else [elements]:
            if isinstance(element, dict):
                found.add(id(element))
                found.add(id(element.get("item")))
    return found


def index_by_id(nodes: tuple[dict[str, Any], ...]) -> dict[str, dict[str, Any]]:
    """Return the nodes by their `@id`, for references such as `{"author": {"@id": "#jane"}}`."""
    index: dict[str, dict[str, Any]] = {}
    for node in nodes:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > 1:
            index.setdefault(name, node)
    return index


def types_of(node: dict[str, Any]) -> frozenset[str]:
    """Return the node's types, without the prefix `schema:` or `http://schema.org/`."""
    value = node.get("@type")
    values = value if isinstance(value, list) else [value]
    return frozenset(_bare_type(v) for v in values[:20] if isinstance(v, str) and len(v) < 200)


@functools.lru_cache(maxsize=1_000)
def _bare_type(name: str) -> str:
    return re.split(r"[/:#]", name)[-1].strip()


def text_of(value: Any, *, limit: int = 2_000) -> str | None:
    """Return the one line of text that a JSON-LD value stands for, or None.

    Takes a string, a list (its first text), or an object (`@value`, `name`). Entities are decoded, markup and
    invisible characters go, white space is folded; a longer text is cut at `limit` characters.
    """
    for _ in range(4):
        if isinstance(value, str):
            return plain_text(value, limit=limit)
        if isinstance(value, list):
            value = next((v for v in value[:50] if isinstance(v, str | dict) and v), None)
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("@list")
        else:
            return None
    return None


def plain_text(value: str, *, limit: int = 2_000, markup: bool = True) -> str | None:
    """Return a string as one line of text: entities decoded, markup and invisible characters gone.

    `markup`: False for what readers see as it is: "The <article> tag" is text there.
    """
    text = value[: 4 * limit]
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if markup and "<" in text:
        text = _TAG.sub(" ", text)
    if not (text.isascii() and text.isprintable()):
        text = _INVISIBLE.sub("", _as_meant(text) if _CONTROLS.search(text) else text)
    text = " ".join(text.split())
    return text[:limit].rstrip() or None


def without_formatting(text: str) -> str:
    """Return a text without the `<b>` and `</i>` that templates escape by mistake."""
    return _FORMATTING.sub(" ", text) if "<" in text else text


def _as_meant(text: str) -> str:
    """Return a text that was read as Latin-1 as the UTF-8 that it is; as it came where it is not."""
    try:
        return text.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def texts_of(value: Any, *, limit: int = 2_000) -> list[str]:
    """Return every text of a value that may be one or a list."""
    values = value if isinstance(value, list) else [value]
    return [text for v in values[:100] if (text := text_of(v, limit=limit))]


def _parse(script: str, attempts: tuple[Callable[[str], Any], ...]) -> Any:
    """Return what a script holds by the first attempt that can read it, or None."""
    text = script.strip().removeprefix("<![CDATA[").removesuffix("]]>").strip()
    text = text.removeprefix("//<![CDATA[").removesuffix("//]]>").strip()
    text = text.removeprefix("<!--").removesuffix("-->").strip()
    if not text:
        return None
    for attempt in attempts:
        try:
            return attempt(text)
        except (pyjson5.Json5DecoderException, ValueError, RecursionError, OverflowError):
            continue
    return None


def _decode(text: str) -> Any:
    return _DECODER.decode(text)


def _decode_tolerantly(text: str) -> Any:
    return pyjson5.decode(text.rstrip(";"), maxdepth=MAX_DEPTH, some=True)


def _decode_unescaped(text: str) -> Any:
    # Templates escape it as if it were a page's text.
    if "&quot;" not in text and "&#34;" not in text:
        raise ValueError
    return _decode(html.unescape(text))


def _decode_repaired(text: str) -> Any:
    return _decode(repair(text))


_WHOLE = (_decode, _decode_tolerantly)
_BROKEN = (_decode_unescaped, _decode_repaired)


def _number(digits: str) -> int | None:
    # int() raises from 4,300 digits on; no field of ours is a number that long.
    return int(digits) if len(digits) < 20 else None


_DECODER = json.JSONDecoder(strict=False, parse_int=_number, parse_constant=lambda _name: None)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    stack: list[tuple[Any, int]] = [(value, 0)]
    seen = 0
    while stack and seen < MAX_NODES:
        item, depth = stack.pop()
        seen += 1
        if depth > MAX_DEPTH:
            continue
        if isinstance(item, list):
            stack.extend((v, depth + 1) for v in reversed(item[:MAX_NODES]) if isinstance(v, dict | list))
        elif isinstance(item, dict):
            yield item
            nested = [item[key] for key in _NESTED_KEYS if isinstance(item.get(key), dict | list)]
            stack.extend((v, depth + 1) for v in reversed(nested))


def _addresses_of(node: dict[str, Any]) -> Iterator[str]:
    for key in ("url", "mainEntityOfPage", "@id"):
        value = node.get(key)
        if isinstance(value, dict):
            value = value.get("@id") or value.get("url")
        if isinstance(value, str):
            yield value


def _path(address: str) -> str:
    """Return the path of an address without its host: "" for a site's root and for what is no address.

    A page goes by several hosts, and pages in a muddle call all their nodes by the site's.
    """
    bare = address[:4_000].split("#", 1)[0].split("?", 1)[0].rstrip("/")
    _, slashes, rest = bare.partition("//")
    path = f"/{rest.partition('/')[2]}" if slashes else bare if bare.startswith("/") else ""
    return "" if path == "/" else path.casefold()
