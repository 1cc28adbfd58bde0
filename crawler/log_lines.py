"""What Scrapy logs of items and errors: never an item, which holds a whole page and the token of its visit."""

# ruff: noqa: ARG002 -- what Scrapy hands over
from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

from pipelines.objects import StoreError

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Request, Response
    from scrapy.logformatter import LogFormatterResult
    from twisted.python.failure import Failure


class LogLines(LogFormatter):
    """Names items by their address. Scrapy adds the traceback; what prints it is Python's handler of last resort."""

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Say nothing to people: a visit is dropped where the crawl ends, and its claim goes back."""
        return _line(logging.DEBUG, "dropped %(url)s: %(why)s", url=item.visit.url, why=exception)

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Say which page brought a bug out; a store that fails ends the crawl with its own line."""
        return _line(_level(exception), "%(url)s: its item cannot be processed", url=item.visit.url)

    def spider_error(
        self, failure: Failure, request: Request, response: Response | Failure, spider: Spider
    ) -> LogFormatterResult:
        """Say which address brought a bug out; a store that fails ends the crawl with its own line."""
        return _line(_level(failure.value), "%(url)s: its answer cannot be processed", url=request.url)

    def download_error(
        self, failure: Failure, request: Request, spider: Spider, errmsg: str | None = None
    ) -> LogFormatterResult:
        """Say nothing to people: what became of the request stands in its row, or its claim went back."""
        return _line(logging.DEBUG, "%(url)s: no answer: %(why)s", url=request.url, why=failure.value)


def _level(error: BaseException | None) -> int:
    return logging.DEBUG if isinstance(error, StoreError) else logging.ERROR


def _line(level: int, message: str, **values: Any) -> LogFormatterResult:
    return {"level": level, "msg": message, "args": values}
