"""The index's file: its tables, how it is opened for reading and writing, and what is wrong with it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 2
"""Of the tables and of what stands in them: raised with any change, and every index is made anew."""

FILE = "index.sqlite3"
DAMAGED = "index.damaged"
"""Made beside it by a reader that finds the file damaged; the writer makes it anew, and removes this."""
UNSWEPT = 1
"""What stands in `is_unswept` from when a row was removed until nothing is left of it."""
ALL = 0
"""The site that stands for all of them, in figures."""
EVER = -1
"""The day that stands for all of them, in figures."""
SLOT_BITS = 16
"""A row's key is the second of its fetch, and these bits of its visit: keys sort by time, and do not change."""

# 8 KiB: rows of half a page or more would waste what is left of a page of 4.
_PAGE_BYTES = 8192
_WRITER_CACHE_KIB = 32 << 10
_READER_CACHE_KIB = 4 << 10
# A checkpoint waits so long for readers to end; the next one tries again.
_BUSY_SECONDS = 2.0
_WAL_BYTES = 16 << 20

_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value ANY NOT NULL) WITHOUT ROWID;
CREATE TABLE names (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));
CREATE TABLE parts (
    number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, entry INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, fault TEXT
);
CREATE TABLE articles (
    key INTEGER PRIMARY KEY, part INTEGER NOT NULL, line INTEGER NOT NULL, entry INTEGER NOT NULL,
    visit BLOB NOT NULL, address INTEGER NOT NULL, id BLOB NOT NULL, text INTEGER NOT NULL,
    revision INTEGER NOT NULL, site INTEGER NOT NULL, characters INTEGER NOT NULL, words INTEGER NOT NULL,
    missing INTEGER NOT NULL, removals BLOB, duplicate_of BLOB, similarity REAL,
    url TEXT NOT NULL, canonical_url TEXT, title TEXT, description TEXT, authors TEXT, language TEXT,
    section TEXT, published_at TEXT, excerpt BLOB
);
CREATE INDEX articles_id ON articles (id, revision);
CREATE INDEX articles_address ON articles (address);
CREATE INDEX articles_text ON articles (text);
CREATE TABLE outcomes (
    key INTEGER PRIMARY KEY, part INTEGER NOT NULL, line INTEGER NOT NULL, entry INTEGER NOT NULL,
    visit BLOB NOT NULL, address INTEGER NOT NULL, outcome INTEGER NOT NULL, reason INTEGER NOT NULL,
    site INTEGER NOT NULL, of BLOB, alike TEXT, similarity REAL, attempts INTEGER, status INTEGER,
    url TEXT NOT NULL, evidence TEXT
);
CREATE INDEX outcomes_address ON outcomes (address);
CREATE INDEX outcomes_of ON outcomes (of) WHERE of IS NOT NULL;
CREATE INDEX outcomes_kind ON outcomes (outcome, reason);
CREATE INDEX outcomes_site ON outcomes (site, outcome, reason);
CREATE TABLE takedowns (entry INTEGER PRIMARY KEY, match TEXT NOT NULL, is_asked INTEGER NOT NULL);
CREATE TABLE seals (day TEXT PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE months (month INTEGER PRIMARY KEY, is_dirty INTEGER NOT NULL);
CREATE TABLE figures (
    site INTEGER, day INTEGER, articles INTEGER, revisions INTEGER, characters INTEGER, words INTEGER,
    logarithms INTEGER, removals INTEGER, removed INTEGER, title INTEGER, authors INTEGER, published_at INTEGER, language INTEGER,
    section INTEGER, images INTEGER, PRIMARY KEY (site, day)
) WITHOUT ROWID;
CREATE TABLE outcome_figures (
    site INTEGER, day INTEGER, outcome INTEGER, reason INTEGER, rows INTEGER,
    PRIMARY KEY (site, day, outcome, reason)
) WITHOUT ROWID;
CREATE TABLE rule_figures (
    site INTEGER, day INTEGER, rule INTEGER, pages INTEGER, removals INTEGER, characters INTEGER,
    refused INTEGER, PRIMARY KEY (site, day, rule)
) WITHOUT ROWID;
CREATE TABLE language_figures (language INTEGER PRIMARY KEY, articles INTEGER NOT NULL);
CREATE TABLE latest (site INTEGER PRIMARY KEY, visit INTEGER NOT NULL, article INTEGER NOT NULL);
"""

# The words of one month's articles: a month is small enough to be written anew when something is taken down, since
# SQLite before 3.42 leaves deleted words in the file until then. Contentless: what was indexed is made again of the row.
_WORDS = """
CREATE VIRTUAL TABLE words_{month} USING fts5 (
    words, content = '', tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
)
"""


class IndexFileError(Exception):
    """The index cannot be read or written, in one line for people."""


class IndexNotReadyError(IndexFileError):
    """There is no index yet, or it is about to be made anew; ask again."""


class IndexBusyError(IndexFileError):
    """Another process writes the index already."""


def words_table(month: int) -> str:
    """Name the table with the words of a month (see `to_month`)."""
    return f"words_{month}"


def create_words(db: sqlite3.Connection, month: int) -> None:
    """Make the table of a month's words, unless it is there."""
    if db.execute("INSERT OR IGNORE INTO months VALUES (?, 0)", (month,)).rowcount:
        db.execute(_WORDS.format(month=month))
        table = words_table(month)
        # 1 MiB by default; a larger one is written to the file less often while the index is made.
        db.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('hashsize', 8388608)")  # noqa: S608 - a number


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the file for the one writer, with its tables; it is made anew by the caller where this raises DatabaseError."""
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        # What is taken down is overwritten with zeros.
        db.execute("PRAGMA secure_delete = ON")
        db.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        # What does not fit into memory while rows are sorted may hold what is taken down: no file for it.
        db.execute("PRAGMA temp_store = MEMORY")
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            with transaction(db):
                set_about(db, version=VERSION, sequence=0)
    except BaseException:
        db.close()
        raise
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file for reading. Raises sqlite3.Error where that fails."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
    )
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA query_only = ON")
    db.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
    return db


def remove_files(path: Path) -> None:
    """Remove the index; readers that have it open keep what they see until they ask again."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # A full disk may have ended it already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def get_about(db: sqlite3.Connection, name: str) -> Any:
    """Read one thing that the index says of itself; None: it does not."""
    row = db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return row and row[0]


def set_about(db: sqlite3.Connection, **values: Any) -> None:
    """Write what the index says of itself."""
    db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether the file itself is wrong: not a full disk, not a lock, not a mistake of ours."""
    return type(error) is sqlite3.DatabaseError


def to_month(key: int) -> int:
    """Give the part of the time line whose words stand in one table: 30 days, counted from 1970.

    >>> to_month((1_790_000_000) << 16)
    690
    """
    return (key >> SLOT_BITS) // (30 * 86400)
