"""How long articles took from their publication until they were settled here, in a few hundred bytes a site."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.seen import to_since

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleaners.models import Listed

_STEP = 1.1
"""Lags are counted in classes that grow by this factor: a quantile is off by 5 % at most, and ten years are 200 classes."""


class Lags:
    """Lags of one site, in seconds: how many there are, and about where any share of them lies."""

    def __init__(self, classes: Counter[int] | None = None) -> None:
        self.classes: Counter[int] = classes or Counter()
        """How many lie in each class."""

    @property
    def count(self) -> int:
        """How many were noted."""
        return self.classes.total()

    def note(self, seconds: float) -> None:
        """Count one; what is said to be published in the future counts as a second."""
        self.classes[round(math.log(max(seconds, 1.0), _STEP))] += 1

    def since(self, before: Lags | None) -> Lags:
        """Give those that were noted after `before` was kept; None: all."""
        return Lags(self.classes - (before.classes if before else Counter()))

    def counts(self) -> dict[float, int]:
        """Give how many lags there are of about so many seconds."""
        return {_STEP**number: count for number, count in self.classes.items()}

    def quantile(self, share: float) -> float | None:
        """Give the seconds that this share of the lags does not exceed; None: none was noted."""
        left = share * self.count
        for number in sorted(self.classes):
            left -= self.classes[number]
            if left <= 0:
                return _STEP**number
        return None


class Freshness:
    """The lags of the sites that this worker visits, since it began."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self.lags: dict[str, Lags] = {}
        """By site; those of which nothing new was settled are not there."""

    def watch(self, site: str, since: float) -> None:
        """Count what the site publishes from this moment on, in Unix seconds.

        What was there before the site was visited first would only tell how old its archive is.
        """
        self._since[site] = since

    def note(self, site: str, published_at: float, settled_at: float) -> None:
        """Count an article that is now in the log; both in Unix seconds."""
        if published_at >= self._since.get(site, math.inf):
            self.lags.setdefault(site, Lags()).note(settled_at - published_at)


def find_published(listed: Listed, record: Mapping[str, Any]) -> float | None:
    """Give when an article was published, in Unix seconds; None: nothing says it with a time of day and a zone."""
    if moment := to_since(listed.published_at, datetime.now(UTC)):
        return float(moment)
    if record["published_at"] is None or record["published_precision"] == "day":
        return None
    if record["published_zone"] != "stated":
        return None
    return datetime.fromisoformat(record["published_at"]).timestamp()
