"""How the spider ends a visit without a page to clean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cleaners.models import Article, Rejection
from pipelines.visits import Cleaned, Ended

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.fetching.failures import FetchError
    from pipelines.visits import Visit


def end(visit: Visit, outcome: Any, reason: str, evidence: str, status: int | None) -> Ended:
    """The end of a visit that brought no page; `status` is None where nothing answered."""
    return Ended(
        visit=visit,
        fetched_at=datetime.now(UTC),
        outcome=outcome,
        reason=reason,
        evidence=evidence[:500],
        status=status,
    )


def reject(visit: Visit, url: str, error: FetchError) -> Cleaned:
    """The end of a visit whose answer is no page: as cleaning would have said, had the body been fetched."""
    rejection = Rejection(reason=error.reason, evidence=str(error), url=url, requested_url=visit.url)
    return Cleaned(visit=visit, fetched_at=datetime.now(UTC), status=200, result=rejection)


def find_outcome(item: Cleaned | Ended) -> str:
    """How a visit ended, as far as its page tells: `article`, `rejected`, or the outcome of one without a page."""
    if isinstance(item, Ended):
        return item.outcome
    return "article" if isinstance(item.result, Article) else "rejected"


def end_request(response: Response | Failure) -> None:
    """Tell the pass that the request's visit or listing has ended."""
    meta = response.request.meta  # type: ignore[union-attr]
    if "visit" in meta:
        meta["site_pass"].end_visit(meta["visit"])
    else:
        meta["site_pass"].end_listing()
