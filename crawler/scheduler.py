"""Scrapy's queue, as a plain line: the spider decides what comes when, and how much is under way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from scrapy.core.scheduler import BaseScheduler

if TYPE_CHECKING:
    from scrapy import Request


class LineScheduler(BaseScheduler):
    """First in, first out, and nothing filtered: duplicates are the ledger's business.

    Scrapy's own scheduler fingerprints each request and keeps a priority queue per slot, for nothing here: a site
    never has more than its window of requests in line.
    """

    def __init__(self) -> None:
        self._line: deque[Request] = deque()

    def has_pending_requests(self) -> bool:
        """Whether a request is in line."""
        return bool(self._line)

    def enqueue_request(self, request: Request) -> bool:
        """Put a request at the end of the line."""
        self._line.append(request)
        return True

    def next_request(self) -> Request | None:
        """Take the request at the head of the line; None: there is none."""
        return self._line.popleft() if self._line else None
