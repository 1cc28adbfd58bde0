"""What leaves the index: rows of parts that count no more, and whatever is taken down, from every page of the file."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from pipelines.index.keeping import to_text
from pipelines.index.tables import UNSWEPT, get_about, set_about, transaction, words_table
from pipelines.seen import HIDDEN
from pipelines.takedowns import Takedowns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipelines.index.keeping import Rows
    from pipelines.takedowns import Match

# Of SQLite's own program: some milliseconds.
_STEPS_A_LOOK = 100_000
# What stands in `is_unswept`, after what was removed is out of the file: it is in the write-ahead log still.
_WRITTEN_ANEW = 2
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

    What only a redirect, an AMP or a print address says of a row, the index does not hold: such a row goes a moment later, with
    its part.
    """
    rows.flush()
    articles = list(_find_articles(db, match))
    outcomes = list(_find_outcomes(db, match))
    return rows.remove_articles(articles) + rows.remove_outcomes(outcomes)


def sweep(db: sqlite3.Connection, *, is_stopped: Callable[[], bool]) -> bool:
    """Write the file anew without what was removed; False: stopped, or readers hold old pages. The next sweep goes on.

    SQLite overwrites what it deletes, but not the copies that rows leave behind in a page that was split: 2 of 500 rows
    that came out of order were found in the file after they were deleted. Nor the words, until they are merged anew.
    """
    state = get_about(db, "is_unswept")
    if state == UNSWEPT and not _write_anew(db, is_stopped):
        return False
    if state:
        is_busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if is_busy:
            return False
        set_about(db, is_unswept=0)
    return True


def _write_anew(db: sqlite3.Connection, is_stopped: Callable[[], bool]) -> bool:
    db.set_progress_handler(is_stopped, _STEPS_A_LOOK)
    try:
        for (month,) in db.execute("SELECT month FROM months WHERE is_dirty = 1").fetchall():
            with transaction(db):
                db.execute(f"INSERT INTO {words_table(month)} ({words_table(month)}) VALUES ('optimize')")  # noqa: S608
                db.execute("UPDATE months SET is_dirty = 0 WHERE month = ?", (month,))
        # The copy that it works on may be larger than memory.
        db.execute("PRAGMA temp_store = FILE")
        db.execute("VACUUM")
    except sqlite3.OperationalError:
        if not is_stopped():
            raise
        return False
    finally:
        db.set_progress_handler(None, 0)
        db.execute("PRAGMA temp_store = MEMORY")
    set_about(db, is_unswept=_WRITTEN_ANEW)
    return True


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
