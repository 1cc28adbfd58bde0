"""Hosts that do not answer are not asked again and again in one crawl."""

from __future__ import annotations

from crawler.fetching.failures import FetchError

FAILURES = 3
"""In a row, with no answer between: as often as one page is tried before it is called dead."""


class HostDownError(FetchError):
    """The host failed several times in a row; carries the reason of the last failure."""

    is_host = True

    def __init__(self, host: str, last: FetchError) -> None:
        super().__init__(f"{host} failed {FAILURES} times in a row, at last: {last}")
        self.reason = last.reason


class Breaker:
    """Counts each host's failures in a row."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, FetchError]] = {}

    def check(self, host: str) -> None:
        """Raise HostDownError for a host that is taken for down."""
        count, last = self._failures.get(host, (0, None))
        if last is not None and count >= FAILURES:
            raise HostDownError(host, last)

    def note(self, host: str, error: FetchError | None) -> None:
        """Count a failure of the host itself; any answer, however bad, clears the count."""
        if error is None or not error.is_host:
            self._failures.pop(host, None)
        else:
            self._failures[host] = (self._failures.get(host, (0, error))[0] + 1, error)
