"""How each site is, put together of what the agenda and the watch remember: for `broadsheet status` and the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.watch.alerts import SiteMemory, alert_id, to_samples
from crawler.watch.visits import add_up, to_moment
from pipelines.record import to_timestamp
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from crawler.agenda import Entry
    from crawler.watch.alerts import Alert
    from crawler.watch.monitors import Monitor
    from crawler.watch.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """Something that is wrong with a site."""

    id: str
    monitor: Monitor
    evidence: str
    """One line for people, as of the last pass that showed it."""
    opened_at: str
    samples: tuple[dict[str, Any], ...]
    """Pages and listings that show it: `url`, and the `visit` of its row, None for a listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """One site as it is now. Times are ISO 8601; None: it never happened, or nothing is known."""

    site: str
    verdict: str | None
    verdict_evidence: str | None
    visited_at: str | None
    """When its last pass began."""
    due_at: str | None
    held_by: str | None
    """The living worker that has it."""
    owed: int
    """Links that are owed a visit."""
    captured_share: float | None
    """From 0 to 1: of the links that its listings named while the last worker watched, those that have an outcome."""
    lag_seconds: int | None
    """From publication until an article stood in the log: about the middle over the passes that are remembered."""
    articles: int
    """In those passes."""
    pages: int
    alerts: tuple[OpenAlert, ...]
    failing: tuple[str, ...]
    """Listings that could not be read last, each with how often and why."""
    put_offs: int
    """Passes in a row that had to leave pages for later."""
    put_off: str | None
    """Why the last of them did."""

    @property
    def is_wrong(self) -> bool:
        """Whether somebody should look at it."""
        return bool(self.alerts or self.failing or self.put_offs or self.verdict not in {None, "ok"})


def describe_wrong(status: SiteStatus) -> list[str]:
    """What is wrong with a site apart from its alerts, one line each."""
    said = [] if status.verdict in {None, "ok"} else [f"{status.verdict}: {status.verdict_evidence}"]
    if status.put_offs:
        share = status.captured_share
        captured = "" if share is None else f", {100 * share:.0f} % of those listed are captured"
        said.append(
            f"pages were put off in {counted(status.put_offs, 'pass', 'passes')} in a row"
            f"{f' ({status.put_off})' if status.put_off else ''}; "
            f"{counted(status.owed, 'link')} owed{captured}"
        )
    return [*said, *status.failing]


def find_statuses(entries: Iterable[Entry], memories: Mapping[str, SiteMemory]) -> list[SiteStatus]:
    """All sites of the agenda, those with something wrong first, each by name."""
    found = [_to_status(entry, memories.get(entry.site) or SiteMemory()) for entry in entries]
    return sorted(found, key=lambda status: (not status.alerts, not status.is_wrong, status.site))


def _to_status(entry: Entry, memory: SiteMemory) -> SiteStatus:
    state = entry.state
    known = add_up(memory.visits) if memory.visits else None
    captured = next((visit.captured for visit in reversed(memory.visits) if visit.captured is not None), None)
    return SiteStatus(
        site=entry.site,
        verdict=state.verdict or None,
        verdict_evidence=state.evidence or None,
        visited_at=_moment(state.visited),
        due_at=_moment(entry.due),
        held_by=entry.holder,
        owed=state.owed,
        captured_share=None if captured is None else captured / 100,
        lag_seconds=_lag(known),
        articles=known.articles if known else 0,
        pages=known.pages if known else 0,
        alerts=tuple(to_open_alert(entry.site, alert) for alert in memory.alerts),
        failing=tuple(
            f"{source.kind} {source.url}: failed {counted(source.failures, 'time')}: {source.error}"
            for source in state.sources
            if source.failures
        ),
        put_offs=state.put_offs,
        put_off=state.put_off or None,
    )


def to_open_alert(site: str, alert: Alert) -> OpenAlert:
    """An alert as people see it."""
    return OpenAlert(
        id=alert_id(site, alert),
        monitor=alert.monitor,
        evidence=alert.evidence,
        opened_at=to_timestamp(to_moment(alert.opened)),
        samples=tuple(to_samples(alert.samples)),
    )


def _lag(known: Visit | None) -> int | None:
    return known.lag if known is not None and known.lags else None


def _moment(seconds: float) -> str | None:
    return to_timestamp(to_moment(seconds)) if seconds else None
