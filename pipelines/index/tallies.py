"""Figures as they are kept: each row counts for its site and for all, on its day and ever; what goes is counted back."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.index.tables import ALL, EVER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FIELDS = ("title", "authors", "published_at", "language", "section", "images")
"""The fields whose coverage is counted; the place of each is its bit in an article's `missing`."""

_COLUMNS = ("articles", "revisions", "characters", "words", "logarithms", "removals", "removed", *FIELDS)
_THOUSAND = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTally:
    """What one rule did to one page."""

    rule: int
    removals: int
    characters: int
    refused: int
    """How often the guard against taking too much kept what it had found."""


@dataclass(slots=True)
class Tallies:
    """Changes of figures that are not written yet; `write` goes into the transaction of the rows."""

    _articles: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    _outcomes: Counter[tuple[int, int, int, int]] = field(default_factory=Counter)
    _rules: dict[tuple[int, int, int], list[int]] = field(default_factory=dict)
    _languages: Counter[int] = field(default_factory=Counter)
    _latest: dict[int, tuple[int, int]] = field(default_factory=dict)

    def count_article(  # noqa: PLR0913 - one keyword a thing that is counted
        self,
        sign: int,
        *,
        site: int,
        second: int,
        revision: int,
        characters: int,
        words: int,
        missing: int,
        language: int,
        rules: Sequence[RuleTally],
    ) -> None:
        """Count an article row, or with the sign -1 one that goes."""
        row = (
            int(revision == 1),
            int(revision != 1),
            characters,
            words,
            to_logarithm(characters),
            sum(rule.removals for rule in rules),
            sum(rule.characters for rule in rules),
            *(int(not missing & 1 << bit) for bit in range(len(FIELDS))),
        )
        cell = (site, second // 86400)
        known = self._articles.setdefault(cell, [0] * len(_COLUMNS))
        for place, value in enumerate(row):
            known[place] += sign * value
        for rule in rules:
            counts = self._rules.setdefault((*cell, rule.rule), [0, 0, 0, 0])
            counts[0] += sign
            counts[1] += sign * rule.removals
            counts[2] += sign * rule.characters
            counts[3] += sign * rule.refused
        if language:
            self._languages[language] += sign
        if sign > 0:
            self._note_latest(site, second, second)

    def count_outcome(self, sign: int, *, site: int, second: int, outcome: int, reason: int) -> None:
        """Count an outcome row, or with the sign -1 one that goes."""
        self._outcomes[site, second // 86400, outcome, reason] += sign
        if sign > 0:
            self._note_latest(site, second, 0)

    def write(self, db: sqlite3.Connection) -> None:
        """Bring the changes into the figures."""
        _add(db, "figures", ("site", "day"), _COLUMNS, _spread(self._articles))
        _add(
            db,
            "outcome_figures",
            ("site", "day", "outcome", "reason"),
            ("rows",),
            _spread({key: [count] for key, count in self._outcomes.items()}),
        )
        _add(
            db,
            "rule_figures",
            ("site", "day", "rule"),
            ("pages", "removals", "characters", "refused"),
            _spread(self._rules),
        )
        _add(db, "language_figures", ("language",), ("articles",), self._languages.items())
        db.executemany(
            "INSERT INTO latest VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
            " visit = max(visit, excluded.visit), article = max(article, excluded.article)",
            ((site, *latest) for site, latest in self._latest.items()),
        )
        self.clear()

    def clear(self) -> None:
        """Forget what is not written."""
        for changes in (self._articles, self._outcomes, self._rules, self._languages, self._latest):
            changes.clear()

    def _note_latest(self, site: int, visit: int, article: int) -> None:
        known = self._latest.get(site, (0, 0))
        self._latest[site] = (max(known[0], visit), max(known[1], article))


def to_logarithm(characters: int) -> int:
    """Give a thousand times the natural logarithm of a text's length, whole, so that it is counted back exactly."""
    return round(_THOUSAND * math.log(characters + 1))


def to_typical(logarithms: int, count: int) -> int | None:
    """Give the length that the logarithms of `count` texts have on average; None: there is no text.

    It is the geometric mean: like a median, a few very long texts do not move it, and unlike one it can be kept.
    """
    return round(math.exp(logarithms / _THOUSAND / count) - 1) if count else None


def _spread(counts: Mapping[Any, list[int]]) -> Iterator[tuple[int, ...]]:
    """Let what counts for a site and a day count for all of them, too: as rows of a table."""
    sums: dict[tuple[int, ...], list[int]] = {}
    for (site, day, *key), values in counts.items():
        for cell in ((site, day), (site, EVER), (ALL, day), (ALL, EVER)):
            known = sums.setdefault((*cell, *key), [0] * len(values))
            for place, value in enumerate(values):
                known[place] += value
    return ((*cell, *values) for cell, values in sums.items())


def _add(
    db: sqlite3.Connection,
    table: str,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[tuple[int, ...]],
) -> None:
    marks = ", ".join("?" * (len(keys) + len(columns)))
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name in columns)
    db.executemany(
        f"INSERT INTO {table} ({', '.join((*keys, *columns))}) VALUES ({marks})"  # noqa: S608 - names of ours
        f" ON CONFLICT DO UPDATE SET {sums}",
        rows,
    )
