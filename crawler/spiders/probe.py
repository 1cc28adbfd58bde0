"""A spider that fetches a few addresses and hands their answers back: for people who want to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scrapy

from crawler.closures import Closures
from crawler.fetching.failures import FetchError
from crawler.fetching.pace import Pacer
from crawler.watch.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.addresses import AddressGuard
    from crawler.held_robots import HeldRobots


class ProbeSpider(scrapy.Spider):
    """Asks as the crawl asks: robots.txt, address guard, delays and limits are those of the settings.

    `probes` are addresses with what their requests' meta says beyond the usual; `on_answer` gets the place of each
    in them, and its response or FetchError.
    """

    name = "probe"

    def __init__(
        self,
        *,
        guard: AddressGuard,
        probes: Sequence[tuple[str, dict[str, Any]]],
        on_answer: Callable[[int, Response | FetchError], None],
        robots: HeldRobots | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.guard = guard
        self.pacer = Pacer()
        self.closures = Closures()
        self.kept_robots = robots
        self.metrics = Metrics()
        self.fault: BaseException | None = None
        self._probes = probes
        self._on_answer = on_answer

    async def start(self) -> AsyncIterator[Any]:
        """Yield one request an address."""
        for place, (url, meta) in enumerate(self._probes):
            yield scrapy.Request(
                url,
                callback=self.on_response,
                errback=self.on_failure,
                dont_filter=True,
                meta={"place": place, "download_slot": meta["site"], **meta},
            )

    def on_response(self, response: Response) -> None:
        """Hand an answer back, whatever its status."""
        self._on_answer(response.meta["place"], response)

    def on_failure(self, failure: Failure) -> None:
        """Hand back why there is no answer."""
        error = failure.value
        if isinstance(error, FetchError):
            self._on_answer(failure.request.meta["place"], error)  # type: ignore[attr-defined]
        else:
            self.fault = self.fault or error
