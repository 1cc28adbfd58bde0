"""Addresses: the one form that names an article, and the domain that somebody registered."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import ada_url
import tldextract

from cleaners.rules import load_url_params

if TYPE_CHECKING:
    from ada_url.ada_adapter import ParseAttributes

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PARTS = ("protocol", "hostname", "port", "pathname", "search")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_SESSION = re.compile(r"(?:;jsessionid=[^/;]*)+", re.IGNORECASE)
# Google's copies carry the address they were made from; `s` says that it is https.
_AMP_CACHE_PATH = re.compile(r"/(?:amp|c|v|wp|i|ii)/(s/)?([^/]+\..+)")
# Only after a segment that looks like an article's (`/mayor-resigns/amp/`): `/docs/amp` is a page of its own.
_VARIANT_PATH = re.compile(r"(/[^/]*[-\d][^/]*)(?:/(?:amp|print))+(/?)$")
_VARIANT_FILE = re.compile(r"(?:\.amp)+(|\.html?)$")

MIN_SLUG_WORDS = 5
"""Names of sections have fewer."""
_DATED_PATH = re.compile(r"/(?:19|20)\d\d/(?:0?[1-9]|1[0-2])/(?:[0-3]?\d/)?[^/]*[^/\d][^/]*$")
_SLUG_BREAK = re.compile("[-_]")
_PAGE_SUFFIX = re.compile(r"\.[a-z]{3,5}$", re.IGNORECASE)

# The list that comes with the package: nothing is fetched and nothing is written.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


# A page's own address and its links are asked for several times, one right after the other.
@functools.lru_cache(maxsize=256)
def canonical_url(url: str) -> str:
    """The one form of an address that names an article; what only says how a reader came there goes.

    Parsed as browsers do (WHATWG). Gone are user and password, default port, trailing dot of the host,
    fragment, session and tracking parameters (`rules/url_params.toml`), AMP and print variants where
    their form is sure. Escapes are in one spelling and parameters in the order of their names; those of
    one name keep theirs. `http` becomes `https` unless a port is given: sites answer on both for years
    and link to both, and no site was found that tells two articles apart by it. The form is for identity;
    fetch the address that the page was found under. Stable: a canonical URL is its own canonical URL.

    Raises ValueError, in one line, for what is no http(s) address.

    >>> canonical_url("HTTP://News.Example:80/a?utm_source=x&id=7#top")
    'https://news.example/a?id=7'
    """
    parsed = _parse(url)
    while original := _cached_original(parsed):
        parsed = _parse(original)
    port = parsed["port"]
    scheme = parsed["protocol"] if port else "https:"
    host = parsed["hostname"].rstrip(".") + (f":{port}" if port else "")
    path = _canonical_path(_spell_escapes(parsed["pathname"]))
    query = _canonical_query(_spell_escapes(parsed["search"].removeprefix("?")))
    return f"{scheme}//{host}{path}{query}"


@functools.lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str:
    """The part of a host name that somebody registered: `bbc.co.uk` of `www.bbc.co.uk`.

    By the public suffix list that comes with tldextract, its private part included, so that the
    customers of a hosting service are told apart. A host that has none (an IP address, `localhost`,
    a bare suffix) is returned as it is, in lower case.
    """
    host = host.strip().rstrip(".").lower()
    return _suffixes.extract_str(host).top_domain_under_public_suffix or host


def name_of(address: str) -> str:
    """The canonical URL; what is no http(s) address, as the name of a saved page, stays as it is."""
    try:
        return canonical_url(address)
    except ValueError:
        return address


def names_story(url: str) -> bool:
    """Tell whether an address names a day, or one story in many words, as those of lists do not."""
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:
        return False
    slug = _PAGE_SUFFIX.sub("", path.rpartition("/")[2])
    words = [word for word in _SLUG_BREAK.split(slug) if word.isalpha()]
    return bool(_DATED_PATH.search(path)) or len(words) >= MIN_SLUG_WORDS


def _parse(url: str) -> ParseAttributes:
    try:
        # One call for all parts: a listing has thousands of addresses, and each attribute costs as much as parsing.
        parsed = ada_url.parse_url(url, attributes=_PARTS)
    except ValueError as error:
        raise ValueError(f"not a web address: {url[:200]!r}") from error
    if parsed["protocol"] not in ("http:", "https:"):
        raise ValueError(f"not an http or https address: {url[:200]!r}")
    labels = parsed["hostname"].rstrip(".")
    if not labels or ".." in labels or labels.startswith(".") or len(labels) > 253:
        raise ValueError(f"no host in this web address: {url[:200]!r}")
    return parsed


def _cached_original(parsed: ParseAttributes) -> str | None:
    """The address that a page of Google's AMP cache or viewer is a copy of."""
    host, path = parsed["hostname"], parsed["pathname"]
    if not host.endswith(".cdn.ampproject.org") and not (
        path.startswith("/amp/") and registrable_domain(host).startswith("google.")
    ):
        return None
    match = _AMP_CACHE_PATH.match(path)
    return f"http{'s' if match[1] else ''}://{match[2]}{parsed['search']}" if match else None


def _spell_escapes(text: str) -> str:
    """Escapes in capitals, none for characters that need none, a stray % escaped (RFC 3986, 6.2.2)."""
    if "%" not in text:
        return text
    return _ESCAPE.sub(_spell_escape, _STRAY_PERCENT.sub("%25", text))


def _spell_escape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def _canonical_path(path: str) -> str:
    if ";" not in path and "amp" not in path and "print" not in path:
        return path
    shorter = _VARIANT_FILE.sub(r"\1", _VARIANT_PATH.sub(r"\1\2", _PATH_SESSION.sub("", path)))
    # What stood behind what went may go as well (`/mayor-resigns/amp.amp`).
    return path if shorter == path else _canonical_path(shorter)


def _canonical_query(query: str) -> str:
    """The query with its question mark, or nothing, without the parameters that name no page."""
    if not query:
        return ""
    params = load_url_params()
    kept = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = unquote(name).lower()
        if not pair or name in params.names or name.startswith(params.prefixes):
            continue
        if f"{name}={value.lower()}" not in params.names:
            kept.append((name, pair))
    kept.sort(key=lambda item: item[0])
    return "?" + "&".join(pair for _, pair in kept) if kept else ""
