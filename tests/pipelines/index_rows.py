"""A data folder with rows of a test's own, and what stands in an index, in a form that two indexes can be compared by."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pipelines.compact import compact
from pipelines.index import follow as follow_module
from pipelines.index.follow import open_follower
from pipelines.index.reading import Index
from pipelines.index.search import ArticleQuery, search
from pipelines.log import Commit, Genesis, Part, encode_entry, entry_path
from pipelines.objects import open_objects
from pipelines.record import encode_line
from pipelines.rewrite import open_rewriter
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match
from tests.pipelines.ledger_worker import SITE, finish, joined, links, published_rows

NOON = datetime(2026, 4, 14, 12, tzinfo=UTC)


def article(number, **fields):
    """A row; what it does not say is as little as a row can say."""
    url = fields.setdefault("url", f"https://news.example/{number}")
    text = fields.setdefault("text", f"The text of {number}.")
    return {
        "id": hashlib.sha256(url.encode()).hexdigest()[:32],
        "final_url": url,
        "canonical_url": url,
        "title": f"Title {number}",
        "description": None,
        "authors": [],
        "language": "en",
        "section": None,
        "images": [],
        "removals": [],
        "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        "site": "example",
        "fetched_at": datetime.fromtimestamp(NOON.timestamp() + number, UTC).isoformat(),
        "outcome": "article",
        "visit": hashlib.sha256(f"visit {number}".encode()).hexdigest()[:32],
        "revision": 1,
        "log_entry": None,
        **fields,
    }


def outcome(number, kind, reason=None, **fields):
    row = article(number)
    return {
        **{name: row[name] for name in ("url", "site", "fetched_at", "visit", "log_entry")},
        "outcome": kind,
        "reason": reason,
        "evidence": f"seen {number}",
        "of": None,
        "alike": None,
        "similarity": None,
        "attempts": 1,
        "status": 200,
        **fields,
    }


class Folder:
    """Writes a log and its parts as a crawl does, without the crawl."""

    def __init__(self, root, log_id="test"):
        self.root = Path(root)
        self.entries = 0
        self.append(Genesis(log_id=log_id, format=1, created_at=NOON.isoformat()))

    def append(self, entry):
        self.entries += 1
        self._write(entry_path(self.entries), encode_entry(entry))

    def publish(self, *rows):
        """Publish the rows as one batch; gives the paths of its parts."""
        folders = {}
        for row in rows:
            top = "articles" if row["outcome"] == "article" else "outcomes"
            folders.setdefault(f"{top}/date={row['fetched_at'][:10]}", []).append(row)
        name = f"{self.entries:012x}-{os.urandom(8).hex()}"
        parts = [self.part(f"{folder}/{name}.jsonl.gz", rows) for folder, rows in folders.items()]
        self.append(Commit(batch=name, epoch=1, adds=parts, created_at=NOON.isoformat()))
        return [part.path for part in parts]

    def part(self, path, rows):
        squeeze = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        body = squeeze.compress(b"".join(map(encode_line, rows))) + squeeze.flush()
        self._write(path, body)
        times = [row["fetched_at"] for row in rows]
        return Part(
            path=path,
            rows=len(rows),
            bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            codec="gzip",
            schema_version=1,
            min_fetched_at=min(times),
            max_fetched_at=max(times),
            sites=[],
            languages=[],
        )

    def _write(self, path, body):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)


def opened(data, state=None):
    state = Path(state or Path(data) / ".state")
    return open_follower(state, open_objects(str(data), state, "index"))


def follow(data, state=None):
    """Bring the index to the log's end; gives the report."""
    with opened(data, state) as follower:
        return follower.follow()


def index_of(data):
    """An index at the log's end."""
    follow(data)
    return Index(Path(data) / ".state")


_CONTENT = {
    "articles": "SELECT key, path, line, articles.entry, hex(visit), address, hex(id), text, revision, s.name,"
    " characters, words, missing, url, canonical_url, title, description, authors, language, section, published_at,"
    " hex(excerpt) FROM articles JOIN parts ON parts.number = part JOIN names s ON s.number = site ORDER BY key",
    "outcomes": "SELECT key, path, line, outcomes.entry, hex(visit), address, outcome, r.name, s.name, hex(of), url,"
    " evidence FROM outcomes JOIN parts ON parts.number = part JOIN names s ON s.number = site"
    " LEFT JOIN names r ON r.number = reason ORDER BY key",
    "parts": "SELECT path, entry, fault FROM parts ORDER BY path",
    "figures": "SELECT s.name, f.day, f.articles, f.revisions, f.characters, f.words, f.logarithms, f.removals,"
    " f.removed, f.title, f.authors, f.images FROM figures f LEFT JOIN names s ON s.number = f.site"
    " WHERE f.articles + f.revisions > 0 ORDER BY 1, 2",
    "outcome_figures": "SELECT s.name, day, outcome, r.name, rows FROM outcome_figures"
    " LEFT JOIN names s ON s.number = site LEFT JOIN names r ON r.number = reason WHERE rows > 0 ORDER BY 1, 2, 3, 4",
    "rule_figures": "SELECT s.name, day, r.name, pages, removals, characters, refused FROM rule_figures"
    " LEFT JOIN names s ON s.number = site JOIN names r ON r.number = rule WHERE pages > 0 ORDER BY 1, 2, 3",
    "languages": "SELECT name, articles FROM language_figures JOIN names ON number = language"
    " WHERE articles > 0 ORDER BY 1",
    "seals": "SELECT * FROM seals ORDER BY 1",
    "takedowns": "SELECT * FROM takedowns ORDER BY 1",
    "about": "SELECT name, value FROM about WHERE name != 'is_unswept' ORDER BY 1",
}


def content(state):
    """Everything that an index says, apart from its own numbers."""
    with closing(sqlite3.connect(Path(state) / "index.sqlite3")) as db:
        found = {name: db.execute(query).fetchall() for name, query in _CONTENT.items()}
        found["words"] = sorted(words(db))
        return found


def words(db):
    """All words by which articles are found, with the keys of those."""
    for (month,) in db.execute("SELECT month FROM months").fetchall():
        db.execute(f"CREATE VIRTUAL TABLE temp.v_{month} USING fts5vocab(main, words_{month}, instance)")
        yield from db.execute(f"SELECT term, doc, offset FROM temp.v_{month}")
        db.execute(f"DROP TABLE temp.v_{month}")


if __name__ == "__main__":
    # A writer to be killed, often in the middle of a transaction.
    follow_module._ROWS_A_TRANSACTION = 300
    follow(sys.argv[1], sys.argv[2])


def found(index, q="", **query):
    """The titles that a search gives."""
    return [one.title for one in search(index, ArticleQuery(q=q, **query)).articles]


def is_same_as_made_anew(data, tmp_path):
    """Whether an index that followed says the same as one of the whole log."""
    follow(data, tmp_path / "anew")
    return content(data / ".state") == content(tmp_path / "anew")


async def crawl(data, count, *, compacts=False, takes_down=None):
    """Visit pages in a few batches; gives the rows that are published then."""
    async with joined(data) as (_, ledger):
        await ledger.save_listing(SITE, "https://news.example/feed", None, links(count))
        await finish(ledger)
    async with open_rewriter(str(data)) as rewriter:
        if compacts:
            await compact(rewriter)
        if takes_down:
            await request_takedown(rewriter, to_match(takes_down), "asked for")
            await carry_out(rewriter)
    return published_rows(data)
