"""Headers of a site's own: sent to the site's hosts, and to no other that a redirect leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.discovery.scope import Scope

MAX_HEADERS = 20

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{1,2000}")
_REFUSED = {
    "user-agent": "who crawls is said by the crawler itself, with a contact",
    "from": "the contact stands in the user agent",
    "cookie": "pages are read as a stranger reads them, without a session",
    "authorization": "pages are read as a stranger reads them, without a login",
    "proxy-authorization": "name the proxy in proxy or BROADSHEET_PROXY",
    "host": "it follows from the address",
    "accept-encoding": "it says what can be decoded here",
    "range": "a part of a page is no page",
    "if-none-match": "validators are the crawler's own",
    "if-modified-since": "validators are the crawler's own",
    "connection": "it belongs to the connection",
    "content-length": "it belongs to the connection",
    "expect": "it belongs to the connection",
    "te": "it belongs to the connection",
    "trailer": "it belongs to the connection",
    "transfer-encoding": "it belongs to the connection",
    "upgrade": "it belongs to the connection",
    "x-forwarded-for": "nobody else's address is given as ours",
    "forwarded": "nobody else's address is given as ours",
}


@dataclass(frozen=True, slots=True)
class SiteHeaders:
    """A seed's `headers`, with the hosts that they are for."""

    scope: Scope
    headers: Mapping[str, str]

    def for_url(self, url: str) -> Mapping[str, str]:
        """The headers that a request to this address carries."""
        return self.headers if self.scope.names(url) else {}


def find_header_problems(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The key and what is wrong with it, for each header that may not be set."""
    if len(headers) > MAX_HEADERS:
        yield "headers", f"{len(headers)} headers are too many; {MAX_HEADERS} at most"
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            yield f"headers.{name}", "is no name of a header"
        elif reason := _REFUSED.get(name.lower()):
            yield f"headers.{name}", f"must not be set: {reason}"
        elif not _VALUE.fullmatch(value):
            yield f"headers.{name}", "must be 1 to 2000 printable ASCII characters"
