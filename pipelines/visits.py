"""What passes between the spider and the pipelines: a visit, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from cleaners.models import Article, Document, Listed, Rejection
    from pipelines.captures import Capture

OutcomeKind = Literal["article", "unchanged", "duplicate", "rejected", "gone", "blocked", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The right, and the duty, to bring one URL to exactly one outcome."""

    url: str
    """As claimed: the URL as the listing gave it."""
    token: str
    """Random, hex; the `visit` of the row that ends this visit."""
    site: str
    attempt: int
    """From 1: how often this URL was tried since it was listed."""
    listed: Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Yielded by the spider: a page that answered."""

    visit: Visit
    document: Document
    read_page: Callable[[str, str], Awaitable[Document | None]] | None = None
    """Fetches a further page of the article by its address and that of the first page; None: it cannot be had.

    Raises VisitCutShortError. None: further pages are not fetched.
    """
    captures: list[Capture] = field(default_factory=list)
    """The page as it is to be archived, and what `read_page` fetches since; empty: it is not to be."""


class VisitCutShortError(Exception):
    """The crawl ends before the visit is complete: its claim goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Made by `pipelines/clean.py` from `Fetched`."""

    visit: Visit
    fetched_at: datetime
    status: int
    result: Article | Rejection
    captures: tuple[Capture, ...] = ()
    """The pages that are to be archived, in the order in which they were fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Yielded by the spider: a visit that ended without a page to clean."""

    visit: Visit
    fetched_at: datetime
    outcome: Literal["gone", "blocked", "dead", "unchanged"]
    reason: str
    """One word: `http_404`, `robots`, `address`, `timeout`, `tls`, …"""
    evidence: str
    """One line for people, such as the error's text."""
    status: int | None = None
