"""A site's alerts: opened once, kept while they hold, closed by themselves; with the pages that show them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from crawler.watch.monitors import MONITORS, Monitor, count_many, judge
from crawler.watch.visits import MOST_SAMPLES, Sample, Visit, add_up, to_moment
from pipelines.record import to_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from crawler.watch.past import Judged

MOST_VISITS = 30
"""Passes that are remembered one by one; older ones are added up by days."""
MOST_DAYS = 21
MOST_BYTES = 4_096
"""Of what is remembered of a site; beyond it the oldest goes."""
NORMAL_SECONDS, NORMAL_PASSES = MOST_DAYS * 86_400, 20
"""What has held for so long is how the site is by now."""

_EVIDENCE_CHARS = 240

# An alert that stands says what these would only say again: without pages there is neither yield nor freshness.
_SAID_BY: dict[Monitor, tuple[Monitor, ...]] = {
    "errors": ("verdict",),
    "verdict": ("errors",),
    "yield": ("verdict", "errors", "freshness"),
    "freshness": ("verdict", "errors", "yield"),
}


class Alert(msgspec.Struct, array_like=True):
    """Something is wrong with a site. New fields go to the end, with a default."""

    monitor: Monitor
    opened: int
    """Unix seconds."""
    evidence: str
    """One line for people, as of the last pass that showed it."""
    samples: list[Sample] = []
    """Pages and listings that show it, at most three."""
    passes: int = 1
    """Since it was opened."""


class SiteMemory(msgspec.Struct, array_like=True):
    """All that is remembered of one site. New fields go to the end, with a default."""

    visits: list[Visit] = []
    """The last passes, oldest first; quiet ones in a row are one."""
    days: list[Visit] = []
    """What older passes add up to, a day each; two where an alert was opened on it."""
    alerts: list[Alert] = []

    def packed(self) -> bytes:
        """Give it as it stands in Redis: the oldest is left out where it would be too large."""
        while len(packed := msgspec.msgpack.encode(self)) > MOST_BYTES and (
            len(self.visits) > 2 or self.days
        ):
            if self.days and len(self.days) >= len(self.visits) / 2:
                del self.days[0]
            else:
                self._fold()
        return packed

    def add(self, visit: Visit) -> None:
        """Remember a pass."""
        last = self.visits[-1] if self.visits else None
        if last is not None and visit.is_quiet and last.is_quiet and _is_like(visit, last):
            self.visits[-1] = add_up([last, visit])
            return
        self.visits.append(visit)
        while len(self.visits) > MOST_VISITS:
            self._fold()

    def _fold(self) -> None:
        visit = self.visits.pop(0)
        day = self.days[-1] if self.days else None
        if day is not None and day.day == visit.day and day.marks == visit.marks:
            self.days[-1] = add_up([day, visit])
        else:
            self.days.append(visit)
        del self.days[:-MOST_DAYS]


class Message(msgspec.Struct, frozen=True):
    """What a person is told of an alert: when it opens, and when it closes."""

    id: str
    """Of the alert: the same in both messages."""
    event: Literal["opened", "closed"]
    site: str
    monitor: Monitor
    evidence: str
    opened_at: str
    closed_at: str | None
    samples: tuple[dict[str, str | None], ...]
    """`url` and `visit`; a listing has no visit."""

    @property
    def at(self) -> float:
        """When it happened, in Unix seconds."""
        return datetime.fromisoformat(self.closed_at or self.opened_at).timestamp()


def read_memory(packed: bytes | None) -> SiteMemory:
    """Read what stands in Redis; an empty memory where nothing does, or what no version of ours wrote."""
    if not packed:
        return SiteMemory()
    try:
        return msgspec.msgpack.decode(packed, type=SiteMemory)
    except msgspec.DecodeError:
        return SiteMemory()


def note_visit(
    memory: SiteMemory,
    site: str,
    visit: Visit,
    samples: Mapping[str, Sequence[Sample]],
    removals: Sequence[int] = (),
) -> list[Message]:
    """Remember a pass, judge the site after it, and open and close its alerts; gives what people are told of that.

    `removals`: how often a rule took something from the page of each article.
    """
    visit.many, visit.compared = count_many(removals, memory.visits, memory.days)
    _mark([visit], *(alert.monitor for alert in memory.alerts))
    memory.add(visit)
    judged = judge(memory.visits, memory.days)
    messages, over = [], set[Monitor]()
    for alert in list(memory.alerts):
        alert.passes += 1
        if (closed := _close(alert, judged[alert.monitor], visit.at, memory)) is not None:
            over.add(alert.monitor)
            messages.append(to_message(site, alert, closed=closed, at=visit.at))
    standing = {alert.monitor for alert in memory.alerts}
    for monitor in MONITORS:
        said = judged[monitor]
        if (
            said.state == "broken"
            and monitor not in over
            and not standing & {monitor, *_SAID_BY.get(monitor, ())}
        ):
            alert = Alert(monitor, visit.at, said.evidence[:_EVIDENCE_CHARS], _pick(said.shows, samples))
            memory.alerts.append(alert)
            standing.add(monitor)
            shown = _last_two(memory.visits) if said.since is None else _since(memory, said.since)
            _mark(shown, monitor)
            messages.append(to_message(site, alert))
    return messages


def _close(alert: Alert, judged: Judged, at: int, memory: SiteMemory) -> str | None:
    """Close an alert that does not hold any more, and say why; None: it stays."""
    if judged.state == "broken":
        alert.evidence = judged.evidence[:_EVIDENCE_CHARS]
    bit = 1 << MONITORS.index(alert.monitor)
    if at - alert.opened > NORMAL_SECONDS and alert.passes > NORMAL_PASSES:
        why = "has been so for three weeks, and is taken for normal from now on"
        for visit in [*memory.days, *memory.visits]:
            # What was before is what is not usual any more.
            visit.marks = visit.marks | bit if visit.at < alert.opened else visit.marks & ~bit
    elif judged.state == "fine":
        why = "is as before"
        memory.visits[-1].marks &= ~bit
    else:
        return None
    memory.alerts.remove(alert)
    return why


def _since(memory: SiteMemory, moment: int) -> Iterator[Visit]:
    return (visit for visit in (*memory.days, *memory.visits) if visit.at >= moment)


def _last_two(visits: Sequence[Visit]) -> Iterator[Visit]:
    """The records of the last two passes: both have shown what is wrong."""
    passes = 0
    for visit in reversed(visits):
        yield visit
        passes += visit.passes
        if passes >= 2:
            return


def _mark(visits: Iterable[Visit], *monitors: Monitor) -> None:
    for visit in visits:
        for monitor in monitors:
            visit.marks |= 1 << MONITORS.index(monitor)


def _pick(shows: Iterable[str], samples: Mapping[str, Sequence[Sample]]) -> list[Sample]:
    found = [sample for name in shows for sample in samples.get(name, ())]
    return list(dict.fromkeys(found))[:MOST_SAMPLES]


def _is_like(visit: Visit, last: Visit) -> bool:
    return all(getattr(visit, name) == getattr(last, name) for name in ("links", "verdict", "day", "marks"))


def alert_id(site: str, alert: Alert) -> str:
    """Name an alert: 16 hex digits, the same wherever it is told of."""
    return hashlib.sha256(f"{site} {alert.monitor} {alert.opened}".encode()).hexdigest()[:16]


def to_message(site: str, alert: Alert, *, closed: str | None = None, at: int = 0) -> Message:
    """What people are told of an alert; `closed`: why it was, at the Unix second `at`."""
    return Message(
        id=alert_id(site, alert),
        event="opened" if closed is None else "closed",
        site=site,
        monitor=alert.monitor,
        evidence=alert.evidence if closed is None else f"{closed}; it was: {alert.evidence}",
        opened_at=to_timestamp(to_moment(alert.opened)),
        closed_at=None if closed is None else to_timestamp(to_moment(at)),
        samples=tuple(to_samples(alert.samples)),
    )


def to_samples(samples: Iterable[Sample]) -> Iterable[dict[str, Any]]:
    """The samples with their fields by name."""
    return ({"url": sample.url, "visit": sample.visit or None} for sample in samples)
