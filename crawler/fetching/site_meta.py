"""What a request's meta says of its site, and the requests that it needs of its own must say too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from scrapy import Request

_KEYS = ("site", "download_slot", "delay_seconds", "max_delay_seconds", "site_headers", "proxy", "http2")


def host_of(url: str) -> str:
    """The host of an address, with its port if it names one, in lower case: what is counted and closed as one."""
    return urlsplit(url).netloc.lower()


def site_meta(request: Request) -> dict[str, Any]:
    """Give what a robots.txt or tdmrep.json of the same site is asked by."""
    return {"download_slot": request.meta["site"]} | {
        key: request.meta[key] for key in _KEYS if key in request.meta
    }
