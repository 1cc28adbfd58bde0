"""Date windows: which links a listing's own dates put before the day that somebody asked for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleaners.models import Listed

_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_MOST_OFFSET = timedelta(hours=14)
"""How far a local time without its zone can lie behind UTC: it is read as the latest moment that it may mean."""


def admits_date(listed: Listed, since: datetime) -> bool:
    """Whether an article may have been published at or after `since` (aware), by what the listing says.

    The day of publication decides where there is one. Else an article that was last modified before was published
    before. What has no readable date is admitted: the listing says nothing against it.
    """
    moment = latest_moment(listed.published_at) or latest_moment(listed.modified_at)
    return moment is None or moment >= since


def latest_moment(text: str | None) -> datetime | None:
    """The latest moment that a date of a feed or sitemap can mean, aware; None: it is no date.

    >>> latest_moment("2025-02").isoformat()
    '2025-03-01T14:00:00+00:00'
    """
    text = (text or "").strip()
    try:
        if partial := _PARTIAL.fullmatch(text):
            year, month, day = (int(part) if part else None for part in partial.groups())
            start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
            days = 1 if day else 31 if month else 366
            end = start + timedelta(days=days)
            if month and not day:
                end = end.replace(day=1)
            elif not month:
                end = datetime(start.year + 1, 1, 1, tzinfo=UTC)
            return end + _MOST_OFFSET
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC) + _MOST_OFFSET
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
