"""Figures for people: per day, site and rule, and in all; read from what is kept, not counted anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.index.found import Names, RuleCount, find_number, to_moment
from pipelines.index.tables import ALL, EVER, SLOT_BITS, get_about
from pipelines.index.tallies import FIELDS, to_typical
from pipelines.seen import OUTCOMES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from pipelines.index.reading import Index

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """How many visits ended so."""

    outcome: str
    reason: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of some visits."""

    articles: int
    """First revisions."""
    revisions: int
    """Later ones."""
    characters: int
    """Of the texts that were kept."""
    words: int
    removals: int
    """How often cleaning took something from the pages of the articles."""
    removed_characters: int
    typical_characters: int | None
    """The geometric mean of the texts' lengths, which lies where their median does; None: there is no text."""
    coverage: dict[str, float | None]
    """By field (title, authors, published_at, language, section, images), the share of texts that have it, 0 to 1."""
    outcomes: tuple[OutcomeCount, ...]
    """All visits that gave no new article, the most frequent first."""
    rules: tuple[RuleCount, ...]
    """What cleaning took from the pages of the articles, the most characters first; empty in a list of all sites."""

    @property
    def texts(self) -> int:
        """Rows of articles."""
        return self.articles + self.revisions

    @property
    def visits(self) -> int:
        """All visits."""
        return self.texts + sum(one.rows for one in self.outcomes)

    @property
    def error_rate(self) -> float | None:
        """The share of visits that were given up (`dead`), 0 to 1; None: there was no visit."""
        return self.count("dead") / self.visits if self.visits else None

    def count(self, outcome: str, reason: str | None = None) -> int:
        """Count the visits that ended so; `article` counts texts."""
        if outcome == "article":
            return self.texts
        return sum(
            one.rows for one in self.outcomes if one.outcome == outcome and reason in {None, one.reason}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """The visits of one day, by the time of their fetch, UTC."""

    day: date
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFigures:
    """All visits of one site."""

    site: str
    last_visit_at: datetime
    last_article_at: datetime | None
    """The latest fetch that gave an article or a revision; it stays where that is taken down."""
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that is published."""

    log_id: str | None
    """None: there is no log yet."""
    sequence: int
    """The entry that the index has reached; 0: it is still being made, and what it says is not all."""
    sites: int
    languages: tuple[tuple[str, int], ...]
    """Texts by language as rows have it, the most frequent first."""
    first_fetched_at: datetime | None
    last_fetched_at: datetime | None
    last_sealed: date | None
    """The latest day that is complete."""
    takedowns: int
    """Those that were asked for; what they spread to, such as near-duplicates, is not counted."""
    unreadable: tuple[tuple[str, str], ...]
    """Path and fault of parts that count and are not in the index."""
    bytes: int
    """Of the index."""
    figures: Figures


def overview(index: Index) -> Overview:
    """Give the whole in figures."""
    with index.read() as db:
        names = Names(db)
        # Each by itself: of both at once SQLite reads the whole table.
        ends = db.execute(
            "SELECT (SELECT min(key) FROM articles), (SELECT max(key) FROM articles),"
            " (SELECT min(key) FROM outcomes), (SELECT max(key) FROM outcomes)"
        ).fetchone()
        keys = [key for key in ends if key is not None]
        sealed = db.execute("SELECT max(day) FROM seals").fetchone()[0]
        return Overview(
            log_id=get_about(db, "log_id"),
            sequence=get_about(db, "sequence"),
            sites=db.execute("SELECT count(*) FROM latest").fetchone()[0],
            languages=tuple(
                (names.of(language), count)
                for language, count in db.execute(
                    "SELECT language, articles FROM language_figures WHERE articles > 0 ORDER BY articles DESC"
                )
            ),
            first_fetched_at=to_moment(min(keys) >> SLOT_BITS) if keys else None,
            last_fetched_at=to_moment(max(keys) >> SLOT_BITS) if keys else None,
            last_sealed=date.fromisoformat(sealed) if sealed else None,
            takedowns=db.execute("SELECT count(*) FROM takedowns WHERE is_asked").fetchone()[0],
            unreadable=tuple(map(tuple, db.execute("SELECT path, fault FROM parts WHERE fault IS NOT NULL"))),
            bytes=_count_bytes(db),
            figures=_read_figures(db, names, ALL, EVER),
        )


def day_figures(
    index: Index, site: str | None = None, *, days: int = 30, until: date | None = None
) -> tuple[DayFigures, ...]:
    """Give the figures of each of so many days, the oldest first, the last one being `until` (today, UTC).

    Of a day without visits, and of a site that is not known, all are 0 or None.
    """
    last = ((until or datetime.now(UTC).date()) - _EPOCH).days
    with index.read() as db:
        names = Names(db)
        number = _find_site(db, site)
        return tuple(
            DayFigures(day=_EPOCH + timedelta(days=day), figures=_read_figures(db, names, number, day))
            for day in range(last - days + 1, last + 1)
        )


def site_names(index: Index) -> tuple[str, ...]:
    """Give the sites that have rows, by name."""
    with index.read() as db:
        found = db.execute("SELECT name FROM latest JOIN names ON number = site ORDER BY name").fetchall()
    return tuple(name for (name,) in found)


def site_figures(index: Index, site: str | None = None) -> tuple[SiteFigures, ...]:
    """Give the figures of each site, by name; or of this one only, if it is known, with its rules."""
    with index.read() as db:
        names = Names(db)
        found = db.execute(
            "SELECT site, name, visit, article FROM latest JOIN names ON number = site"
            " WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
            (site,),
        ).fetchall()
        return tuple(
            SiteFigures(
                site=name,
                last_visit_at=to_moment(visit),
                last_article_at=to_moment(article) if article else None,
                figures=_read_figures(db, names, number, EVER, has_rules=site is not None),
            )
            for number, name, visit, article in found
        )


def day_texts(
    index: Index, sites: Sequence[str], *, days: int = 30, until: date | None = None
) -> dict[str, tuple[int, ...]]:
    """Give how many rows of articles each of these sites had on each of so many days; as `day_figures` has it."""
    last = ((until or datetime.now(UTC).date()) - _EPOCH).days
    first = last - days + 1
    with index.read() as db:
        found = {site: [0] * days for site in sites}
        for site, texts in found.items():
            rows = db.execute(
                "SELECT day, articles + revisions FROM figures WHERE site = ? AND day BETWEEN ? AND ?",
                (_find_site(db, site), first, last),
            )
            for day, count in rows:
                texts[day - first] = count
        return {site: tuple(texts) for site, texts in found.items()}


def _find_site(db: sqlite3.Connection, site: str | None) -> int:
    """The site's number; that of none where it is not known."""
    if site is None:
        return ALL
    number = find_number(db, "site", site)
    return -1 if number is None else number


def _read_figures(
    db: sqlite3.Connection, names: Names, site: int, day: int, *, has_rules: bool = True
) -> Figures:
    where = "WHERE site = ? AND day = ?"
    row = db.execute(f"SELECT * FROM figures {where}", (site, day)).fetchone()  # noqa: S608 - a constant
    texts = row["articles"] + row["revisions"] if row else 0
    return Figures(
        articles=row["articles"] if row else 0,
        revisions=row["revisions"] if row else 0,
        characters=row["characters"] if row else 0,
        words=row["words"] if row else 0,
        removals=row["removals"] if row else 0,
        removed_characters=row["removed"] if row else 0,
        typical_characters=to_typical(row["logarithms"], texts) if row else None,
        coverage={name: row[name] / texts if row and texts else None for name in FIELDS},
        outcomes=tuple(
            OutcomeCount(outcome=OUTCOMES[outcome], reason=names.of(reason) or None, rows=count)
            for outcome, reason, count in db.execute(
                f"SELECT outcome, reason, rows FROM outcome_figures {where} AND rows > 0 ORDER BY rows DESC",  # noqa: S608
                (site, day),
            )
        ),
        rules=tuple(
            RuleCount(rule=names.of(rule), pages=pages, removals=removals, characters=chars, refused=refused)
            for rule, pages, removals, chars, refused in db.execute(
                f"SELECT rule, pages, removals, characters, refused FROM rule_figures {where} AND pages > 0"  # noqa: S608
                " ORDER BY characters DESC",
                (site, day),
            )
        )
        if has_rules
        else (),
    )


def _count_bytes(db: sqlite3.Connection) -> int:
    pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)
