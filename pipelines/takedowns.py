"""What may not be published or fetched any more, and how a row or an address is held against it."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from cleaners.urls import canonical_url
from pipelines.seen import HIDDEN, url_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["url", "prefix", "site", "id", "text"]

_ID = re.compile(r"[0-9a-f]{32}")
_TEXT = re.compile(r"[0-9a-f]{64}")
_SITE = re.compile(r"[\w.:\[\]-]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What an entry takes down. Addresses stand as hashes: they may say what was to be forgotten."""

    by: Kind
    values: list[str]
    """Ids of addresses (`url`) or articles (`id`), sha256 of texts or of a prefix, or names of sites; hex, lower case."""
    chars: int = 0
    """Of a prefix: its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What of a row, or of a link, a takedown is held against."""

    urls: tuple[str, ...]
    site: str = ""
    names: tuple[str, ...] = ()
    """Ids: the article's own, or that of the article which the page is a copy of."""
    text: str = ""
    """The text's hash, hex; empty: there is none."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What takes a subject down."""

    entry: int
    by: Kind


def to_match(target: str) -> Match:
    """Read what people type: an address, a prefix (it ends with `/` or `*`), a site or host, an id, or a text's hash.

    Raises ValueError, one line, where it is none of them.
    """
    target = target.strip()
    name = target.lower().removeprefix(HIDDEN)
    if _ID.fullmatch(name):
        return Match(by="id", values=[name])
    if _TEXT.fullmatch(name):
        return Match(by="text", values=[name])
    if "://" in target:
        if target.endswith(("*", "/")):
            prefix = canonical_url(target.rstrip("*"))
            return Match(by="prefix", values=[_hash(prefix)], chars=len(prefix))
        canonical_url(target)
        return Match(by="url", values=[url_digest(target).hex()])
    if _SITE.fullmatch(name):
        return Match(by="site", values=[name])
    raise ValueError(
        f"{target[:200]!r} is no address, prefix (ending with / or *), site, id (32 hex digits) or text hash (64)"
    )


def hidden_url(url: str) -> str:
    """Give the form in which a taken-down address may stand anywhere: `sha256:` and its id."""
    return url if url.startswith(HIDDEN) else HIDDEN + url_digest(url).hex()


def to_subject(row: Mapping[str, Any]) -> Subject | None:
    """Read what a published row may be taken down by. None: it is what a takedown has left."""
    if row.get("outcome") == "blocked" and row.get("reason") == "takedown":
        return None
    urls = (row.get(name) for name in ("url", "final_url", "canonical_url", "amp_url", "print_url"))
    names = (row.get(name) for name in ("id", "of"))
    return Subject(
        urls=tuple(dict.fromkeys(url for url in urls if isinstance(url, str))),
        site=str(row.get("site") or ""),
        names=tuple(name for name in names if isinstance(name, str)),
        text=str(row.get("content_hash") or ""),
    )


@dataclass(slots=True)
class Takedowns:
    """All takedowns of a log, as far as it was read."""

    version: int = 0
    """Grows with every match that was not known."""
    _names: dict[str, Hit] = field(default_factory=dict)
    _texts: dict[str, Hit] = field(default_factory=dict)
    _sites: dict[str, Hit] = field(default_factory=dict)
    _prefixes: dict[int, dict[str, Hit]] = field(default_factory=dict)

    def add(self, entry: int, match: Match) -> None:
        """Note what a log entry takes down; the same again changes nothing."""
        match match.by:
            case "url" | "id":
                known = self._names
            case "text":
                known = self._texts
            case "site":
                known = self._sites
            case "prefix":
                known = self._prefixes.setdefault(match.chars, {})
        for value in match.values:
            if value not in known:
                known[value] = Hit(entry, match.by)
                self.version += 1

    def knows(self, by: Literal["id", "text"], value: str) -> bool:
        """Say whether this very id or text is taken down."""
        return value in (self._texts if by == "text" else self._names)

    def find(self, subject: Subject | None) -> Hit | None:
        """Find what takes the subject down; None: nothing does."""
        if subject is None or not self.version:
            return None
        if hit := self._texts.get(subject.text):
            return hit
        for name in subject.names:
            if hit := self._names.get(name):
                return hit
        if hit := self._sites.get(subject.site.lower()):
            return hit
        for url in subject.urls:
            if hit := self.find_url(url):
                return hit
        return None

    def forbids(self, url: str, site: str) -> bool:
        """Say whether an address may not be fetched; one that stands hidden is known to be taken down."""
        return url.startswith(HIDDEN) or self.find_url(url, site) is not None

    def forbids_site(self, site: str, home: str) -> bool:
        """Say whether nothing of a site may be fetched."""
        return any(name in self._sites for name in (site.lower(), *_domains(home)))

    def find_url(self, url: str, site: str = "") -> Hit | None:
        """Find what forbids to fetch an address of a site; None: nothing does."""
        if not self.version:
            return None
        if hit := self._names.get(url_digest(url).hex()) or self._sites.get(site.lower()):
            return hit
        with suppress(ValueError):
            url = canonical_url(url)
        for chars, known in self._prefixes.items():
            if len(url) >= chars and (hit := known.get(_hash(url[:chars]))):
                return hit
        if self._sites:
            for host in _domains(url):
                if hit := self._sites.get(host):
                    return hit
        return None


def _domains(url: str) -> Iterator[str]:
    """The host, and every domain that it lies in: who takes down `news.example` means `www.news.example` too."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return
    while host:
        yield host
        host = host.partition(".")[2]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
