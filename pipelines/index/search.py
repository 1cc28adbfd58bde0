"""Articles by words and filters, newest fetch first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.index.found import ARTICLES, Names, to_article
from pipelines.index.tables import SLOT_BITS, to_month, words_table
from pipelines.index.wording import filter_word, to_match
from pipelines.seen import to_seconds

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from pipelines.index.found import FoundArticle
    from pipelines.index.reading import Index

_LAST_KEY = (1 << 62) - 1
# Of an article that was revised, people look for what it says now.
_IS_LATEST = (
    "NOT EXISTS (SELECT 1 FROM articles AS later WHERE later.id = articles.id"
    " AND later.revision > articles.revision)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleQuery:
    """Which articles are looked for; what is None or empty does not narrow it."""

    q: str = ""
    """All of these words, whole, in title, description or the first 500 characters of the text; what stands in quotes as a phrase.

    Case and accents do not count. Anything may be typed; nothing is an error."""
    site: str | None = None
    """The seed's id."""
    language: str | None = None
    """`en` finds `en-GB`, too."""
    section: str | None = None
    """As the paper calls it; its case does not count."""
    since: datetime | None = None
    """Fetched then or later; aware, as is `until`."""
    until: datetime | None = None
    """Fetched before."""
    after: int | None = None
    """The `after` of the page before."""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """Some of the articles found, each in its latest revision."""

    articles: tuple[FoundArticle, ...]
    after: int | None
    """Continues the search; None: there are no more."""


def search(index: Index, query: ArticleQuery) -> ArticlePage:
    """Find articles, those fetched last first. Raises IndexNotReadyError and IndexFileError."""
    first = to_seconds(query.since) << SLOT_BITS if query.since else 0
    last = (to_seconds(query.until) << SLOT_BITS) - 1 if query.until else _LAST_KEY
    if query.after is not None:
        last = min(last, query.after - 1)
    words = [
        f'"{filter_word(kind, value)}"'
        for kind, value in (
            ("site", query.site),
            ("language", query.language),
            ("section", query.section),
        )
        if value is not None
    ]
    if query.q.strip():
        match = to_match(query.q)
        if match is None:
            return ArticlePage(articles=(), after=None)
        words.append(match)
    limit = max(query.limit, 0)
    with index.read() as db:
        names = Names(db)
        rows = (
            _find_matching(db, " AND ".join(words), first, last, limit + 1)
            if words
            else db.execute(
                f"{ARTICLES} WHERE key BETWEEN ? AND ? AND {_IS_LATEST} ORDER BY key DESC LIMIT ?",
                (first, last, limit + 1),
            ).fetchall()
        )
        articles = tuple(to_article(row, names) for row in rows[:limit])
    return ArticlePage(articles=articles, after=articles[-1].key if articles and len(rows) > limit else None)


def _find_matching(
    db: sqlite3.Connection, match: str, first: int, last: int, limit: int
) -> list[sqlite3.Row]:
    """Month by month: the words of one month are one table."""
    months = db.execute(
        "SELECT month FROM months WHERE month BETWEEN ? AND ? ORDER BY month DESC",
        (to_month(first), to_month(last)),
    ).fetchall()
    rows: list[sqlite3.Row] = []
    for (month,) in months:
        table = words_table(month)
        # All at once: a cursor that is left half-read would be closed after its connection, if that breaks off.
        rows += db.execute(
            f"SELECT articles.*, parts.path FROM {table} CROSS JOIN articles ON articles.key = {table}.rowid"  # noqa: S608
            f" JOIN parts ON parts.number = articles.part WHERE {table} MATCH ?"
            f" AND {table}.rowid BETWEEN ? AND ? AND {_IS_LATEST} ORDER BY {table}.rowid DESC LIMIT ?",
            (match, first, last, limit - len(rows)),
        ).fetchall()
        if len(rows) >= limit:
            break
    return rows
