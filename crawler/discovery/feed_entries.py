"""The entries of one feed, whatever its format: which of an entry's addresses is the article's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from cleaners.models import Listed
from crawler.discovery.found import About
from crawler.discovery.links import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_FEED_LINKS = 50_000
"""As many as one sitemap may hold; a feed of 100,000 items is cut there."""
MEDIA_TYPES = ("audio/", "video/", "image/", "application/pdf", "application/zip", "application/octet-stream")
"""What an enclosure's type begins with where it is no page."""

_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}


class Entries:
    """Takes a feed's entries one by one, each address once, and adds up what the feed says of itself."""

    def __init__(self, url: str) -> None:
        self.is_damaged = False
        self.count = 0
        """Entries with an address."""
        self.cut_at: str | None = None
        """How much was read, where not all was."""
        self.ttl_minutes: float | None = None
        self._url = url
        self._period: str | None = None
        self._frequency: float | None = None
        self._seen: set[str] = set()
        self._media_links = 0

    @property
    def is_full(self) -> bool:
        """Whether as many were taken as are read of one feed."""
        return self.count >= MAX_FEED_LINKS

    def add(  # noqa: PLR0913 -- one a part of an entry
        self,
        *,
        links: Iterable[tuple[str, tuple[str, ...]]],
        media: set[tuple[str, str]],
        original: str | None = None,
        guid: str | None = None,
        title: str | None = None,
        published_at: str | None = None,
        modified_at: str | None = None,
        authors: Iterable[str] = (),
        base: tuple[str, ...] = (),
    ) -> Listed | None:
        """The entry as a link; None: it has no address, an earlier entry has the same, or it is no page.

        `links` come with the bases around them, outermost first; `media` are addresses with their types. The
        address is that of the original where a feed proxy names it, else the first link that is one, else a
        `guid` that is an address: many feeds say nothing else, and mean it.
        """
        hrefs: list[tuple[str, tuple[str, ...]]] = [(original, ())] if original else []
        hrefs += links
        if guid and guid.lower().startswith(("http://", "https://")):
            hrefs.append((guid, base))
        link = next((found for href, bases in hrefs if (found := self._resolve(href, bases))), None)
        if link is None or link in self._seen or self.is_full:
            self._media_links += link is None and bool(media)
            return None
        self._seen.add(link)
        self.count += 1
        if any(kind.startswith(MEDIA_TYPES) and self._resolve(href, base) == link for href, kind in media):
            self._media_links += 1
            return None
        return Listed(
            url=link,
            title=_clean(title),
            published_at=_clean(published_at),
            modified_at=_clean(modified_at),
            authors=tuple(name for author in authors if (name := author.strip())),
        )

    def note_full(self) -> None:
        """Note that there is more than is read of one feed."""
        self.cut_at = f"{MAX_FEED_LINKS} links"

    def note_period(self, name: str, text: str | None) -> None:
        """Note `updatePeriod` or `updateFrequency`: how often in a period the feed changes."""
        if name == "updatePeriod":
            self._period = (text or "").strip().lower() or self._period
        else:
            self._frequency = read_number(text) or self._frequency

    def about(self) -> About:
        """What the feed says of itself."""
        seconds = _PERIODS.get(self._period or "")
        if seconds is None and self._frequency:
            seconds = _PERIODS["daily"]  # what the module says of a missing period
        return About(
            period_seconds=None if seconds is None else seconds / max(self._frequency or 1.0, 1.0),
            ttl_seconds=self.ttl_minutes * 60 if self.ttl_minutes else None,
            media_links=self._media_links,
            cut_at=self.cut_at,
        )

    def _resolve(self, href: str, bases: tuple[str, ...]) -> str | None:
        at = self._url
        try:
            for base in bases:
                at = urljoin(at, base)
        except ValueError:
            at = self._url
        return absolute(at, href)


def read_number(text: object) -> float | None:
    """A finite number above zero, or None."""
    try:
        number = float(str(text).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _clean(text: str | None) -> str | None:
    return str(text).strip() or None if text else None
