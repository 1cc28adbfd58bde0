"""Reads the clock time that stands beside a day, and its zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from cleaners.metadata.months import is_weekday
from cleaners.metadata.words import load_dateline_words

# Abbreviations that mean one offset wherever news is written; IST, CST as China's and the like are left out.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "SAST": 2,
    "WIB": 7, "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
_BRITISH_SUMMER = range(3, 11)

ZONE = (
    r"(?:UTC|GMT)(?:\s?[+\-−]\d{1,2}(?::?\d{2})?)?|[+\-−]\d{2}:?\d{2}|[+\-−]\d{1,2}(?![\d:])|[+\-−]\d:\d{2}"
    rf"|(?:{'|'.join(sorted(_ZONES, key=len, reverse=True))})(?![^\W_])"
)
MAX_GAP = 40
"""Characters between a day and its time."""
_LETTERS = re.compile(r"[^\W\d_]+(?:['’.][^\W\d_]+)*")
_NEXT_WORD = re.compile(r"[\s-]{0,2}([^\W\d_]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time as written, and where it stands in its line."""

    start: int
    end: int
    hour: str
    minute: str
    second: str | None
    zone: str | None


def find_clock(text: str, day: tuple[int, int], floor: int, languages: tuple[str, ...]) -> Clock | None:
    """Return the time of the day that stands at `day` (start, end) in a line, or None.

    Between the two stands nothing but punctuation, a weekday or a word such as "at": what is further off is the time
    of something else. It is looked for behind the day, then before it, from `floor` on.
    """
    for match in _clock().finditer(text, day[1], day[1] + MAX_GAP):
        if (clock := _read(match, text)) is not None:
            if _joins(text[day[1] : clock.start], languages):
                return clock
            break
    before = [
        clock
        for match in _clock().finditer(text, max(floor, day[0] - 30), day[0])
        if (clock := _read(match, text)) is not None
    ]
    if before and _joins(text[before[-1].end : day[0]], languages):
        return before[-1]
    return None


def to_24_hours(hour: str, half: str | None) -> str:
    """Return the hour by a clock of 24 hours; `half` is a word for the half of the day, or None."""
    if not half or int(hour) > 12:
        return hour
    words = load_dateline_words()
    folded = half.casefold()
    return str(int(hour) % 12 + (12 if folded in words.pm_before or folded in words.pm_after else 0))


def offset_of(zone: str | None, month: int) -> timedelta | None:
    """Return the offset that a zone's name or number states in that month, or None."""
    if not zone:
        return None
    zone = zone.strip().replace("−", "-").replace(" ", "")
    if zone == "BST" and month not in _BRITISH_SUMMER:
        return None
    if zone in _ZONES or zone.upper() in {"Z", "UTC", "GMT"}:
        return timedelta(hours=_ZONES[zone.upper()])
    digits = zone.upper().removeprefix("UTC").removeprefix("GMT")
    if digits[:1] not in {"+", "-"}:
        return None
    hours_text, colon, minutes_text = digits[1:].partition(":")
    numbers = hours_text + minutes_text
    if not numbers.isdigit() or len(numbers) > 4:
        return None
    if not colon and len(numbers) > 2:
        hours_text, minutes_text = numbers[:-2], numbers[-2:]
    hours, minutes = int(hours_text or 0), int(minutes_text or 0)
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if digits[0] == "-" else offset


@lru_cache(maxsize=1)
def halves_after() -> str:
    """The words for halves of the day that follow a time, as a pattern."""
    words = load_dateline_words()
    return rf"(?:{_any(words.am_after | words.pm_after)})(?![^\W\d_])"


@lru_cache(maxsize=1)
def _clock() -> re.Pattern[str]:
    words = load_dateline_words()
    return re.compile(
        rf"(?:(?P<before>{_any(words.am_before | words.pm_before)})\s?)?"
        r"(?<![\d:.,/-])(?P<hour>\d{1,2})(?P<mark>[:.h]|\s?[時时點点]\s?|\s?시\s?)(?P<minute>\d{2})(?!\d|\.\d)"
        r"(?::(?P<second>\d{2}))?"
        rf"(?:\s?(?P<after>{halves_after()}))?(?:\s?\(?(?P<zone>{ZONE}))?",
        re.IGNORECASE,
    )


def _any(words: frozenset[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def _read(match: re.Match[str], text: str) -> Clock | None:
    words = load_dateline_words()
    following = _NEXT_WORD.match(text, match.end())
    if following is not None and match["mark"] in ":.h":
        word = following[1].casefold()
        if word in words.durations:
            return None
        known = word in words.between or word in words.labels or following[1].isupper()
        if match["mark"] == "." and not (known or match["after"] or match["zone"]):
            # 5.30 is a time only where nothing else is counted.
            return None
    hour = to_24_hours(match["hour"], match["before"] or match["after"])
    return Clock(
        start=match.start(),
        end=match.end(),
        hour=hour,
        minute=match["minute"],
        second=match["second"],
        zone=match["zone"],
    )


def _joins(gap: str, languages: tuple[str, ...]) -> bool:
    if any(c.isdigit() for c in gap):
        return False
    between = load_dateline_words().between
    return all(
        word.casefold().strip(".") in between or is_weekday(word, languages) for word in _LETTERS.findall(gap)
    )
