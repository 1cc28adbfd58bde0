"""The words of bylines, read from their rule file once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "rules" / "metadata" / "bylines.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class BylineWords:
    """Folded to lower case; each field is a table of `rules/metadata/bylines.toml`, which explains it."""

    prefixes: tuple[str, ...]
    """Openers and labels, the longest first."""
    openers: tuple[str, ...]
    """The longest first."""
    other_hands: tuple[str, ...]
    joiners: frozenset[str]
    roles: frozenset[str]
    organisations: frozenset[str]
    placeholders: frozenset[str]
    credentials: frozenset[str]
    stops: frozenset[str]


@lru_cache(maxsize=1)
def load_byline_words() -> BylineWords:
    """Return the words of `rules/metadata/bylines.toml`."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    words = {
        name: frozenset(word.casefold() for word in table)
        for name, table in tables.items()
        if isinstance(table, list)
    }
    return BylineWords(
        prefixes=_longest_first(words["openers"] | words["labels"]),
        openers=_longest_first(words["openers"]),
        other_hands=_longest_first(words["other_hands"]),
        joiners=words["joiners"],
        roles=words["roles"],
        organisations=words["organisations"],
        placeholders=words["placeholders"],
        credentials=words["credentials"],
        stops=words["stops"],
    )


def _longest_first(words: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))
