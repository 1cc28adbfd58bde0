"""How fast the index of published rows is made, how large it is, and how fast it answers, with many synthetic rows.

Usage: index.py [--rows N] [--keep FOLDER]      2 million take some twenty minutes and 4 GB in the temporary folder.

What is kept is a data folder: `broadsheet serve --no-crawl --data FOLDER` shows it.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measures import print_table

from cleaners.models import Article, Block, Metadata
from pipelines.index.figures import day_figures, overview, site_figures
from pipelines.index.follow import open_follower
from pipelines.index.history import OutcomeQuery, find_outcomes, revisions, rows_of
from pipelines.index.reading import Index
from pipelines.index.search import ArticleQuery, search
from pipelines.index.tables import FILE
from pipelines.log import Commit, Entry, Genesis, Part, encode_entry, entry_path
from pipelines.objects import LocalObjects
from pipelines.record import encode_line, to_record, to_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipelines.objects import Stored

_BATCH = 5_000
_DAYS = 400
_SITES = 300
_FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
_REPEATS = 7
_WHOLE = to_record(
    Article(
        url="https://news.example/a",
        requested_url="https://news.example/a",
        site=None,
        fetched_at=_FIRST_DAY,
        metadata=Metadata(canonical_url="https://news.example/a"),
        blocks=(Block(kind="paragraph", text="A text."),),
        removals=(),
    )
)
"""A record with all that one has; most of it is the same in each row."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--keep", type=Path, help="make the data and their index here, and leave them")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        ask(options.ask)
        return
    with tempfile.TemporaryDirectory(prefix="broadsheet-bench-") as scratch:
        state = (options.keep or Path(scratch)) / ".state"
        build(state, options.rows, options.keep)
        # In a process of its own: its memory is that of a service that only reads.
        subprocess.run([sys.executable, __file__, "--ask", str(state)], check=True)


def build(state: Path, rows: int, kept: Path | None) -> None:
    log = SyntheticLog(rows, kept)
    spent, used, rate = 0.0, 0.0, []
    with open_follower(state, log) as follower:
        follower.follow()
        while log.grow():
            began, before = time.perf_counter(), time.process_time()
            follower.follow()
            rate.append(time.perf_counter() - began)
            used += time.process_time() - before
            spent += rate[-1]
            if len(rate) % 20 == 0 or len(rate) * _BATCH >= rows:
                latest = sum(rate[-20:]) / len(rate[-20:]) / _BATCH * 10_000
                print(
                    f"  {len(rate) * _BATCH:>9} rows: {spent:7.1f} s, of late {latest:.2f} s for 10,000",
                    flush=True,
                )
    size = (state / FILE).stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows} rows: made in {spent:.0f} s; for 10,000 {spent / rows * 10_000:.2f} s,"
        f" {used / rows * 10_000:.2f} s of CPU"
    )
    print(
        f"{size / 1e6:.0f} MB, {size / rows:.0f} bytes a row; the parts are {log.bytes / rows:.0f} bytes a row"
    )
    print(f"memory of the writing process, at most: {peak:.0f} MB")


def ask(state: Path) -> None:
    index = Index(state)
    total = overview(index)
    last = total.last_fetched_at
    assert last is not None
    some = search(index, ArticleQuery(limit=1)).articles[0]
    since, until = last - timedelta(days=130), last - timedelta(days=100)
    print_table(
        [
            _time("overview", lambda: overview(index)),
            _time("all sites", lambda: site_figures(index)),
            _time("30 days of all sites", lambda: day_figures(index, until=last.date())),
            _time("90 days of one site", lambda: day_figures(index, "site7", days=90, until=last.date())),
            *(
                _time(name, lambda query=query: search(index, query))  # type: ignore[misc]
                for name, query in {
                    "newest articles": ArticleQuery(),
                    "a common word": ArticleQuery(q=COMMON),
                    "two common words": ArticleQuery(q=f"{COMMON} {WORDS[3]}"),
                    "a rare word": ArticleQuery(q="rare77"),
                    "a word that nothing has": ArticleQuery(q="nothinghasit"),
                    "a phrase": ArticleQuery(q=f'"{" ".join(SENTENCES[5].split()[:4])}"'),
                    "a phrase that nothing has": ArticleQuery(q=f'"{COMMON} {WORDS[9_999]} {COMMON}"'),
                    "site and month": ArticleQuery(site="site7", since=since, until=until),
                    "site, month and common word": ArticleQuery(
                        q=COMMON, site="site7", since=since, until=until
                    ),
                    "section and language": ArticleQuery(section="Sport", language="de"),
                    "filters that never meet": ArticleQuery(site="site7", language="xx", q=COMMON),
                    "site and rare word": ArticleQuery(site="site7", q="rare78"),
                    "page 100 of a common word": ArticleQuery(q=COMMON, after=some.key - (86400 * 200 << 16)),
                }.items()
            ),
            _time("outcomes of a site", lambda: find_outcomes(index, OutcomeQuery(site="site7"))),
            _time(
                "outcomes by reason", lambda: find_outcomes(index, OutcomeQuery(outcome="dead", reason="tls"))
            ),
            _time("an address", lambda: rows_of(index, some.url)),
            _time("an article", lambda: revisions(index, some.id)),
        ]
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory of the reading process, at most: {peak:.0f} MB")


def _time(name: str, question: Callable[[], Any]) -> dict[str, Any]:
    times, count = [], 0
    for _ in range(_REPEATS):
        began = time.perf_counter()
        answer = question()
        times.append((time.perf_counter() - began) * 1000)
        count = len(getattr(answer, "articles", getattr(answer, "outcomes", ())) or ())
    return {
        "question": name,
        "found": count or None,
        "first (ms)": times[0],
        "median (ms)": statistics.median(times),
        "worst (ms)": max(times),
    }


def _make_words() -> list[str]:
    chance = random.Random(1)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    return [
        "".join(chance.choices(letters, weights=range(26, 0, -1), k=chance.randint(2, 11)))
        for _ in range(60_000)
    ]


def _make_sentences() -> list[str]:
    """Words as frequent as in real texts: the n-th one as often as 1/n."""
    chance = random.Random(2)
    weights = [1 / (place + 2) for place in range(len(WORDS))]
    words = chance.choices(WORDS, weights=weights, k=40_000 * 16)
    return [" ".join(words[place : place + 16]).capitalize() + "." for place in range(0, len(words), 16)]


WORDS = _make_words()
SENTENCES = _make_sentences()
COMMON = WORDS[0]


class SyntheticLog(LocalObjects):
    """A log that grows by a batch when it is told to, with only the latest batch's parts at hand; all may be kept."""

    def __init__(self, rows: int, kept: Path | None) -> None:
        super().__init__(Path("synthetic"), "bench")
        self.bytes = 0
        self._kept = kept
        self._rows = rows
        self._made = 0
        self._chance = random.Random(3)
        self._entries: dict[str, bytes] = {}
        self._parts: dict[str, bytes] = {}
        self._append(Genesis(log_id="bench", format=1, created_at=to_timestamp(_FIRST_DAY)))

    def grow(self) -> bool:
        """Publish the next batch; False: that was all."""
        count = min(_BATCH, self._rows - self._made)
        if not count:
            return False
        self._parts.clear()
        lines: dict[str, list[tuple[dict[str, Any], bytes]]] = {}
        for number in range(self._made, self._made + count):
            moment = _FIRST_DAY + timedelta(seconds=number * _DAYS * 86400 // self._rows)
            row = (
                self._article(number, moment)
                if self._chance.random() < 0.8
                else self._outcome(number, moment)
            )
            top = "articles" if row["outcome"] == "article" else "outcomes"
            lines.setdefault(f"{top}/date={row['fetched_at'][:10]}", []).append((row, encode_line(row)))
        self._made += count
        name = f"{self._made:012x}-{self._made:016x}"
        parts = [self._part(f"{folder}/{name}.jsonl.gz", rows) for folder, rows in sorted(lines.items())]
        self._append(Commit(batch=name, epoch=1, adds=parts, created_at=to_timestamp(_FIRST_DAY)))
        return True

    async def read(self, path: str) -> bytes | None:
        if path in self._parts:
            return self._parts[path]
        return self._entries.get(path)

    async def files(self, prefix: str, *, after: str = "") -> list[Stored]:  # noqa: ARG002 - as of any store
        return []

    def _append(self, entry: Entry) -> None:
        path, body = entry_path(len(self._entries) + 1), encode_entry(entry)
        self._entries[path] = body
        self._keep(path, body)

    def _keep(self, path: str, body: bytes) -> None:
        if self._kept is not None:
            (self._kept / path).parent.mkdir(parents=True, exist_ok=True)
            (self._kept / path).write_bytes(body)

    def _part(self, path: str, rows: Sequence[tuple[dict[str, Any], bytes]]) -> Part:
        squeeze = zlib.compressobj(4, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        body = squeeze.compress(b"".join(line for _, line in rows)) + squeeze.flush()
        self._parts[path] = body
        self._keep(path, body)
        self.bytes += len(body)
        times = [row["fetched_at"] for row, _ in rows]
        return Part(
            path=path,
            rows=len(rows),
            bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            codec="gzip",
            schema_version=1,
            min_fetched_at=min(times),
            max_fetched_at=max(times),
            sites=sorted({row["site"] for row, _ in rows}),
            languages=[],
        )

    def _article(self, number: int, moment: datetime) -> dict[str, Any]:
        chance = self._chance
        # One in twenty is a revision of an article of the last days.
        first = number - chance.randint(1, 20_000) if chance.random() < 0.05 and number > 20_000 else number
        url = f"https://news{first % _SITES}.example/{moment.year}/{first % 12}/{'-'.join(WORDS[first * 7 % 60_000 :][:5])}-{first}"
        sentences = chance.choices(SENTENCES, k=chance.randint(8, 50))
        text = f"{sentences[0]} rare{number % 100_000} " + "\n\n".join(sentences)
        return _WHOLE | {
            "id": hashlib.sha256(url.encode()).hexdigest()[:32],
            "url": url,
            "final_url": url,
            "canonical_url": url,
            "title": sentences[1][:70],
            "description": sentences[2] if chance.random() < 0.8 else None,
            "text": text,
            "authors": [f"{WORDS[number % 900].title()} {WORDS[number % 7_000].title()}"],
            "published_at": to_timestamp(moment - timedelta(hours=1)),
            "language": ("de", "en", "fr", "de-AT")[first % 4],
            "section": ("Sport", "Politics", None, "Culture", "Economy")[first % 5],
            "images": [{"url": url}] if number % 3 else [],
            "removals": [
                {
                    "rule": f"rule{int(60 * chance.random() ** 2)}",
                    "stage": "tree",
                    "where": "",
                    "sample": "",
                    "chars": 120,
                    "refused": False,
                }
                for _ in range(chance.randint(2, 14))
            ],
            "content_hash": hashlib.sha256(text.encode()).hexdigest(),
            "site": f"site{first % _SITES}",
            "fetched_at": to_timestamp(moment),
            "outcome": "article",
            "visit": f"{chance.getrandbits(128):032x}",
            "revision": 1 if first == number else 2,
            "log_entry": None,
        }

    def _outcome(self, number: int, moment: datetime) -> dict[str, Any]:
        chance = self._chance
        outcome, reason = chance.choice(
            (
                ("unchanged", None),
                ("duplicate", None),
                ("rejected", "hub"),
                ("rejected", "too_short"),
                ("gone", "http_404"),
                ("blocked", "robots"),
                ("dead", "timeout"),
                ("dead", "tls"),
            )
        )
        return {
            "url": f"https://news{number % _SITES}.example/{'-'.join(WORDS[number * 7 % 60_000 :][:5])}-{number}",
            "visit": f"{chance.getrandbits(128):032x}",
            "outcome": outcome,
            "site": f"site{number % _SITES}",
            "reason": reason,
            "evidence": "31 links" if outcome == "rejected" else None,
            "of": f"{chance.getrandbits(128):032x}" if reason is None else None,
            "alike": "text" if outcome == "duplicate" else None,
            "attempts": 1,
            "status": 200,
            "fetched_at": to_timestamp(moment),
            "log_entry": None,
        }


if __name__ == "__main__":
    main()
