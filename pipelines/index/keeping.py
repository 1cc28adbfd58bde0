"""Rows in the index: added, moved to another part, or removed with everything that was derived from them."""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from cleaners.words import UNSPACED, words
from pipelines.index.tables import SLOT_BITS, UNSWEPT, create_words, set_about, to_month, words_table
from pipelines.index.tallies import FIELDS, RuleTally, Tallies
from pipelines.index.wording import EXCERPT_CHARS, to_filters, to_words
from pipelines.seen import OUTCOMES, to_seconds, url_digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from pipelines.index.lines import Line

# A page may say anything of itself; a row of the index is for people.
_MOST_CHARS = {"title": 1_000, "description": 1_000, "section": 200, "authors": 1_000, "evidence": 1_000}
_MOST_UNWRITTEN = 5_000
_SLOTS = 1 << SLOT_BITS
_UNSPACED = re.compile(f"[{UNSPACED}]")

_ARTICLE_COLUMNS = (
    "key, part, line, entry, visit, address, id, text, revision, site, characters, words, missing, removals,"
    " duplicate_of, similarity, url, canonical_url, title, description, authors, language, section, published_at,"
    " excerpt"
)
_OUTCOME_COLUMNS = (
    "key, part, line, entry, visit, address, outcome, reason, site, of, alike, similarity, attempts, status, url,"
    " evidence"
)


class Place(NamedTuple):
    """Where a row lies."""

    part: int
    line: int
    entry: int
    """The entry that published it first."""
    is_moved: bool
    """It may be known already, from another part."""


class Rows:
    """What stands in the two tables of rows, and in all that is counted and found by them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._names: dict[tuple[str, str], int] = {}
        self._tallies = Tallies()
        self._unwritten: list[tuple[int, str]] = []
        """Words of articles by key: FTS5 takes them fastest in the order of keys."""
        self._months: set[int] = set()

    def add(self, line: Line, place: Place) -> bool:
        """Add a row, or note where it lies now; True: it was not known."""
        second = to_seconds(datetime.fromisoformat(line.fetched_at))
        table = "articles" if line.outcome == "article" else "outcomes"
        key, is_known = self._find_key(table, second, line.visit, is_moved=place.is_moved)
        if is_known:
            self._db.execute(
                f"UPDATE {table} SET part = ?, line = ? WHERE key = ?",  # noqa: S608 - one of two names
                (place.part, place.line, key),
            )
            return False
        if line.outcome == "article":
            self._add_article(key, second, line, place)
            if len(self._unwritten) >= _MOST_UNWRITTEN:
                self.flush()
        else:
            self._add_outcome(key, second, line, place)
        return True

    def remove_articles(self, keys: Iterable[int]) -> int:
        """Remove articles and their words; gives how many there were."""
        self.flush()
        count = 0
        for key in sorted(keys):
            row = self._db.execute(
                "SELECT site, revision, characters, words, missing, removals, title, description, language, section,"
                " excerpt FROM articles WHERE key = ?",
                (key,),
            ).fetchone()
            if row is None:
                continue
            site, revision, characters, count_words, missing, removals, title, description = row[:8]
            language, section, excerpt = row[8:]
            month = to_month(key)
            self._db.execute(
                f"INSERT INTO {words_table(month)} ({words_table(month)}, rowid, words) VALUES ('delete', ?, ?)",  # noqa: S608
                (
                    key,
                    _indexed(
                        self._name_of(site),
                        title or "",
                        description or "",
                        language or "",
                        section or "",
                        unpack_text(excerpt),
                    ),
                ),
            )
            self._db.execute("UPDATE months SET is_dirty = 1 WHERE month = ?", (month,))
            set_about(self._db, is_unswept=UNSWEPT)
            self._db.execute("DELETE FROM articles WHERE key = ?", (key,))
            self._tallies.count_article(
                -1,
                site=site,
                second=key >> SLOT_BITS,
                revision=revision,
                characters=characters,
                words=count_words,
                missing=missing,
                language=self._number("language", language or ""),
                rules=unpack_rules(removals),
            )
            count += 1
        return count

    def remove_outcomes(self, keys: Iterable[int]) -> int:
        """Remove rows of outcomes; gives how many there were."""
        count = 0
        for key in keys:
            row = self._db.execute(
                "SELECT site, outcome, reason FROM outcomes WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                continue
            self._db.execute("DELETE FROM outcomes WHERE key = ?", (key,))
            set_about(self._db, is_unswept=UNSWEPT)
            site, outcome, reason = row
            self._tallies.count_outcome(
                -1, site=site, second=key >> SLOT_BITS, outcome=outcome, reason=reason
            )
            count += 1
        return count

    def flush(self) -> None:
        """Write what waits: words and figures. It belongs into the transaction of the rows."""
        for key, text in sorted(self._unwritten):
            month = to_month(key)
            if month not in self._months:
                create_words(self._db, month)
                self._months.add(month)
            self._db.execute(
                f"INSERT INTO {words_table(month)} (rowid, words) VALUES (?, ?)",  # noqa: S608 - a number
                (key, text),
            )
        self._unwritten.clear()
        self._tallies.write(self._db)

    def forget(self) -> None:
        """Forget what waits, and what is known of the file: its transaction was given up."""
        self._unwritten.clear()
        self._tallies.clear()
        self._names.clear()
        self._months.clear()

    def _add_article(self, key: int, second: int, line: Line, place: Place) -> None:
        title, description, section = (_cut(line, name) for name in ("title", "description", "section"))
        excerpt = line.text[:EXCERPT_CHARS]
        site = self._number("site", line.site or "")
        rules = self._count_rules(line)
        missing = sum(1 << bit for bit, name in enumerate(FIELDS) if _is_missing(line, name))
        count_words = _count_words(line.text) if line.word_count is None else line.word_count
        canonical = line.canonical_url if line.canonical_url != line.url else None
        self._db.execute(
            f"INSERT INTO articles ({_ARTICLE_COLUMNS}) VALUES ({', '.join('?' * 25)})",  # noqa: S608 - names of ours
            (
                key,
                place.part,
                place.line,
                place.entry,
                bytes.fromhex(line.visit),
                to_address(line.url or ""),
                bytes.fromhex(line.id or ""),
                to_text(line.content_hash or ""),
                line.revision or 1,
                site,
                len(line.text),
                count_words,
                missing,
                pack_rules(rules),
                bytes.fromhex(line.duplicate_of) if line.duplicate_of else None,
                line.similarity,
                line.url or "",
                canonical,
                title,
                description,
                "\n".join(line.authors)[: _MOST_CHARS["authors"]] or None,
                line.language,
                section,
                line.published_at,
                zlib.compress(excerpt.encode("utf-8", "replace"), 6) if excerpt else None,
            ),
        )
        indexed = _indexed(
            line.site or "", title or "", description or "", line.language or "", section or "", excerpt
        )
        self._unwritten.append((key, indexed))
        self._tallies.count_article(
            1,
            site=site,
            second=second,
            revision=line.revision or 1,
            characters=len(line.text),
            words=count_words,
            missing=missing,
            language=self._number("language", line.language or ""),
            rules=rules,
        )

    def _add_outcome(self, key: int, second: int, line: Line, place: Place) -> None:
        outcome = OUTCOMES.index(line.outcome)
        reason = self._number("reason", line.reason or "")
        site = self._number("site", line.site or "")
        self._db.execute(
            f"INSERT INTO outcomes ({_OUTCOME_COLUMNS}) VALUES ({', '.join('?' * 16)})",  # noqa: S608 - names of ours
            (
                key,
                place.part,
                place.line,
                place.entry,
                bytes.fromhex(line.visit),
                to_address(line.url or ""),
                outcome,
                reason,
                site,
                bytes.fromhex(line.of) if line.of else None,
                line.alike,
                line.similarity,
                line.attempts,
                line.status,
                line.url or "",
                _cut(line, "evidence"),
            ),
        )
        self._tallies.count_outcome(1, site=site, second=second, outcome=outcome, reason=reason)

    def _find_key(self, table: str, second: int, visit: str, *, is_moved: bool) -> tuple[int, bool]:
        """The row's key, and whether the row is there: its second, and a slot in it that is its own or free."""
        first = second << SLOT_BITS
        slot = int(visit[:4], 16)
        token = bytes.fromhex(visit)
        find = f"SELECT visit FROM {table} WHERE key = ?"  # noqa: S608 - one of two names
        found = self._db.execute(find, (first | slot,)).fetchone()
        if found is not None and found[0] == token:
            return first | slot, True
        if found is None and not is_moved:
            return first | slot, False
        # Beside its slot, since that was taken when the row came.
        beside = self._db.execute(
            f"SELECT key FROM {table} WHERE key BETWEEN ? AND ? AND visit = ?",  # noqa: S608 - one of two names
            (first, first + _SLOTS - 1, token),
        ).fetchone()
        if beside is not None:
            return beside[0], True
        for step in range(_SLOTS):
            key = first | (slot + step) % _SLOTS
            if self._db.execute(find, (key,)).fetchone() is None:
                return key, False
        raise ValueError(f"more than {_SLOTS} rows were fetched within second {second}")

    def _count_rules(self, line: Line) -> list[RuleTally]:
        counts: dict[str, list[int]] = {}
        for removal in line.removals:
            known = counts.setdefault(removal.rule, [0, 0, 0])
            if removal.refused:
                known[2] += 1
            else:
                known[0] += 1
                known[1] += removal.chars
        return [
            RuleTally(rule=self._number("rule", name), removals=removals, characters=chars, refused=refused)
            for name, (removals, chars, refused) in counts.items()
        ]

    def _number(self, kind: str, name: str) -> int:
        """The number of a name; 0: it is empty, and no site."""
        if not name and kind != "site":
            return 0
        known = self._names.get((kind, name))
        if known is None:
            find = "SELECT number FROM names WHERE kind = ? AND name = ?"
            row = self._db.execute(find, (kind, name)).fetchone()
            if row is None:
                self._db.execute("INSERT INTO names (kind, name) VALUES (?, ?)", (kind, name))
                row = self._db.execute(find, (kind, name)).fetchone()
            known = self._names[kind, name] = int(row[0])
        return known

    def _name_of(self, number: int) -> str:
        row = self._db.execute("SELECT name FROM names WHERE number = ?", (number,)).fetchone()
        return str(row[0])


def to_address(url: str) -> int:
    """Give what a row's address is looked up by: 8 bytes of its digest, as SQLite's integers are."""
    return int.from_bytes(url_digest(url)[:8], signed=True)


def to_text(content_hash: str) -> int:
    """Give what a text is looked up by."""
    return int.from_bytes(bytes.fromhex(content_hash[:16]), signed=True)


def pack_rules(rules: list[RuleTally]) -> bytes | None:
    """Give what an article keeps of its removals; None: there was none."""
    flat = [value for one in rules for value in (one.rule, one.removals, one.characters, one.refused)]
    return msgspec.msgpack.encode(flat) if flat else None


def unpack_rules(packed: bytes | None) -> list[RuleTally]:
    """Read what an article keeps of its removals."""
    flat: list[int] = msgspec.msgpack.decode(packed) if packed else []
    return [
        RuleTally(rule=rule, removals=removals, characters=characters, refused=refused)
        for rule, removals, characters, refused in zip(*[iter(flat)] * 4, strict=True)
    ]


def unpack_text(excerpt: bytes | None) -> str:
    """Read the start of an article's text."""
    return zlib.decompress(excerpt).decode() if excerpt else ""


def _indexed(  # noqa: PLR0913, PLR0917 - what an article is found by
    site: str, title: str, description: str, language: str, section: str, excerpt: str
) -> str:
    return " \n ".join((to_words(title, description, excerpt), *to_filters(site, language, section)))


def _cut(line: Line, name: str) -> str | None:
    value: Any = getattr(line, name)
    return value[: _MOST_CHARS[name]] if value else None


def _is_missing(line: Line, name: str) -> bool:
    return bytes(line.images) == b"[]" if name == "images" else not getattr(line, name)


def _count_words(text: str) -> int:
    """Of a row that does not say it: what stands between blanks; of a text without blanks, its characters."""
    return len(words(text)) if _UNSPACED.search(text, 0, EXCERPT_CHARS) else len(text.split())
