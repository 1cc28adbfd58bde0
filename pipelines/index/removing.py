"""What leaves the index: rows of parts that count no more, and whatever is taken down, from every page of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.index.keeping import to_text
from pipelines.index.tables import get_about, set_about, transaction, words_table
from pipelines.seen import HIDDEN
from pipelines.takedowns import Takedowns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from pipelines.index.keeping import Rows
    from pipelines.takedowns import Match

_IS_OPEN = f"url NOT LIKE '{HIDDEN}%'"
"""Not what a takedown has left."""


def drop_parts(db: sqlite3.Connection, rows: Rows, paths: Sequence[str]) -> int:
    """Remove the parts, and the rows that lie in them still; gives how many rows."""
    count = 0
    for top in ("articles", "outcomes"):
        found = [
            db.execute("SELECT number, first, last FROM parts WHERE path = ?", (path,)).fetchone()
            for path in paths
            if path.startswith(f"{top}/")
        ]
        parts = [part for part in found if part is not None]
        if not parts:
            continue
        numbers = {part[0] for part in parts}
        span = (min(part[1] for part in parts), max(part[2] for part in parts))
        lying = db.execute(f"SELECT key, part FROM {top} WHERE key BETWEEN ? AND ?", span)  # noqa: S608 - one of two
        keys = [key for key, part in lying if part in numbers]
        count += rows.remove_articles(keys) if top == "articles" else rows.remove_outcomes(keys)
        db.executemany("DELETE FROM parts WHERE number = ?", ((number,) for number in numbers))
    return count


def take_down(db: sqlite3.Connection, rows: Rows, match: Match) -> int:
    """Remove the rows that a takedown names; gives how many.

    What only a redirect or an AMP address says of a row, the index does not hold: such a row goes a moment later, with
    its part.
    """
    rows.flush()
    articles = list(_find_articles(db, match))
    outcomes = list(_find_outcomes(db, match))
    return rows.remove_articles(articles) + rows.remove_outcomes(outcomes)


def sweep(db: sqlite3.Connection) -> bool:
    """Overwrite what was removed in all pages of the file; False: readers hold some of it, try again.

    Removed words go when the words of their month are merged anew, old pages when the write-ahead log is emptied.
    """
    for (month,) in db.execute("SELECT month FROM months WHERE is_dirty = 1").fetchall():
        with transaction(db):
            db.execute(f"INSERT INTO {words_table(month)} ({words_table(month)}) VALUES ('optimize')")  # noqa: S608
            db.execute("UPDATE months SET is_dirty = 0 WHERE month = ?", (month,))
    if not get_about(db, "is_unswept"):
        return True
    is_busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if not is_busy:
        set_about(db, is_unswept=0)
    return not is_busy


def _find_articles(db: sqlite3.Connection, match: Match) -> Iterator[int]:
    for value in match.values:
        match match.by:
            case "url" | "id":
                name = bytes.fromhex(value)
                found = db.execute(
                    "SELECT key FROM articles WHERE id = ? OR address = ?", (name, _to_address(name))
                )
            case "text":
                found = db.execute("SELECT key FROM articles WHERE text = ?", (to_text(value),))
            case "site" | "prefix":
                break
        yield from (key for (key,) in found.fetchall())
    if match.by in {"site", "prefix"}:
        yield from _find_by_url(db, "articles", "url, canonical_url", match)


def _find_outcomes(db: sqlite3.Connection, match: Match) -> Iterator[int]:
    if match.by in {"site", "prefix"}:
        yield from _find_by_url(db, "outcomes", "url, NULL", match)
    elif match.by in {"url", "id"}:
        for value in match.values:
            name = bytes.fromhex(value)
            found = db.execute(
                f"SELECT key FROM outcomes WHERE (of = ? OR address = ?) AND {_IS_OPEN}",  # noqa: S608 - a constant
                (name, _to_address(name)),
            )
            yield from (key for (key,) in found.fetchall())


def _find_by_url(db: sqlite3.Connection, table: str, urls: str, match: Match) -> Iterator[int]:
    """Look at all rows: which host or prefix an address has, no index says."""
    known = Takedowns()
    known.add(1, match)
    found = db.execute(
        f"SELECT key, name, {urls} FROM {table} JOIN names ON number = site WHERE {_IS_OPEN}"  # noqa: S608 - names of ours
    )
    for key, site, *addresses in found:
        if any(url and known.find_url(url, site) for url in addresses):
            yield key


def _to_address(name: bytes) -> int:
    return int.from_bytes(name[:8], signed=True)
