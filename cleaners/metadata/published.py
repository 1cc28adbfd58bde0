"""Decides when an article was published, from every date that its page and its listing show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from cleaners.metadata.dates import (
    find_agency_dateline,
    find_changes,
    find_in_address,
    find_labelled,
    find_near_headline,
    find_published,
    find_shown,
    stated_days,
)
from cleaners.metadata.moments import Moment, Reading, read_moment
from cleaners.metadata.site import host_of
from cleaners.structured import NEWS_TYPES, types_of

if TYPE_CHECKING:
    from datetime import datetime

    from cleaners.metadata.facts import PageFacts
    from cleaners.metadata.surroundings import Surroundings

# English is written day-first outside the United States and their neighbours.
_MONTH_FIRST_REGIONS = frozenset({"US", "PH", "PR", "GU"})
_DAY_FIRST_ENDINGS = (
    ".uk",
    ".ie",
    ".au",
    ".nz",
    ".in",
    ".za",
    ".ng",
    ".ke",
    ".my",
    ".sg",
    ".pk",
    ".lk",
    ".bd",
    ".eu",
)

EDITION_GAP = timedelta(days=2)
"""Time zones and midnight move a date by a day; a headline's date further off is another edition's."""
NEAR_CHARS = 300
FAR_CHARS = 1_200
"""Characters from the headline within which a dateline is looked for: where the head states a date, and where not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """When the article was published and last changed, who says so, and who says otherwise."""

    published: Moment | None
    published_source: str | None
    modified: Moment | None
    modified_source: str | None
    others: dict[str, str]
    """Other publication dates, ISO 8601, by source."""
    other_changes: dict[str, str] = field(default_factory=dict)
    """Other dates of the last change."""


def find_dates(facts: PageFacts, surroundings: Surroundings, language: str | None) -> Dates:
    """Return the article's dates; None for what the page does not say, or says of the future or before 1990.

    What the head states goes before what readers see: that adds a time or a zone to the same day, and stands in
    where the head says nothing. It goes first only where a lone date of the head is no older than the page's last
    change, and so a stamp of its last build (6 of 587 dated guides and blog posts).
    """
    reading = _reading(facts, language)
    found = find_published(facts, reading)
    changes = find_changes(facts, reading)
    modified = changes[0] if changes else None
    updated: Moment | None = None
    days = {moment.at.date() for _, moment in found}
    agreed = len(days) == 1 and len({source for source, _ in found}) > 1
    is_news = bool(types_of(facts.article) & NEWS_TYPES)
    if not found or found[0][1].precision == "day" or not (agreed or is_news):
        shown, updated = find_near_headline(surroundings, reading, within=NEAR_CHARS if found else FAR_CHARS)
        if shown is not None:
            shown = _right_way_round(shown, facts, reading, found)
            _place(shown, found, modified, agreed=agreed or is_news)
    listed = facts.document.listed
    if listed is not None and (moment := read_moment(listed.published_at, reading)) is not None:
        found.append(("listing", moment))
    if not found:
        found, updated = _last_resorts(facts, reading, updated)
    if updated is not None:
        changes.append(("headline", updated))
    if listed is not None and (moment := read_moment(listed.modified_at, reading)) is not None:
        changes.append(("listing", moment))
    if not found:
        return _dates(None, changes, {})
    source, best = _made_precise(found, facts, reading)
    others = {s: m.iso() for s, m in reversed(found) if m.at.date() != best.at.date()}
    return _dates((source, best), changes, others)


def _place(
    shown: Moment, found: list[tuple[str, Moment]], modified: tuple[str, Moment] | None, *, agreed: bool
) -> None:
    """Put the date beside the headline among those that the head states, the one to be believed first."""
    day = shown.at.date()
    if not found:
        found.append(("headline", shown))
    elif any(moment.at.date() == day for _, moment in found):
        first = found[0][1].at
        if any(abs(moment.at - first) > timedelta(days=1) for _, moment in found):
            # Where the head is at odds with itself, readers see which of its dates is meant.
            found.sort(key=lambda pair: pair[1].at.date() != day)
        found.append(("headline", shown))
    elif modified is None or modified[1].at.date() != day:
        stated = found[0][1].at
        is_stamp = modified is not None and modified[1].at - stated < EDITION_GAP
        older = stated - shown.at > EDITION_GAP
        found.insert(0 if is_stamp and older and not agreed else len(found), ("headline", shown))


def _made_precise(found: list[tuple[str, Moment]], facts: PageFacts, reading: Reading) -> tuple[str, Moment]:
    """Return the first date, with the time and the zone that another source states for the same day."""
    source, best = found[0]
    if best.precision == "day":
        # The day as trusted; the time from whoever states one for that day.
        for other_source, moment in found[1:]:
            if moment.precision != "day" and moment.at.date() == best.at.date():
                source, best = other_source, moment
                break
    if best.zone == "assumed" and best.precision != "day":
        rest = chain((moment for _, moment in found), stated_days(facts, reading))
        best = next((moment for moment in rest if says_zone(moment, best)), best)
    return source, best


def says_zone(moment: Moment, best: Moment) -> bool:
    """Tell whether a moment is the other one, by the same clock, with the zone that the other lacks."""
    if best.zone == "stated" or best.precision == "day":
        return False
    same = moment.at.replace(tzinfo=None, second=0, microsecond=0) == best.at.replace(
        tzinfo=None, second=0, microsecond=0
    )
    return same and moment.zone == "stated" and moment.precision != "day"


def _right_way_round(
    shown: Moment, facts: PageFacts, reading: Reading, found: list[tuple[str, Moment]]
) -> Moment:
    """Return the moment with day and month exchanged where only so a machine-readable date of the page agrees with it.

    03/10/2024 is the third of October to one site and the tenth of March to its neighbour.
    """
    at = shown.at
    if at.day > 12 or at.day == at.month:
        return shown
    known = {moment.at.date() for _, moment in found}
    known |= {moment.at.date() for moment in stated_days(facts, reading)}
    exchanged = replace(shown, at=at.replace(month=at.day, day=at.month))
    return exchanged if exchanged.at.date() in known and at.date() not in known else shown


def _dates(
    published: tuple[str, Moment] | None, changes: list[tuple[str, Moment]], others: dict[str, str]
) -> Dates:
    """Put the dates together; the first change counts, unless it comes before the publication."""
    modified = changes[0] if changes else None
    other_changes: dict[str, str] = {}
    if modified is not None:
        zoned = next((moment for _, moment in changes[1:] if says_zone(moment, modified[1])), modified[1])
        modified = (modified[0], zoned)
        day = modified[1].at.date()
        other_changes = {s: m.iso() for s, m in reversed(changes) if m.at.date() != day}
        if published is not None and modified[1].at < published[1].at:
            modified = None
    return Dates(
        published=published[1] if published else None,
        published_source=published[0] if published else None,
        modified=modified[1] if modified else None,
        modified_source=modified[0] if modified else None,
        others=others,
        other_changes=other_changes,
    )


def _last_resorts(
    facts: PageFacts, reading: Reading, updated: Moment | None
) -> tuple[list[tuple[str, Moment]], Moment | None]:
    """Return the date of publication that the rest of the page gives, and when it was changed."""
    labelled, changed = find_labelled(facts, reading)
    updated = updated or changed
    if labelled is not None:
        return [("visible", labelled)], updated
    shown, changed = find_shown(facts, reading)
    updated = updated or changed
    if shown is not None:
        return [shown], updated
    if (moment := find_agency_dateline(facts, reading)) is not None:
        return [("visible", moment)], updated
    if (moment := find_in_address(facts.document.url, reading)) is not None:
        return [("url", moment)], updated
    if updated is not None:
        # The only date that the page has of itself; its source says what it is.
        return [("update", updated)], updated
    return [], updated


def _reading(facts: PageFacts, language: str | None) -> Reading:
    now = facts.document.fetched_at.astimezone(UTC)
    return to_reading(facts.document.url, language, now, locale=facts.meta("og:locale"))


def to_reading(url: str, language: str | None, now: datetime, locale: str | None = None) -> Reading:
    """Return how the dates of an article are read, by its address and language (BCP 47). `now`: aware, UTC."""
    tag = (language or "en").split("-")
    host = host_of(url)
    regions = {
        part for value in (language, locale) if value for part in value.replace("_", "-").split("-")[1:]
    }
    month_first = tag[0] == "en" and (
        bool(regions & _MONTH_FIRST_REGIONS) if regions else not host.endswith(_DAY_FIRST_ENDINGS)
    )
    return Reading(
        now=now,
        languages=(tag[0],),
        month_first=month_first,
        thai=tag[0] == "th" or host.endswith(".th"),
    )
