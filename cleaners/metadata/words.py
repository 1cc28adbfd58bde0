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
    """The longest first."""
    joiners: frozenset[str]
    roles: frozenset[str]
    organisations: frozenset[str]
    placeholders: frozenset[str]
    credentials: frozenset[str]


@lru_cache(maxsize=1)
def load_byline_words() -> BylineWords:
    """Return the words of `rules/metadata/bylines.toml`."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    words = {
        name: frozenset(word.casefold() for word in tables[name])
        for name in ("prefixes", "joiners", "roles", "organisations", "placeholders", "credentials")
    }
    return BylineWords(
        prefixes=tuple(sorted(words["prefixes"], key=lambda word: (-len(word), word))),
        joiners=words["joiners"],
        roles=words["roles"],
        organisations=words["organisations"],
        placeholders=words["placeholders"],
        credentials=words["credentials"],
    )
