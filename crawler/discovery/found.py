"""What reading a listing gives: its links, the sitemaps it names, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from cleaners.models import Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class SubSitemap:
    """A sitemap that a sitemap index names."""

    url: str
    modified_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a listing says of itself, beside its links."""

    is_news: bool = False
    """A news sitemap: the articles of the last two days, and worth asking sooner than an archive."""
    period_seconds: float | None = None
    """How long its publisher lets pass between two changes (`sy:updatePeriod`); None: not said."""
    ttl_seconds: float | None = None
    """How long its publisher wants it kept (`ttl`, JSON Feed has none); None: not said."""
    media_links: int = 0
    """Entries left out because they are sound, pictures or documents by the type that the listing gives."""
    cut_at: str | None = None
    """How much of it was read where more stands in it, such as `50000 links`; None: it was read to its end."""
    problem: str | None = None
    """Why this is no listing, in a few words; None: it is one, if perhaps an empty one."""


Entry = Listed | SubSitemap | About
"""What a reader yields: links and sitemaps in the listing's order, and one About at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one listing gave, or one chunk of it."""

    links: tuple[Listed, ...] = ()
    """Articles, in the listing's order, each address once."""
    sitemaps: tuple[SubSitemap, ...] = ()
    """Further sitemaps that a sitemap index names."""
    about: About = About()
    """What it says of itself; of several chunks, the last one's counts."""
    is_last: bool = True
    """Whether no chunk follows."""
