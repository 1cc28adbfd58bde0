"""Traps: sites that make up addresses without end, by intent or by a calendar that turns its pages for ever.

Each guard looks at what an address is made of, never at a page. What only may be a trap is let through up to a
number: a daily briefing has a date for its name, too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from cleaners.urls import registrable_domain

if TYPE_CHECKING:
    from datetime import date
    from urllib.parse import SplitResult

MAX_CALENDAR_LINKS = 400
"""Addresses that end in a date and nothing else, of one host in one pass: a year of daily pages."""
MAX_NUMBERED_LINKS = 400
"""Further pages of lists (`/page/7`, `?page=7`), of one host in one pass; none of them is an article."""
MAX_LOOSE_QUERIES = 100
"""Queries of one path before it must show a parameter that tells its pages apart, as `id` does for articles."""
MAX_DOMAIN_HOSTS = 200
"""Host names under one registrable domain in one pass; a large publisher has some dozens, a wildcard has any."""
MAX_HOST_LINKS, MAX_DOMAIN_LINKS, MAX_SITE_LINKS = 500_000, 1_000_000, 2_000_000
"""In one pass: ten, twenty and forty full sitemaps. What lies beyond is left to a later pass."""
MAX_SEGMENTS = 64
"""Of a path; those of articles have a dozen at most. With many hundreds, comparing runs of them took seconds a link."""
MAX_REMEMBERED = 200_000
"""Addresses without their sessions, and paths with queries, in memory: about 20 MB at most."""

_CALENDAR_PATH = re.compile(
    r"/(?P<year>(?:19|20|21)\d\d)[/-](?:0?[1-9]|1[0-2])(?:[/-](?:0?[1-9]|[12]\d|3[01]))?/?$"
)
_CALENDAR_VALUE = re.compile(r"(?P<year>(?:19|20|21)\d\d)-(?:0?[1-9]|1[0-2])(?:-(?:0?[1-9]|[12]\d|3[01]))?")
_YEAR_NAMES = frozenset({"year", "yr", "jahr", "annee", "anno", "ano", "rok"})
_YEAR_VALUE = re.compile(r"(?:19|20|21)\d\d")
_NUMBERED_PATH = re.compile(
    r"/(?:page|seite|pagina|página|sayfa|strona|stranka|sivu|side|sida|oldal|trang|halaman)[/-]?\d+/?$",
    re.IGNORECASE,
)
_MOST_DIGITS = 5  # some sites name articles `?page=1234567`
_NUMBERED_NAMES = frozenset(
    {"page", "paged", "pg", "pagenum", "pageno", "seite", "pagina", "offset", "start", "sayfa"}
)
_SESSION_NAME = re.compile(
    r"(?:^|[_.-])(?:php|asp|j|view)?(?:s?sid|sess|sessid|session|session_?id|token|nonce)$", re.IGNORECASE
)
_SESSION_VALUE = re.compile(r"[0-9A-Za-z._~-]{12,}")
# Cookieless sessions of ASP.NET, and those of servlets and PHP.
_SESSION_PATH = re.compile(
    r"/\([A-Z]\([0-9A-Za-z]{12,}\)\)(?=/)|;(?:jsessionid|phpsessid|sessionid|sid)=[^/;]*", re.IGNORECASE
)


@dataclass(slots=True)
class _Queries:
    """The queries seen on one path."""

    distinct: set[int] = field(default_factory=set)
    values: dict[str, set[int]] = field(default_factory=dict)


class Traps:
    """The guards over one site's links in one pass; remembers what it let through."""

    def __init__(self, today: date) -> None:
        self._latest_year = today.year + 1
        self._counts: Counter[tuple[str, str]] = Counter()
        self._hosts: dict[str, set[str]] = {}
        self._pages: set[int] = set()
        self._queries: dict[tuple[str, str], _Queries] = {}
        self._remembered = 0

    def find_trap(self, url: str) -> str | None:
        """Why a link is not followed (`trap_…`, `budget_…`), or None, in which case it counts as followed."""
        parts = urlsplit(url)
        host = parts.netloc.lower()
        domain = registrable_domain(parts.hostname or "")
        if repeats_itself(parts.path):
            return "trap_path"
        if not self._knows_host(domain, host):
            return "budget_hosts"
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None) if parts.query else []
        reason = (
            self._find_session(parts, pairs)
            or self._find_calendar(host, parts.path, pairs)
            or self._find_numbered(host, parts.path, pairs)
            or (self._find_loose_query(host, parts.path, pairs) if pairs else None)
        )
        return reason or self._find_spent_budget(host, domain)

    def _knows_host(self, domain: str, host: str) -> bool:
        hosts = self._hosts.setdefault(domain, set())
        if host not in hosts and len(hosts) >= MAX_DOMAIN_HOSTS:
            return False
        hosts.add(host)
        return True

    def _find_session(self, parts: SplitResult, pairs: list[tuple[str, str]]) -> str | None:
        """One page under session after session: the first one is as good as any other."""
        path = _SESSION_PATH.sub("", parts.path)
        kept = [pair for pair in pairs if not _is_session(*pair)]
        if path == parts.path and len(kept) == len(pairs):
            return None
        page = hash((parts.netloc.lower(), path, tuple(sorted(kept))))
        if page in self._pages or not self._has_room():
            return "trap_session"
        self._pages.add(page)
        return None

    def _find_calendar(self, host: str, path: str, pairs: list[tuple[str, str]]) -> str | None:
        years = [
            match["year"]
            for match in (
                _CALENDAR_PATH.search(path),
                *(_CALENDAR_VALUE.fullmatch(value) for _, value in pairs),
            )
            if match
        ]
        years += [
            value for name, value in pairs if name.lower() in _YEAR_NAMES and _YEAR_VALUE.fullmatch(value)
        ]
        if not years:
            return None
        if any(int(year) > self._latest_year for year in years):
            return "trap_calendar"
        return None if self._takes("calendar", host, MAX_CALENDAR_LINKS) else "trap_calendar"

    def _find_numbered(self, host: str, path: str, pairs: list[tuple[str, str]]) -> str | None:
        if not _NUMBERED_PATH.search(path) and not any(
            name.lower() in _NUMBERED_NAMES and value.isdigit() and len(value) <= _MOST_DIGITS
            for name, value in pairs
        ):
            return None
        return None if self._takes("numbered", host, MAX_NUMBERED_LINKS) else "trap_pages"

    def _find_loose_query(self, host: str, path: str, pairs: list[tuple[str, str]]) -> str | None:
        """Sorting and filtering the same list in ever new ways, known by no parameter that is new every time."""
        seen = self._queries.get((host, path))
        if seen is None:
            if not self._has_room():
                return None
            seen = self._queries.setdefault((host, path), _Queries())
        query = hash(tuple(sorted(pairs)))
        if query in seen.distinct:
            return None
        telling = max((len(values) for values in seen.values.values()), default=0)
        count = len(seen.distinct)
        if count >= MAX_LOOSE_QUERIES and 2 * telling < count:
            return "trap_query"
        if not self._has_room():
            return None
        seen.distinct.add(query)
        for name, value in pairs:
            seen.values.setdefault(name, set()).add(hash(value))
        return None

    def _find_spent_budget(self, host: str, domain: str) -> str | None:
        if self._counts["site", ""] >= MAX_SITE_LINKS:
            return "budget_site"
        if self._counts["domain", domain] >= MAX_DOMAIN_LINKS:
            return "budget_domain"
        if self._counts["host", host] >= MAX_HOST_LINKS:
            return "budget_host"
        self._counts.update((("site", ""), ("domain", domain), ("host", host)))
        return None

    def _takes(self, kind: str, host: str, most: int) -> bool:
        self._counts[kind, host] += 1
        return self._counts[kind, host] <= most

    def _has_room(self) -> bool:
        self._remembered += 1
        return self._remembered <= MAX_REMEMBERED


def repeats_itself(path: str) -> bool:
    """Whether a path goes in circles: a run of segments twice in a row, one segment three times, or very many.

    Numbers and single letters do not count alone: `/2011/11/11/` is a day.

    >>> repeats_itself("/sport/football/sport/football/cup"), repeats_itself("/2011/11/11/cup")
    (True, False)
    """
    segments = [segment for segment in path.lower().split("/") if segment]
    if len(segments) > MAX_SEGMENTS:
        return True
    places: dict[str, list[int]] = {}
    for place, segment in enumerate(segments):
        if not segment.isdigit() and len(segment) > 1:
            places.setdefault(segment, []).append(place)
    if any(len(found) >= 3 for found in places.values()):
        return True
    # A run that stands twice in a row has a word that stands twice, just so far apart as the run is long.
    return any(
        _stands_twice(segments, found[0], found[1] - found[0])
        for found in places.values()
        if len(found) == 2 and found[1] - found[0] > 1
    )


def _stands_twice(segments: list[str], place: int, size: int) -> bool:
    """Whether some run of so many segments, this one among them, is followed by the same run."""
    first = last = place
    while first > 0 and segments[first - 1] == segments[first - 1 + size]:
        first -= 1
    while last + 1 + size < len(segments) and segments[last + 1] == segments[last + 1 + size]:
        last += 1
    return last - first + 1 >= size


def _is_session(name: str, value: str) -> bool:
    return bool(_SESSION_NAME.search(name) and _SESSION_VALUE.fullmatch(value))
