"""URLs: the one spelling that names an article, and the domain that owns it."""

from __future__ import annotations

import functools
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import ada_url
import tldextract

from cleaners.rules import load_url_params


@functools.cache
def _suffixes() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def canonical_url(url: str) -> str:
    """The spelling of a URL that names what it leads to. Raises ValueError for anything but http and https."""
    try:
        href = ada_url.URL(url.strip()).href
    except ValueError as error:
        raise ValueError(f"not a URL: {url!r}") from error
    parts = urlsplit(href)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not an http or https URL: {url!r}")
    params = load_url_params()
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in params.names])
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))


def registrable_domain(host: str) -> str:
    """The part of a host name that somebody registered, or the host itself."""
    return _suffixes()(host).top_domain_under_public_suffix or host
