"""When a site may be visited: bounds of its interval, cron lines, quiet hours. All moments are Unix seconds."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from datetime import date

    from crawler.discovery.listings import ListingKind
    from crawler.seeds import Seed

MIN_INTERVAL_MINUTES = 5.0
"""Between two polls of a listing at least: what the busiest news agencies' feeds turn over in is a quarter of an hour."""
MAX_INTERVAL_MINUTES = 60.0
"""And at most, where nothing fails: a story is an hour old at worst, and a poll that brings nothing is one small answer."""
LONGEST_INTERVAL_MINUTES = 60.0 * 24 * 31
START_SECONDS = 15 * 60.0
"""The first interval: the middle of what the bounds allow, until the polls have said more."""
ARCHIVE_FACTOR = 12
"""Sitemaps that are no news sitemaps are read so much more rarely where a site has something faster: once in 1 to 12
hours by the default bounds. They name the whole site, and what is new stands in the feed first."""

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_CRON_FIELDS = 5


class TimingError(ValueError):
    """A key of a seed that says no usable time: `key` and what is wrong with it."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


class Bounds(NamedTuple):
    """Of an interval, in seconds."""

    least: float
    start: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What a seed says of when its site is visited."""

    min_seconds: float
    max_seconds: float
    schedule: str | None
    zone: ZoneInfo
    quiet: tuple[tuple[time, time], ...]
    """From and until, by the clock of the zone; until the same or an earlier time means the next day's."""
    listings: tuple[tuple[ListingKind, str], ...]

    @classmethod
    def of(cls, seed: Seed) -> Timing:
        """Read a seed's keys. Raises TimingError with the key and what is wrong with it."""
        return cls(
            min_seconds=seed.min_interval_minutes * 60,
            max_seconds=seed.max_interval_minutes * 60,
            schedule=seed.schedule,
            zone=_read_zone(seed.timezone),
            quiet=tuple(_read_span(number, text) for number, text in enumerate(seed.quiet_hours)),
            listings=tuple(seed.listings),
        )

    def check(self) -> None:
        """Raise TimingError for what can be read and not be kept."""
        if not 1 <= self.min_seconds / 60 <= LONGEST_INTERVAL_MINUTES:
            raise TimingError("min_interval_minutes", f"must be from 1 to {LONGEST_INTERVAL_MINUTES:.0f}")
        if not self.min_seconds <= self.max_seconds <= LONGEST_INTERVAL_MINUTES * 60:
            limits = f"from min_interval_minutes to {LONGEST_INTERVAL_MINUTES:.0f}"
            raise TimingError("max_interval_minutes", f"must be {limits}")
        moment = datetime.now(UTC).timestamp()
        if self.schedule is not None:
            if len(self.schedule.split()) != _CRON_FIELDS:
                raise TimingError(
                    "schedule", f"{self.schedule!r} must have five fields, as in '*/10 6-22 * * *'"
                )
            try:
                self._next_tick(moment)
            except (CronSimError, StopIteration) as error:
                raise TimingError("schedule", f"{self.schedule!r} is no cron line: {error}") from None
        if self.quiet and self._leave_quiet(moment) is None:
            raise TimingError("quiet_hours", "leave no time of the day to visit the site")

    @cached_property
    def digest(self) -> int:
        """Changes with anything that the site's next visit depends on."""
        told = (self.min_seconds, self.max_seconds, self.schedule, self.zone.key, self.quiet, self.listings)
        return int.from_bytes(hashlib.sha256(repr(told).encode()).digest()[:4])

    def bounds(self, *, is_archive: bool) -> Bounds:
        """Give the bounds of a listing's interval."""
        factor = ARCHIVE_FACTOR if is_archive else 1
        least, most = self.min_seconds * factor, self.max_seconds * factor
        return Bounds(least, min(max(START_SECONDS * factor, least), most), most)

    def next_visit(self, moment: float) -> float:
        """Give the first moment from this one on, or with a schedule after this one, at which a poll may begin."""
        if self.schedule is not None:
            moment = self._next_tick(moment)
        # A tick in the quiet hours is made up once, when they end.
        return self.after_quiet(moment)

    def after_quiet(self, moment: float) -> float:
        """Give the moment, or the end of the quiet hours that it lies in."""
        end = self._leave_quiet(moment)
        return moment if end is None else end

    def next_quiet(self, moment: float) -> float | None:
        """Give the moment when the next quiet hours begin; None: there are none. This one, if it lies in them."""
        if not self.quiet:
            return None
        if self.after_quiet(moment) > moment:
            return moment
        day = datetime.fromtimestamp(moment, self.zone).date()
        begins = (
            self._at(day + timedelta(days=days), since) for since, _ in self.quiet for days in (0, 1, 2)
        )
        return min(begin for begin in begins if begin >= moment)

    def _leave_quiet(self, moment: float) -> float | None:
        """Give the first moment out of all quiet hours; None: they never end."""
        for _ in range(2 * len(self.quiet) + 1):
            end = self._end_of_quiet(moment)
            if end is None:
                return moment
            moment = end
        return None

    def _end_of_quiet(self, moment: float) -> float | None:
        day = datetime.fromtimestamp(moment, self.zone).date()
        for since, until in self.quiet:
            for days in (-1, 0):
                begin = self._at(day + timedelta(days=days), since)
                later = days + (1 if until <= since else 0)
                end = self._at(day + timedelta(days=later), until)
                if begin <= moment < end:
                    return end
        return None

    def _at(self, day: date, clock: time) -> float:
        return datetime.combine(day, clock, self.zone).timestamp()

    def _next_tick(self, moment: float) -> float:
        assert self.schedule is not None
        return next(CronSim(self.schedule, datetime.fromtimestamp(moment, self.zone))).timestamp()


def _read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # What is no key of the list may be refused as a file: an empty name, a folder, a path that leads out.
    except (KeyError, ValueError, OSError):
        raise TimingError("timezone", f"{name!r} is no time zone such as Europe/Berlin") from None


def _read_span(number: int, text: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(text)
    key = f"quiet_hours[{number}]"
    if found is None:
        raise TimingError(key, f"{text!r} must be two times of the day, as in '23:00-05:00'")
    hours, minutes, until_hours, until_minutes = found.groups(default="0")
    since, until = time(int(hours), int(minutes)), time(int(until_hours), int(until_minutes))
    if since == until and not text.endswith("24:00"):
        raise TimingError(key, f"{text!r} begins when it ends")
    return since, until
