"""Which address a picture has, and which addresses are the same picture in other shapes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from cleaners.markup import name_words
from cleaners.metadata.words import load_picture_words

if TYPE_CHECKING:
    from collections.abc import Iterable

_LAZY = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-full-src", "data-hi-res-src")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
# After the HTML standard: commas inside an address belong to it, commas at its end do not.
_CANDIDATE = re.compile(r"\s*,*\s*(\S*[^\s,])(?:\s+([\d.]{1,8})([wx]))?\s*(?:,|$)")
_MAX_CANDIDATES = 30
_FILE = re.compile(r"\.(?:jpe?g|png|webp|avif|gif|svg|bmp|tiff?)$", re.IGNORECASE)
_SCALED = re.compile(r"(?:[-_@](?:\d{2,4}x\d{2,4}|\d{3,4}w?|[123]x|scaled|large|medium|small|thumb)){1,4}$")
_SHAPE = re.compile(
    r"(?:[a-z]{1,8}[_:=-]?)?\d{2,5}[x_,:-]\d{1,5}.*|(?:[whqcgf]|ar|dpr|fl|width|height|quality|format|fit|auto)[_:=,-].*|\d{2,4}w"
    r"|[a-z-]{1,2}|[a-z]\d(?:\.\d+)?"
)
# A hash, a long number or a sentence: nothing else on a page has that name.
_DISTINCT = re.compile(
    r"(?=[a-z_-]{0,200}\d)(?=[\d_-]{0,200}[a-z])[a-z\d_-]{13,300}|\d{9,99}|(?=(?:[^-_]{0,99}[-_]){2})[\w.-]{20,300}"
)
_STYLE = re.compile(r"/styles/[^/]+/public/")
_SIZES = frozenset(
    [
        "w",
        "h",
        "width",
        "height",
        "quality",
        "q",
        "auto",
        "fit",
        "crop",
        "dpr",
        "s",
        "resize",
        "format",
        "fm",
        "size",
        "ssl",
        "strip",
        "zoom",
        "rect",
        "ixlib",
        "v",
        "ver",
        "t",
        "impolicy",
        "imwidth",
    ]
)


def address_of(
    attributes: dict[str, str | None], sources: Iterable[dict[str, str | None]] = ()
) -> str | None:
    """Return where an `<img>` has its picture from, as written; None where it only holds a place.

    `sources` are those of the `<picture>` around it. A script that loads pictures late keeps their addresses in
    attributes of its own, and a placeholder in `src`.
    """
    for name in _LAZY:
        value = (attributes.get(name) or "").strip()
        if value and not value.startswith(("data:", "{", "[")) and " " not in value:
            return value
    sets = [attributes.get(name) for name in (*_LAZY_SETS, "srcset")]
    sets += [source.get(name) for source in sources for name in (*_LAZY_SETS, "srcset")]
    address = (attributes.get("src") or "").strip()
    if address and not address.startswith("data:") and not _is_placeholder(address):
        return address
    return next((largest for value in sets if value and (largest := _largest(value))), None)


def _largest(srcset: str) -> str | None:
    best, width = None, -1.0
    for number, match in enumerate(_CANDIDATE.finditer(srcset[:20_000])):
        if number == _MAX_CANDIDATES:
            break
        try:
            size = float(match[2] or 1)
        except ValueError:
            continue
        if size > width and not match[1].startswith("data:"):
            best, width = match[1], size
    return best


def _is_placeholder(address: str) -> bool:
    name = address.split("?", 1)[0].rsplit("/", 1)[-1]
    return not load_picture_words().placeholders.isdisjoint(name_words(name.lower()))


def is_picture(address: str, page: str) -> bool:
    """Tell whether an absolute address can be a picture's: not a site's root, nor a page's own address or its anchor."""
    bare, fragment, _ = address.partition("#")
    path = urlsplit(bare).path
    if _FILE.search(path):
        return True
    return not fragment and (path.strip("/") != "" or "?" in bare) and bare != page.partition("#")[0]


@lru_cache(maxsize=1_000)
def picture_key(address: str) -> str:
    """Return what the addresses of one picture share, whatever host serves it, and cut or scaled however."""
    try:
        parts = urlsplit(address)
        query = parse_qsl(parts.query, max_num_fields=50)
    except ValueError:
        return address
    inner = next((value for name, value in query if name in {"url", "src", "image"} and "/" in value), None)
    if inner is not None and inner != address:
        return picture_key(inner)
    path = unquote(parts.path)
    start = max(path.rfind("http://"), path.rfind("https://"), path.rfind("https:/"), path.rfind("http:/"))
    if start > 0:
        path = "/" + re.sub(r"^https?:/+[^/]+/?", "", path[start:])
    *folders, name = _STYLE.sub("/", path.lower()).split("/")
    shapes = load_picture_words().shapes
    file = _FILE.search(name)
    stem = _SCALED.sub("", name[: file.start()] if file else name)
    if _DISTINCT.fullmatch(stem):
        return stem
    kept = [part for part in folders if part and part not in shapes and not _SHAPE.fullmatch(part)]
    if file is None or not stem:
        kept += [f"{key}={value}" for key, value in sorted(query) if key.lower() not in _SIZES]
    return "/".join((*kept, stem or name))
