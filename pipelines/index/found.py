"""What queries give: rows as the index holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.index.keeping import unpack_rules, unpack_text
from pipelines.index.tables import SLOT_BITS
from pipelines.index.tallies import FIELDS
from pipelines.seen import OUTCOMES

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """What one rule did, to one article or to many."""

    rule: str
    pages: int
    removals: int
    characters: int
    """That went."""
    refused: int
    """How often the guard against taking too much kept what the rule had found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundArticle:
    """One revision of an article."""

    key: int
    """Names the row in this index; a cursor for paging. Newer fetches have larger ones."""
    id: str
    revision: int
    visit: str
    entry: int
    """The entry of the log that published it first."""
    path: str
    """The part in which it lies by now; `read_row` reads it back."""
    line: int
    """Its line there, from 1."""
    site: str
    url: str
    """As claimed."""
    canonical_url: str
    title: str | None
    """At most 1,000 characters, as are description and authors."""
    description: str | None
    excerpt: str
    """The first 500 characters of the text."""
    authors: tuple[str, ...]
    language: str | None
    section: str | None
    published_at: str | None
    """ISO 8601 with offset, as in the row."""
    fetched_at: datetime
    characters: int
    words: int
    missing: tuple[str, ...]
    """Those of title, authors, published_at, language, section and images that it has not."""
    rules: tuple[RuleCount, ...]
    """What cleaning took from its page, the most first."""
    duplicate_of: str | None
    similarity: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOutcome:
    """A visit that gave no new article."""

    key: int
    visit: str
    outcome: str
    reason: str | None
    site: str
    url: str
    """As claimed; `sha256:…` of what was taken down."""
    fetched_at: datetime
    status: int | None
    attempts: int | None
    evidence: str | None
    of: str | None
    alike: str | None
    similarity: float | None
    entry: int
    path: str
    line: int


ARTICLES = "SELECT articles.*, parts.path FROM articles JOIN parts ON parts.number = articles.part"
OUTCOME_ROWS = "SELECT outcomes.*, parts.path FROM outcomes JOIN parts ON parts.number = outcomes.part"


class Names:
    """Names by their numbers, as far as they were asked for."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[int, str] = {0: ""}

    def of(self, number: int) -> str:
        """Give the name."""
        if number not in self._known:
            row = self._db.execute("SELECT name FROM names WHERE number = ?", (number,)).fetchone()
            self._known[number] = str(row[0])
        return self._known[number]


def find_number(db: sqlite3.Connection, kind: str, name: str) -> int | None:
    """Find the number of a name; None: nothing is called so."""
    row = db.execute("SELECT number FROM names WHERE kind = ? AND name = ?", (kind, name)).fetchone()
    return row and int(row[0])


def to_article(row: sqlite3.Row, names: Names) -> FoundArticle:
    """Read a row of `ARTICLES`."""
    rules = sorted(unpack_rules(row["removals"]), key=lambda one: -one.characters)
    return FoundArticle(
        key=row["key"],
        id=row["id"].hex(),
        revision=row["revision"],
        visit=row["visit"].hex(),
        entry=row["entry"],
        path=row["path"],
        line=row["line"],
        site=names.of(row["site"]),
        url=row["url"],
        canonical_url=row["canonical_url"] or row["url"],
        title=row["title"],
        description=row["description"],
        excerpt=unpack_text(row["excerpt"]),
        authors=tuple((row["authors"] or "").split("\n")) if row["authors"] else (),
        language=row["language"],
        section=row["section"],
        published_at=row["published_at"],
        fetched_at=to_moment(row["key"] >> SLOT_BITS),
        characters=row["characters"],
        words=row["words"],
        missing=tuple(name for bit, name in enumerate(FIELDS) if row["missing"] & 1 << bit),
        rules=tuple(
            RuleCount(
                rule=names.of(one.rule),
                pages=1,
                removals=one.removals,
                characters=one.characters,
                refused=one.refused,
            )
            for one in rules
        ),
        duplicate_of=row["duplicate_of"].hex() if row["duplicate_of"] else None,
        similarity=row["similarity"],
    )


def to_outcome(row: sqlite3.Row, names: Names) -> FoundOutcome:
    """Read a row of `OUTCOME_ROWS`."""
    return FoundOutcome(
        key=row["key"],
        visit=row["visit"].hex(),
        outcome=OUTCOMES[row["outcome"]],
        reason=names.of(row["reason"]) or None,
        site=names.of(row["site"]),
        url=row["url"],
        fetched_at=to_moment(row["key"] >> SLOT_BITS),
        status=row["status"],
        attempts=row["attempts"],
        evidence=row["evidence"],
        of=row["of"].hex() if row["of"] else None,
        alike=row["alike"],
        similarity=row["similarity"],
        entry=row["entry"],
        path=row["path"],
        line=row["line"],
    )


def to_moment(second: int) -> datetime:
    """Give the second as a time."""
    return datetime.fromtimestamp(second, UTC)
