"""Days of other calendars than the Gregorian one: the Persian, the Buddhist, and the eras of East Asia."""

from __future__ import annotations

from datetime import date

ERAS = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}
"""The year before the first of an era."""

PERSIAN_MONTHS = {
    name: number
    for number, name in enumerate(
        ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"), 1
    )
}  # fmt: skip

PERSIAN_LANGUAGES = frozenset({"fa", "ps"})
UNKNOWN_CALENDARS = frozenset({"am", "ti"})
"""Languages whose numeric dates may be Ethiopian, seven or eight years behind: one cannot tell from the other."""
YEAR_FIRST = frozenset({"ko", "ja", "zh", "hu", "lt", "mn", "sv", "fa", "ps", "ne"})
"""Languages that write the year first: which number of 24.05.03 is the year cannot be told."""

_BUDDHIST_YEARS = range(2533, 2701)
_PERSIAN_YEARS = range(1368, 1501)


def to_gregorian(
    year: int, month: int, day: int, *, thai: bool, persian: bool
) -> tuple[int, int, int] | None:
    """Return a day in our calendar, or None where there is no such day.

    `thai` and `persian`: years of these calendars are to be expected; they lie far from our own.
    """
    if thai and year in _BUDDHIST_YEARS:
        year -= 543
    elif persian and year in _PERSIAN_YEARS:
        return _from_persian(year, month, day)
    try:
        date(year, month, day)
    except ValueError:
        return None
    return (year, month, day)


def _from_persian(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    """Eight leap years in 33; exact from 1799 to 2256."""
    if not (1 <= month <= 12 and 1 <= day <= (31 if month <= 6 else 30)):
        return None
    shifted = year + 1595
    days = 365 * shifted + shifted // 33 * 8 + (shifted % 33 + 3) // 4
    days += day + ((month - 1) * 31 if month <= 6 else (month - 7) * 30 + 186)
    found = date.fromordinal(days - 356_033)
    return (found.year, found.month, found.day)
