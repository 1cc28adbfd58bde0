"""How the pages fetched and the visits that ended add up, in words: the same for `crawl` and `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.crawl import CrawlReport


def describe_other_pages(report: CrawlReport) -> str:
    """What follows the number of pages fetched: those of them that ended no visit; empty where each did."""
    parts = []
    if report.further_pages:
        parts.append(f", {report.further_pages} of them further pages of articles")
    if report.pages_again:
        parts.append(f", {report.pages_again} of them tried again")
    return "".join(parts)


def describe_unfetched(report: CrawlReport) -> str:
    """What follows the number of visits: those of them for which no page was fetched; empty where there are none."""
    unfetched = report.visits - report.visits_fetched
    return f", {unfetched} of them with nothing fetched" if unfetched > 0 else ""
