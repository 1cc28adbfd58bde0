"""How much of what a site lists is captured, and how fresh it is: plain numbers, for the report and for metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.freshness import Lags


@dataclass(slots=True)
class Listed:
    """A site's links, as this worker's passes have met them."""

    links: int = 0
    """Those that had no outcome when the first pass began, and those that were never heard of before."""
    owed: int = 0
    """Of them, those without an outcome when the last pass ended, or a list of addresses was read."""

    def add_list(self, new: int) -> None:
        """Note that a list of addresses named so many that were never heard of."""
        self.links += new
        self.owed += new

    def begin_pass(self, owed: int) -> int:
        """Note how many links have no outcome; gives how many of them this crawl did not find itself."""
        others = max(owed - self.owed, 0)
        self.links += others
        self.owed = owed
        return others


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFigures:
    """What became of what a site lists."""

    listed: int
    """Links that its listings named and that had no outcome yet."""
    captured: int
    """Of them, those that have one now: an article, or a reason why there is none."""
    captured_share: float | None
    """From 0 to 1; None: nothing was listed."""
    lags: int
    """New articles, published since the site was first visited, whose time of publication is known."""
    lag_median_seconds: float | None
    """Between their publication and the moment when they stood in the log; None: there are none."""
    lag_p95_seconds: float | None
    """95 of 100 lags are no longer than this."""


def make_figures(listed: Mapping[str, Listed], lags: Mapping[str, Lags]) -> dict[str, SiteFigures]:
    """The figures of each site that was visited, by its id."""
    return {site: _make(listed[site], lags.get(site)) for site in sorted(listed)}


def _make(listed: Listed, lags: Lags | None) -> SiteFigures:
    captured = max(listed.links - listed.owed, 0)
    median, late = (lags.quantile(0.5), lags.quantile(0.95)) if lags else (None, None)
    return SiteFigures(
        listed=listed.links,
        captured=captured,
        captured_share=round(captured / listed.links, 4) if listed.links else None,
        lags=lags.count if lags else 0,
        lag_median_seconds=None if median is None else round(median, 1),
        lag_p95_seconds=None if late is None else round(late, 1),
    )
