"""What Prometheus reads: counters of what a process has done, and how its parts are, in a registry of their own.

No label takes what strangers write: outcomes, reasons, rule files and monitors are closed lists of ours. Sites are no
label; `/api/sites` and `broadsheet status` have them.
"""

from __future__ import annotations

from collections import Counter as Counts
from typing import TYPE_CHECKING, Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cleaners.models import Article
from crawler.watch.monitors import MONITORS
from pipelines.visits import Cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.captured import Listed
    from crawler.watch.monitors import Monitor
    from pipelines.freshness import Lags
    from pipelines.pool import CleanPool

RequestKind = Literal["page", "listing", "other"]
"""`other`: robots.txt and tdmrep.json."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `Metrics.encode` gives."""

_REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_SECONDS = (60, 300, 900, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 86_400, 3 * 86_400)
_PARTS = ("redis", "store")


class Metrics:
    """The metrics of one process; they count on from one crawl to the next."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._kept: Counts[tuple[str, str | None]] = Counts()
        self._kept_of: object = None
        make: dict[str, Any] = {"namespace": "broadsheet", "registry": self.registry}
        self._requests = Counter(
            "requests",
            "Requests sent, by what for and class of status (none: no answer).",
            ["kind", "status"],
            **make,
        )
        self._pages = Counter(
            "pages", "Answers to requests for pages, by class of status.", ["status"], **make
        )
        self._failures = Counter(
            "request_failures", "Requests without an answer, by reason.", ["reason"], **make
        )
        self._bytes = Counter("received_bytes", "Bytes of the answers' bodies, decompressed.", **make)
        self._seconds = Histogram(
            "request_seconds",
            "From a request's turn until its answer was read.",
            buckets=_REQUEST_SECONDS,
            **make,
        )
        self._removals = Counter(
            "removals", "Times that cleaning took something, by rule file.", ["rule"], **make
        )
        self._removed = Counter(
            "removed_chars", "Characters that cleaning took, by rule file.", ["rule"], **make
        )
        self._kept_chars = Counter("kept_chars", "Characters of the articles' texts.", **make)
        self._outcomes = Counter(
            "outcomes", "Visits that ended in a row, by how and why.", ["outcome", "reason"], **make
        )
        self._lag = Histogram(
            "lag_seconds",
            "From an article's publication until it stood in the log; sites' new articles only.",
            buckets=_LAG_SECONDS,
            **make,
        )
        self._passes = Counter("site_passes", "Passes over sites that ended.", **make)
        self._listed = Gauge("links_listed", "Links that listings have named since this crawl began.", **make)
        self._captured = Gauge("links_captured", "Of them, those with an outcome.", **make)
        self._pending = Gauge("links_pending", "Links that wait for a visit, of all sites.", **make)
        self._claimed = Gauge("links_claimed", "Links that some worker visits now.", **make)
        self._pool_size = Gauge("clean_workers", "Processes that clean.", **make)
        self._pool_busy = Gauge("clean_workers_busy", "Of them, those that have a page.", **make)
        self._pool_starts = Gauge(
            "clean_worker_starts",
            "Processes started to clean since the pool was; the first ones included.",
            **make,
        )
        self._up = Gauge("up", "Whether a part answers: 1, or 0.", ["part"], **make)
        self._answer = Gauge("answer_seconds", "How long a part took for its last answer.", ["part"], **make)
        self._errors = Counter("errors", "Questions that a part did not answer.", ["part"], **make)
        self._sequence = Gauge("log_sequence", "Number of the log's last entry.", **make)
        self._alerts = Gauge("alerts_open", "Sites with an open alert, by monitor.", ["monitor"], **make)
        self._waiting = Gauge(
            "alert_messages_waiting", "Messages of alerts that could not be sent yet.", **make
        )
        for monitor in MONITORS:
            self._alerts.labels(monitor)
        for part in _PARTS:
            self._errors.labels(part)

    # ── what happens ──────────────────────────────────────────────────────────────────────────────────────

    def note_answer(self, kind: RequestKind, status: int, size: int, seconds: float) -> None:
        """Note an answer to a request."""
        name = f"{status // 100}xx"
        self._requests.labels(kind, name).inc()
        if kind == "page":
            self._pages.labels(name).inc()
        self._bytes.inc(size)
        self._seconds.observe(seconds)

    def note_failure(self, kind: RequestKind, reason: str) -> None:
        """Note a request without an answer, by a word of `crawler.fetching.failures`."""
        self._requests.labels(kind, "none").inc()
        self._failures.labels(reason).inc()

    def note_item(self, item: Any) -> None:
        """Note what cleaning took from a page."""
        if not isinstance(item, Cleaned):
            return
        for removal in item.result.removals:
            if not removal.refused:
                rule = removal.rule.partition(":")[0]
                self._removals.labels(rule).inc()
                self._removed.labels(rule).inc(removal.chars)
        if isinstance(item.result, Article):
            self._kept_chars.inc(sum(len(block.text) for block in item.result.blocks))

    def note_outcomes(self, counts: Mapping[tuple[str, str | None], int]) -> None:
        """Note how many visits have ended, by what a ledger has counted so far.

        Where rows were cut again, what comes next makes up for them first: a counter does not fall.
        """
        if counts is not self._kept_of:
            self._kept_of, self._kept = counts, Counts()
        for key, count in counts.items():
            if (more := count - self._kept[key]) > 0:
                outcome, reason = key
                self._outcomes.labels(outcome, reason or "").inc(more)
                self._kept[key] = count

    def note_pass(self, lags: Lags, listed: Mapping[str, Listed]) -> None:
        """Note a pass that ended: the lags of what it settled, and all sites' links so far."""
        self._passes.inc()
        for seconds, count in lags.counts().items():
            for _ in range(count):
                self._lag.observe(seconds)
        links = sum(site.links for site in listed.values())
        self._listed.set(links)
        self._captured.set(links - min(sum(site.owed for site in listed.values()), links))

    # ── how it is ─────────────────────────────────────────────────────────────────────────────────────────

    def note_part(self, part: str, seconds: float | None) -> None:
        """Note how long `redis` or `store` took to answer; None: it did not."""
        self._up.labels(part).set(seconds is not None)
        if seconds is None:
            self._errors.labels(part).inc()
        else:
            self._answer.labels(part).set(seconds)

    def note_queue(self, *, pending: int, claimed: int) -> None:
        """Note how many links wait, and how many are being visited."""
        self._pending.set(pending)
        self._claimed.set(claimed)

    def note_pool(self, pool: CleanPool) -> None:
        """Note how the cleaning pool is."""
        self._pool_size.set(pool.size)
        self._pool_busy.set(pool.busy)
        self._pool_starts.set(pool.starts)

    def note_sequence(self, sequence: int) -> None:
        """Note the number of the log's last entry."""
        self._sequence.set(sequence)

    def note_alerts(self, standing: Iterable[Iterable[Monitor]], *, waiting: int) -> None:
        """Note the open alerts, a list a site, and how many messages wait."""
        counts = Counts(monitor for monitors in standing for monitor in monitors)
        for monitor in MONITORS:
            self._alerts.labels(monitor).set(counts[monitor])
        self._waiting.set(waiting)

    def encode(self) -> bytes:
        """Give it all in Prometheus' text format."""
        return generate_latest(self.registry)
