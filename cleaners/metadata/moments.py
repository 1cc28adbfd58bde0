"""Reads one date as a page writes it: ISO 8601 first, then by the months' names in the page's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from cleaners.metadata.calendars import (
    ERAS,
    PERSIAN_LANGUAGES,
    PERSIAN_MONTHS,
    UNKNOWN_CALENDARS,
    YEAR_FIRST,
    to_gregorian,
)
from cleaners.metadata.clocks import ZONE, find_clock, halves_after, offset_of, to_24_hours
from cleaners.metadata.months import month_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.metadata.clocks import Clock

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""The web began in 1991; an earlier date is a default or another calendar."""

Precision = Literal["second", "minute", "day"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as precisely as a page states it."""

    at: datetime
    """Aware; midnight UTC where only the day is known."""
    precision: Precision
    zone: Literal["stated", "assumed"]
    """Assumed: the page names no zone and UTC was taken."""

    def iso(self) -> str:
        """ISO 8601 with offset; whole seconds."""
        return self.at.replace(microsecond=0).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a date's reader has to know of its page."""

    now: datetime
    """Aware; later dates are not believed."""
    languages: tuple[str, ...] = ()
    """Primary subtags, the likeliest first."""
    month_first: bool = False
    """Whether 03/04/2024 is the fourth of March."""
    thai: bool = False
    """Whether years from 2533 on count from the Buddha."""


_DIGIT = re.compile(r"\d")
_ISO = re.compile(
    r"(?<![\d/.\-−])(\d{4})([-/.])\s?(\d{1,2})\2\s?(\d{1,2})(?!\d)"
    r"(?:[T\s,]{1,3}(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    rf"(?:\s?({halves_after()}))?(?:\s?({ZONE}))?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_RFC = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4}")
_HAN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]?")
_ERA = re.compile(rf"({'|'.join(ERAS)})\s?(\d{{1,3}}|元)\s?年\s?(\d{{1,2}})\s?月\s?(\d{{1,2}})\s?日?")
_NUMERIC = re.compile(
    r"(?<![\d./-])(?<!\d[./-]\s)(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?![\d/-]|[.:]\d)"
)
_MONTH_WORD = r"([^\W\d_][^\s\d,/|()<>]{1,15})"
_DAY_MONTH_YEAR = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|°|ª|η)?[.\s\-–]{0,2}(?:de |of |di )?"
    + _MONTH_WORD
    + r",?[\s\-–](?:de |del |di |, )?(\d{4}|\d{2}(?![\d:.]))(?!\d)",
    re.IGNORECASE,
)
_MONTH_DAY_YEAR = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,14})\.?\s(\d{1,2})(?:st|nd|rd|th)?,?\s{1,2}(?:de )?(\d{4})(?!\d)",
    re.IGNORECASE,
)
_YEAR_MONTH_DAY = re.compile(
    r"(?<!\d)(\d{4})\.?\s(?:m\.\s|metų\s)?([^\W\d_]{3,15})\.?\s(\d{1,2})(?!\d|:)", re.IGNORECASE
)

_WRITTEN = (_ISO, _HAN, _ERA, _NUMERIC, _DAY_MONTH_YEAR, _MONTH_DAY_YEAR, _YEAR_MONTH_DAY)

_DAY_IN_TEXT = (
    r"(?:[^\W\d_]{3,12}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4}|\d{1,2}\.?\s[^\W\d_]{3,12}\.?,?\s\d{4})"
    r"|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}"
)
DAY_IN_TEXT = re.compile(rf"\b{_DAY_IN_TEXT}")
"""A date without its weekday or a clock time, where only its place matters."""
DATE_IN_TEXT = re.compile(rf"\b(?:[^\W\d_]{{3,9}}\.?,\s)?{_DAY_IN_TEXT}")
"""A date or a clock time, where only its place matters."""


def read_moment(text: str | None, reading: Reading) -> Moment | None:
    """Return the date that a machine-readable value states, or None.

    Takes ISO 8601 and its kin, RFC 2822, seconds or milliseconds since 1970; else falls back on `find_moment`.
    A date before 1990 or after `reading.now` is not returned.
    """
    if not text:
        return None
    text = text.strip()[:120]
    if match := _ISO.match(text):
        return _of_iso(match, reading)
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) == 13 else 1)
        return _checked(Moment(datetime.fromtimestamp(seconds, UTC), "second", "stated"), reading)
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = match.groups()
        numbers = _valid(int(year), int(month), int(day), reading)
        return _moment(numbers, (hour, minute, second), zone, reading) if numbers is not None else None
    if _RFC.match(text):
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        stated = at.tzinfo is not None
        return _checked(
            Moment(at if stated else at.replace(tzinfo=UTC), "second", "stated" if stated else "assumed"),
            reading,
        )
    return find_moment(text, reading)


def find_moment(text: str, reading: Reading) -> Moment | None:
    """Return the first date written out in a line of text, with the clock time beside it, or None."""
    return next((dated.moment for dated in find_moments(text, reading)), None)


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a line of text, and where it and its time begin and end."""

    start: int
    end: int
    moment: Moment


def find_moments(text: str, reading: Reading) -> Iterator[Dated]:
    """Yield each date in a line of text (at most 400 characters)."""
    text = text[:400]
    if not _DIGIT.search(text):
        return
    text = _to_ascii_digits(text)
    spans = sorted(
        (match.start(), -match.end(), number)
        for number, pattern in enumerate(_WRITTEN)
        for match in pattern.finditer(text)
    )
    reached = 0
    for start, _, number in spans:
        if start < reached:
            continue
        match = _WRITTEN[number].match(text, start)
        numbers = _day_of(match, reading) if match is not None else None
        if match is None or numbers is None:
            continue
        clock: Clock | None = None
        if match.re is _ISO and match[5]:
            moment = _of_iso(match, reading)
        else:
            clock = find_clock(text, match.span(), reached, reading.languages)
            times = (clock.hour, clock.minute, clock.second) if clock is not None else (None, None, None)
            moment = _moment(numbers, times, clock.zone if clock is not None else None, reading)
        if moment is not None:
            begin, reached = match.span()
            if clock is not None:
                begin, reached = min(begin, clock.start), max(reached, clock.end)
            yield Dated(begin, reached, moment)


def _of_iso(match: re.Match[str], reading: Reading) -> Moment | None:
    year, _, month, day, hour, minute, second, half, zone = match.groups()
    numbers = _valid(int(year), int(month), int(day), reading)
    if numbers is None:
        return None
    return _moment(numbers, (to_24_hours(hour, half) if hour else None, minute, second), zone, reading)


def day_only(moment: Moment) -> Moment:
    """Return the same day, at midnight UTC."""
    at = datetime(moment.at.year, moment.at.month, moment.at.day, tzinfo=UTC)
    return Moment(at, "day", "assumed")


def _day_of(match: re.Match[str], reading: Reading) -> tuple[int, int, int] | None:
    if match.re is _ISO:
        return _valid(int(match[1]), int(match[3]), int(match[4]), reading)
    if match.re is _HAN:
        return _valid(int(match[1]), int(match[2]), int(match[3]), reading)
    if match.re is _ERA:
        year = 1 if match[2] == "元" else int(match[2])
        return _valid(ERAS[match[1]] + year, int(match[3]), int(match[4]), reading)
    if match.re is _NUMERIC:
        return _numeric_day(match, reading)
    return _named_day(match, reading)


def _numeric_day(match: re.Match[str], reading: Reading) -> tuple[int, int, int] | None:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if not UNKNOWN_CALENDARS.isdisjoint(reading.languages):
        return None
    if len(match[4]) == 2:
        if not YEAR_FIRST.isdisjoint(reading.languages):
            return None
        if reading.thai:
            year += 2500
        else:
            year += 2000 if year <= (reading.now.year + 1) % 100 else 1900
    month_first = reading.month_first and match[2] == "/"
    day, month = (second, first) if (month_first and first <= 12) or second > 12 else (first, second)
    return _valid(year, month, day, reading)


def _valid(year: int, month: int, day: int, reading: Reading) -> tuple[int, int, int] | None:
    persian = not PERSIAN_LANGUAGES.isdisjoint(reading.languages)
    return to_gregorian(year, month, day, thai=reading.thai, persian=persian)


def _named_day(match: re.Match[str], reading: Reading) -> tuple[int, int, int] | None:
    if match.re is _DAY_MONTH_YEAR:
        day, name, year = match.groups()
    elif match.re is _MONTH_DAY_YEAR:
        name, day, year = match.groups()
    else:
        year, name, day = match.groups()
    if len(year) == 2:
        if not reading.thai:
            return None
        year = f"25{year}"
    if not PERSIAN_LANGUAGES.isdisjoint(reading.languages) and name in PERSIAN_MONTHS:
        return _valid(int(year), PERSIAN_MONTHS[name], int(day), reading)
    month = month_number(name, reading.languages)
    return _valid(int(year), month, int(day), reading) if month is not None else None


def _moment(
    numbers: tuple[int, int, int],
    clock: tuple[str | None, str | None, str | None],
    zone: str | None,
    reading: Reading,
) -> Moment | None:
    hour, minute, second = clock
    offset = offset_of(zone, numbers[1])
    if hour is None or minute is None or int(hour) > 23 or int(minute) > 59:
        return _checked(Moment(datetime(*numbers, tzinfo=UTC), "day", "assumed"), reading)
    at = datetime(
        *numbers,
        int(hour),
        int(minute),
        min(int(second or 0), 59),
        tzinfo=UTC if offset is None else timezone(offset),
    )
    if offset is None and (at.hour, at.minute, at.second) == (0, 0, 0):
        # Content systems fill a missing time with zeros; who means midnight says which.
        return _checked(Moment(at, "day", "assumed"), reading)
    precision: Precision = "second" if second is not None else "minute"
    return _checked(Moment(at, precision, "assumed" if offset is None else "stated"), reading)


def _checked(moment: Moment, reading: Reading) -> Moment | None:
    try:
        at = moment.at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if at < EARLIEST:
        return None
    if at <= reading.now:
        return moment
    if moment.zone == "assumed" and moment.precision != "day" and at - reading.now <= timedelta(hours=14):
        # A local time east of Greenwich that was taken for UTC: the day is right, the hour is not.
        return _checked(day_only(moment), reading)
    return None


def _to_ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() and not c.isascii() else c for c in text)
