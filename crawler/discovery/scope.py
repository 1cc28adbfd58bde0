"""Which links a site's seed lets its crawl follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cleaners.urls import registrable_domain
from crawler.addresses import to_address

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from crawler.seeds import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """An `allow` or `deny` line: fixed strings with any run of characters between them.

    Matched by searching each string after the one before, not by a regular expression: no pattern can then
    take more than one walk over the address.
    """

    pieces: tuple[str, ...]
    anchored: bool

    @classmethod
    def of(cls, text: str) -> Pattern:
        """A pattern as written: `*` is any run of characters, a final `$` the end."""
        return cls(pieces=tuple(text.removesuffix("$").lower().split("*")), anchored=text.endswith("$"))

    @property
    def is_path(self) -> bool:
        """Whether it speaks of paths on the home's domain, not of hosts."""
        return self.pieces[0].startswith("/")

    def matches(self, text: str) -> bool:
        """Whether the text, in lower case, starts (or wholly is, if anchored) as the pattern says."""
        first, *others = self.pieces
        if not text.startswith(first):
            return False
        at = len(first)
        if self.anchored:
            if not others:
                return text == first
            last = others.pop()
            if not text.endswith(last) or len(text) - len(last) < at:
                return False
            text = text[: len(text) - len(last)]
        for piece in others:
            found = text.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A seed's `allow` and `deny`, ready to match."""

    authority: str
    """The home's host and port."""
    domain: str | None
    """The home's registrable domain; None where its host has none, as an address or `localhost`."""
    allow: tuple[Pattern, ...]
    deny: tuple[Pattern, ...]
    hosts: tuple[Pattern, ...]
    """The hosts that `allow` names."""

    @classmethod
    def of(cls, seed: Seed) -> Scope:
        """The scope of one seed."""
        parts = urlsplit(seed.home)
        return cls(
            authority=parts.netloc.lower(),
            domain=_find_domain(parts.hostname or ""),
            allow=tuple(Pattern.of(line) for line in seed.allow),
            deny=tuple(Pattern.of(line) for line in seed.deny),
            hosts=tuple(
                Pattern.of(line.partition("/")[0] + "$") for line in seed.allow if not line.startswith("/")
            ),
        )

    def admits(self, url: str) -> bool:
        """Whether a link may be followed; without `allow`, links of the home's own site may."""
        parts = urlsplit(url)
        if not self.allow and not self.deny:
            return self._owns(parts)
        path = ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).lower()
        if any(self._matches(pattern, parts, path) for pattern in self.deny):
            return False
        if self.allow:
            return any(self._matches(pattern, parts, path) for pattern in self.allow)
        return self._owns(parts)

    def names(self, url: str) -> bool:
        """Whether an address lies on this site: the home's own, or a host that `allow` names."""
        parts = urlsplit(url)
        return self._owns(parts) or any(pattern.matches(parts.hostname or "") for pattern in self.hosts)

    def owns(self, url: str) -> bool:
        """Whether an address lies in the home's registrable domain, or on its host and port without one."""
        return self._owns(urlsplit(url))

    def _owns(self, parts: SplitResult) -> bool:
        if parts.netloc.lower() == self.authority:
            return True
        return self.domain is not None and _find_domain(parts.hostname or "") == self.domain

    def _matches(self, pattern: Pattern, parts: SplitResult, path: str) -> bool:
        if pattern.is_path:
            return self._owns(parts) and pattern.matches(path)
        return pattern.matches((parts.hostname or "") + path)


@lru_cache(maxsize=4096)
def _find_domain(host: str) -> str | None:
    if "." not in host or to_address(host) is not None:
        return None
    return registrable_domain(host)
