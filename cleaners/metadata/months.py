"""The names of months and weekdays in the languages that news is written in, from dateparser's CLDR data."""

from __future__ import annotations

import importlib
import re
import unicodedata
from functools import lru_cache
from typing import Any

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LETTERS = re.compile(r"[^\W\d_]+")
# Codes that dateparser files under another name.
_FILED = {"no": "nb", "nn": "nb", "tl": "fil", "sh": "hr", "iw": "he", "in": "id"}


def month_number(name: str, languages: tuple[str, ...]) -> int | None:
    """Return the number of a month, 1 to 12, by its name in one of these languages (or in English), or None.

    `languages` are primary subtags; case, accents and a closing dot do not matter.
    """
    folded = _fold(name)
    for language in (*languages[:3], "en"):
        number = _names(_FILED.get(language, language)).get(folded)
        if number is not None:
            return number
    return None


def is_weekday(word: str, languages: tuple[str, ...]) -> bool:
    """Tell whether a word is a day of the week in one of these languages (or in English)."""
    folded = _fold(word)
    return any(folded in _weekdays(_FILED.get(language, language)) for language in (*languages[:3], "en"))


@lru_cache(maxsize=64)
def _names(language: str) -> dict[str, int]:
    info = _words_of(language)
    return {
        _fold(name): number
        for number, month in enumerate(_MONTHS, 1)
        for name in info.get(month, ())
        if isinstance(name, str) and _LETTERS.search(name)
    }


@lru_cache(maxsize=64)
def _weekdays(language: str) -> frozenset[str]:
    info = _words_of(language)
    return frozenset(
        _fold(word)
        for day in _WEEKDAYS
        for name in info.get(day, ())
        if isinstance(name, str)
        for word in _LETTERS.findall(name)
    )


def _words_of(language: str) -> dict[str, Any]:
    # Imported where it is needed: it takes 0.25 s, and most pages state an ISO date.
    from dateparser.data.languages_info import language_order  # noqa: PLC0415

    if language not in language_order:
        return {}
    info: dict[str, Any] = importlib.import_module(f"dateparser.data.date_translation_data.{language}").info
    return info


def _fold(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip(" .").replace(".", "")
