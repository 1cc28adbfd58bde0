"""Whether a site can still be read, and brings what it used to bring."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from crawler.verdicts import kind_of
from crawler.watch.bounds import Share, find_shift, has_risen, pool
from crawler.watch.past import (
    LEAST_PAGES,
    LEAST_PASSES,
    SIGMAS,
    UNCLEAR,
    Judged,
    Past,
    percent,
    say_share,
)
from pipelines.wording import to_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.watch.visits import Visit

RISEN_SHARE, MOST_RISEN = 0.4, 0.8
"""By so much the share of bad pages must have risen; where most were bad before, by so much of what was left."""
FEWER_LINKS = 0.2
"""Of the links that usually stand in the listings; at night and at weekends a news sitemap keeps a third."""
LEAST_LINKS = 5
"""In listings that an empty one is told from."""
FEWER_NEW = 0.1
"""Of the new links of the second worst day in the past: a Sunday has a fifth of a Friday's."""
LEAST_DAYS, LEAST_NEW = 8, 30
"""Days of the past, and new links on each, before one is compared with them: with fewer no weekend is among them."""
SILENT_FACTOR, SILENT_SECONDS = 3.0, 86_400
"""A site is silent after three times its longest pause, and not before a day."""
LEAST_NEWS, LEAST_KNOWN_SECONDS = 10, 3 * 86_400
"""Passes with news, and the time that they span, before a pause says something."""
LATE_FACTOR, LATE_SECONDS = 4.0, 6 * 3_600
"""News is late where it comes four times as late as usual, and by six hours."""

# What one article's lag strays by at least, in logarithms.
_LAG_SPREAD = 0.7


def look_at_verdict(past: Past) -> Judged:
    verdict = past.visits[-1].verdict
    told = past.usual([*past.days, *past.visits[:-1]], lambda visit: bool(visit.verdict))
    if not verdict or sum(visit.passes for visit in told) < LEAST_PASSES:
        return UNCLEAR
    if verdict == "ok":
        return Judged(state="fine")
    same = sum(visit.passes for visit in told if visit.verdict == verdict)
    if same > sum(visit.passes for visit in told) / 10:
        return UNCLEAR
    reasons = {name for visit in past.visits for name in visit.bad if kind_of(name) == verdict}
    if (found := _find_rise(past, reasons)) is None:
        return _no_listing(past, verdict) if verdict in {"dead", "blocked"} else UNCLEAR
    before, now = found
    told_reasons = _say_reasons(past, reasons)
    evidence = f"{verdict}: {say_share(now)} of pages ({told_reasons}), {percent(before.value)} before"
    return Judged(state="broken", evidence=evidence, shows=tuple(sorted(reasons)))


def look_at_errors(past: Past) -> Judged:
    if (listing := _no_listing(past, "no listing can be read")).state == "broken":
        return listing
    parts = past.part(lambda visit: visit.pages)
    if parts is None:
        return listing
    reasons = {name for visit in past.visits for name in visit.bad}
    if found := _find_rise(past, reasons):
        before, now = found
        evidence = (
            f"{say_share(now)} of pages gave no article ({_say_reasons(past, reasons)}), "
            f"{percent(before.value)} before"
        )
        return Judged(state="broken", evidence=evidence, shows=tuple(_most_of(past, reasons)))
    before, now = (_bad_share(part, reasons) for part in parts)
    is_fine = now.value <= before.value + RISEN_SHARE / 2 and listing.state != "unclear"
    return Judged(state="fine") if is_fine else UNCLEAR


def _find_rise(past: Past, reasons: set[str]) -> tuple[Share, Share] | None:
    """The shares of pages that ended by these reasons, before and now, where that rose; None: it did not."""
    parts = past.part(lambda visit: visit.pages)
    if parts is None or sum(visit.pages for visit in parts[0]) < LEAST_PAGES:
        return None
    before, now = (_bad_share(part, reasons) for part in parts)
    each = [_bad_share([visit], reasons).value for visit in parts[1][-2:]]
    # Both of the last two show it: one alone is an outage that is over.
    risen = min(RISEN_SHARE, MOST_RISEN * (1 - before.value))
    if now.value - before.value < risen or min(each) - before.value < risen / 2:
        return None
    return (before, now) if has_risen(before, now) else None


def _bad_share(visits: Sequence[Visit], reasons: set[str]) -> Share:
    return pool([(sum(visit.bad.get(name, 0) for name in reasons), visit.pages) for visit in visits])


def _no_listing(past: Past, said: str) -> Judged:
    """Whether no listing could be read in the last two passes that asked for one; fine where one was in each."""
    parts = past.part(lambda visit: visit.answered + visit.failed, least=2)
    if parts is None:
        return Judged(state="fine") if past.visits[-1].answered else UNCLEAR
    before, recent = parts
    polls = sum(visit.answered + visit.failed for visit in before)
    usual = sum(visit.answered for visit in before) / polls
    if any(visit.answered for visit in recent[-2:]):
        return Judged(state="fine") if all(visit.answered for visit in recent[-2:]) else UNCLEAR
    if usual < 0.9:
        return UNCLEAR
    failed = sum(visit.failed for visit in recent[-2:])
    evidence = f"{said}: {failed} of {failed} polls of its listings failed, {percent(1 - usual)} before"
    return Judged(state="broken", evidence=evidence, shows=("listings",))


def look_at_yield(past: Past) -> Judged:
    parts = past.part(lambda visit: visit.answered, least=2)
    if parts is None:
        return UNCLEAR
    before, recent = parts
    usual, least = median(visit.links for visit in before), min(visit.links for visit in before)
    most = max(visit.links for visit in recent[-2:])
    if usual >= LEAST_LINKS and most <= min(FEWER_LINKS * usual, least / 2):
        evidence = f"its listings name {most} links, {usual:.0f} before"
        return Judged(state="broken", evidence=evidence, shows=("listings",))
    return _look_at_days(past)


def _look_at_days(past: Past) -> Judged:
    """Whether the last whole day brought far fewer new links than the second worst one before it."""
    today = past.visits[-1].day
    known = [visit for visit in (*past.days, *past.visits) if visit.answered]
    last = [visit for visit in known if visit.day == today - 1]
    days: dict[int, list[Visit]] = {}
    for visit in past.usual(known, lambda visit: visit.answered):
        if visit.day < today - 1:
            days.setdefault(visit.day, []).append(visit)
    # The first day may have begun late.
    whole = [days[day] for day in sorted(days)][1:]
    # What another alert has told of that day is not said again.
    if len(whole) < LEAST_DAYS or not last or any(visit.marks & past.other_bits for visit in last):
        return Judged(state="fine")
    # Not the worst: on that day it may have begun.
    usual = sorted(sum(visit.new for visit in day) for day in whole)[1]
    passes = median(sum(visit.passes for visit in day) for day in whole)
    if usual < LEAST_NEW or sum(visit.passes for visit in last) < passes / 2:
        return Judged(state="fine")
    new = sum(visit.new for visit in last)
    if new < FEWER_NEW * usual:
        evidence = f"{new} new links in a day, {usual} and more before"
        return Judged(state="broken", evidence=evidence, shows=("listings",), since=(today - 1) * 86_400)
    return Judged(state="fine") if new >= usual / 2 else UNCLEAR


def look_at_freshness(past: Past) -> Judged:
    news = past.usual([*past.days, *past.visits], lambda visit: visit.gap)
    last = max((visit.at for visit in [*past.days, *past.visits] if visit.gap), default=0)
    silent = past.visits[-1].at - last
    gaps = [visit.gap for visit in news]
    known = news[-1].at - news[0].at if news else 0
    if sum(visit.passes for visit in news) >= LEAST_NEWS and known >= LEAST_KNOWN_SECONDS:
        longest = max(gaps)
        if silent > max(SILENT_FACTOR * longest, SILENT_SECONDS):
            evidence = f"nothing new for {to_span(silent)}; its longest pause was {to_span(longest)}"
            return Judged(state="broken", evidence=evidence, shows=("listings",))
    parts = past.part(lambda visit: visit.lags)
    if parts is None:
        return Judged(state="fine") if past.visits[-1].gap else UNCLEAR
    sigmas, usual, now = find_shift(
        *([(math.log(max(visit.lag, 1)), visit.lags) for visit in part] for part in parts),
        least_spread=_LAG_SPREAD,
    )
    grown = math.exp(now - usual)
    each = min(visit.lag for visit in parts[1][-2:]) / math.exp(usual)
    if sigmas > SIGMAS and min(grown, each) > LATE_FACTOR and math.exp(now) - math.exp(usual) > LATE_SECONDS:
        evidence = (
            f"news comes {to_span(math.exp(now))} after it was published, {to_span(math.exp(usual))} before"
        )
        return Judged(state="broken", evidence=evidence, shows=("any",))
    return Judged(state="fine") if silent == 0 and grown < LATE_FACTOR / 2 else UNCLEAR


def _most_of(past: Past, reasons: set[str]) -> list[str]:
    """The reasons by which most of the last two visits' pages ended, the most frequent first."""
    counts = {name: sum(visit.bad.get(name, 0) for visit in past.visits[-2:]) for name in reasons}
    return sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])


def _say_reasons(past: Past, reasons: set[str]) -> str:
    return ", ".join(_most_of(past, reasons)[:3])
