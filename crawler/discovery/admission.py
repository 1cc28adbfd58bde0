"""Which of a listing's links one pass of one site follows, and a counted reason for each that it does not."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.discovery.aggregators import find_publisher_link
from crawler.discovery.dates import admits_date
from crawler.discovery.media import find_no_page
from crawler.discovery.traps import Traps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cleaners.models import Listed
    from crawler.discovery.scope import Scope


class Admission:
    """The gate between a site's listings and its pending links; may be asked from several threads."""

    def __init__(self, scope: Scope, *, since: datetime | None = None) -> None:
        self._scope = scope
        self._since = since
        self._traps = Traps(datetime.now(UTC).date())
        self._lock = threading.Lock()

    def admit(self, links: Iterable[Listed]) -> tuple[list[Listed], Counter[str]]:
        """The links that are followed, in their order, and how many were refused by reason.

        Reasons: `scope` (another site, or denied by the seed), `media`, `document`, `date` (before `since`),
        `trap_path`, `trap_session`, `trap_calendar`, `trap_pages`, `trap_query`, and `budget_hosts`, `budget_host`,
        `budget_domain`, `budget_site`.
        """
        admitted: list[Listed] = []
        refused: Counter[str] = Counter()
        with self._lock:
            for listed in links:
                link = listed
                if not self._scope.admits(link.url):
                    target = find_publisher_link(link.url)
                    if target is None or not self._scope.admits(target):
                        refused["scope"] += 1
                        continue
                    link = replace(link, url=target)
                if reason := self._find_reason(link):
                    refused[reason] += 1
                else:
                    admitted.append(link)
        return admitted, refused

    def _find_reason(self, link: Listed) -> str | None:
        if reason := find_no_page(link.url):
            return reason
        if self._since is not None and not admits_date(link, self._since):
            return "date"
        return self._traps.find_trap(link.url)
