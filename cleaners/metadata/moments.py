"""Reads one date as a page writes it: ISO 8601 first, then by the months' names in the page's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from cleaners.metadata.months import month_number

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:[T\s,]{1,3}(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?"
    r"\s?(Z|UTC|GMT|[+\-−]\d{2}:?\d{2}|[+\-−]\d{2}(?!\d))?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_RFC = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4}")
_HAN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_NUMERIC = re.compile(r"(?<![\d./-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?![\d./-])")
_MONTH_WORD = r"([^\W\d_][^\s\d,/|()<>]{1,15})"
_DAY_MONTH_YEAR = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|°|ª|η)?[.\s\-–]{0,2}(?:de |of |di )?"
    + _MONTH_WORD
    + r",?[\s\-–](?:de |del |di |, )?(\d{4})(?!\d)",
    re.IGNORECASE,
)
_MONTH_DAY_YEAR = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,14})\.?\s(\d{1,2})(?:st|nd|rd|th)?,?\s{1,2}(?:de )?(\d{4})(?!\d)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\d:.,/-])(\d{1,2})(?:[:.h]|時|시\s?)(\d{2})(?!\d|\.\d)(?::(\d{2}))?"
    r"\s?([ap]\.?\s?m\b\.?)?\s?\(?((?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d{2})?)?|[A-Z]{2,4}\b|[+-]\d{2}:?\d{2}|Z\b)?",
    re.IGNORECASE,
)

_WRITTEN = (_ISO, _HAN, _NUMERIC, _DAY_MONTH_YEAR, _MONTH_DAY_YEAR)

DATE_IN_TEXT = re.compile(
    r"\b(?:[^\W\d_]{3,9}\.?,\s)?(?:[^\W\d_]{3,12}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4}|\d{1,2}\.?\s[^\W\d_]{3,12}\.?,?\s\d{4})"
    r"|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}"
)
"""A date or a clock time, where only its place matters."""

# Abbreviations that mean one offset wherever news is written; IST, CST as China's and the like are left out.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "SAST": 2, "WIB": 7,
    "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip


def read_moment(text: str | None, reading: Reading) -> Moment | None:
    """Return the date that a machine-readable value states, or None.

    Takes ISO 8601 and its kin, RFC 2822, seconds or milliseconds since 1970; else falls back on `find_moment`.
    A date before 1990 or after `reading.now` is not returned.
    """
    if not text:
        return None
    text = text.strip()[:120]
    if match := _ISO.match(text):
        year, _, month, day, hour, minute, second, zone = match.groups()
        return _moment((year, month, day), (hour, minute, second), zone, reading)
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) == 13 else 1)
        return _checked(Moment(datetime.fromtimestamp(seconds, UTC), "second", "stated"), reading)
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = match.groups()
        return _moment((year, month, day), (hour, minute, second), zone, reading)
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
    return next((moment for _, moment in find_moments(text, reading)), None)


def find_moments(text: str, reading: Reading) -> Iterator[tuple[int, Moment]]:
    """Yield where each date in a line of text (at most 400 characters) begins, and the date."""
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
        numbers = _day_of(match, _WRITTEN[number], reading) if match is not None else None
        if match is None or numbers is None:
            continue
        moment = _with_clock(text, match, numbers, reading)
        if moment is not None:
            reached = match.end()
            yield start, moment


def _with_clock(
    text: str, match: re.Match[str], day: tuple[int, int, int], reading: Reading
) -> Moment | None:
    if match.re is _ISO and match[5]:
        return _moment(day, (match[5], match[6], match[7]), match[8], reading)
    clock = _CLOCK.search(text, match.end(), match.end() + 40) or _CLOCK.search(
        text, max(0, match.start() - 30), match.start()
    )
    if clock is None:
        return _moment(day, (None, None, None), None, reading)
    hour, minute, second, half, zone = clock.groups()
    if half:
        hour = str(int(hour) % 12 + (12 if half.lower().startswith("p") else 0))
    return _moment(day, (hour, minute, second), zone, reading)


def day_only(moment: Moment) -> Moment:
    """Return the same day, at midnight UTC."""
    at = datetime(moment.at.year, moment.at.month, moment.at.day, tzinfo=UTC)
    return Moment(at, "day", "assumed")


def _day_of(match: re.Match[str], pattern: re.Pattern[str], reading: Reading) -> tuple[int, int, int] | None:
    if pattern is _ISO:
        return _valid(int(match[1]), int(match[3]), int(match[4]), reading)
    if pattern is _HAN:
        return _valid(int(match[1]), int(match[2]), int(match[3]), reading)
    if pattern is _NUMERIC:
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if len(match[4]) == 2:
            year += 2000 if year <= (reading.now.year + 1) % 100 else 1900
        month_first = reading.month_first and match[2] == "/"
        day, month = (second, first) if (month_first and first <= 12) or second > 12 else (first, second)
        return _valid(year, month, day, reading)
    return _named_day(match, reading)


def _valid(year: int, month: int, day: int, reading: Reading) -> tuple[int, int, int] | None:
    if reading.thai and 2533 <= year <= 2700:
        year -= 543
    try:
        date(year, month, day)
    except ValueError:
        return None
    return (year, month, day)


def _named_day(match: re.Match[str], reading: Reading) -> tuple[int, int, int] | None:
    day, name = (match[1], match[2]) if match.re is _DAY_MONTH_YEAR else (match[2], match[1])
    month = month_number(name, reading.languages)
    return _valid(int(match[3]), month, int(day), reading) if month is not None else None


def _moment(
    day: tuple[str, str, str] | tuple[int, int, int],
    clock: tuple[str | None, str | None, str | None],
    zone: str | None,
    reading: Reading,
) -> Moment | None:
    numbers = _valid(int(day[0]), int(day[1]), int(day[2]), reading)
    if numbers is None:
        return None
    hour, minute, second = clock
    offset = _offset(zone)
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


def _offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    zone = zone.strip().upper().replace("−", "-")
    if zone in _ZONES:
        return timedelta(hours=_ZONES[zone])
    digits = zone.removeprefix("UTC").removeprefix("GMT")
    if digits[:1] not in {"+", "-"}:
        return None
    numbers = digits[1:].replace(":", "")
    if not numbers.isdigit() or len(numbers) > 4:
        return None
    hours, minutes = (int(numbers), 0) if len(numbers) <= 2 else (int(numbers[:-2]), int(numbers[-2:]))
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if digits[0] == "-" else offset


def _to_ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() and not c.isascii() else c for c in text)
