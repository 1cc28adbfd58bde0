"""The words of bylines, datelines and pictures, read from their rule files once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_UNSPACED = re.compile("[\u0590-\u06ff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FOLDER = Path(__file__).parent.parent / "rules" / "metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class BylineWords:
    """Folded to lower case; each field is a table of `rules/metadata/bylines.toml`, which explains it."""

    prefixes: re.Pattern[str]
    """Matches an opener or a label at the start of a folded text, the longest first."""
    openers: re.Pattern[str]
    other_hands: re.Pattern[str]
    joiners: frozenset[str]
    roles: frozenset[str]
    organisations: frozenset[str]
    placeholders: frozenset[str]
    credentials: frozenset[str]
    stops: frozenset[str]
    particles: frozenset[str]
    weak_joiners: frozenset[str]
    joined_letters: frozenset[str]
    own_letters: frozenset[str]
    links: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatelineWords:
    """Folded to lower case; each field is a table of `rules/metadata/datelines.toml`, which explains it."""

    updated: re.Pattern[str]
    """Matches the start of a word that says "updated" in a folded text."""
    labels: frozenset[str]
    between: frozenset[str]
    durations: frozenset[str]
    am_before: frozenset[str]
    pm_before: frozenset[str]
    am_after: frozenset[str]
    pm_after: frozenset[str]


@lru_cache(maxsize=1)
def load_byline_words() -> BylineWords:
    """Return the words of `rules/metadata/bylines.toml`."""
    words = _read("bylines.toml")
    return BylineWords(
        prefixes=_at_start(words["openers"] | words["labels"]),
        openers=_at_start(words["openers"]),
        other_hands=re.compile("|".join(map(re.escape, _longest_first(words["other_hands"])))),
        joiners=words["joiners"],
        roles=words["roles"],
        organisations=words["organisations"] | words["roles"],
        placeholders=words["placeholders"],
        credentials=words["credentials"],
        stops=words["stops"],
        particles=words["particles"],
        weak_joiners=words["weak_joiners"],
        joined_letters=words["joined_letters"],
        own_letters=words["own_letters"],
        links=words["links"],
    )


@lru_cache(maxsize=1)
def load_dateline_words() -> DatelineWords:
    """Return the words of `rules/metadata/datelines.toml`."""
    words = _read("datelines.toml")
    starts = _longest_first(words["updated"])
    # Scripts without spaces write on before the word.
    spaced = "|".join(re.escape(word) for word in starts if not _UNSPACED.search(word))
    unspaced = "|".join(re.escape(word) for word in starts if _UNSPACED.search(word))
    return DatelineWords(
        updated=re.compile(rf"(?<![^\W\d_])(?:{spaced})|{unspaced}"),
        **{name: table for name, table in words.items() if name != "updated"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWords:
    """Each field is a table of `rules/metadata/pictures.toml`, which explains it."""

    credits: re.Pattern[str]
    """Finds a label and the credit behind it at the end of a caption."""
    placeholders: frozenset[str]
    others: frozenset[str]
    shapes: frozenset[str]


@lru_cache(maxsize=1)
def load_picture_words() -> PictureWords:
    """Return the words of `rules/metadata/pictures.toml`."""
    words = _read("pictures.toml")
    labels = "|".join(map(re.escape, _longest_first(words["credits"])))
    return PictureWords(
        credits=re.compile(
            rf"(?:^|[\s.,;|(\[–—/-])(?:(?:{labels})\s?(?:[:：]|©)|©|\(c\))\s?([^:：©]{{2,120}})$",
            re.IGNORECASE,
        ),
        placeholders=words["placeholders"],
        others=words["others"],
        shapes=words["shapes"],
    )


def _read(name: str) -> dict[str, frozenset[str]]:
    tables = tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return {
        key: frozenset(word.casefold() for word in table)
        for key, table in tables.items()
        if isinstance(table, list)
    }


def _at_start(words: frozenset[str]) -> re.Pattern[str]:
    # Scripts without spaces set no space after the word.
    spaced = [
        re.escape(word) for word in _longest_first(words) if word.isascii() or not _UNSPACED.search(word)
    ]
    unspaced = [re.escape(word) for word in _longest_first(words) if _UNSPACED.search(word)]
    return re.compile(rf"(?:{'|'.join(spaced)})(?=[\s:：]|$)|(?:{'|'.join(unspaced)})")


def _longest_first(words: frozenset[str]) -> list[str]:
    return sorted(words, key=lambda word: (-len(word), word))
