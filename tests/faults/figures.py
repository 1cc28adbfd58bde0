"""What a rig has found, and how it is told: published rows are counted afterwards, by a reader of our own."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.verify import verify
from tests.pipelines.ledger_worker import expected_articles, links


@dataclass
class Figures:
    """The line of one test in the table."""

    test: str
    lost: int = 0
    double: int = 0
    problems: list[str] = field(default_factory=list)
    """What `verify` says."""
    told: dict = field(default_factory=dict)
    """Further figures by name."""

    @property
    def is_clean(self):
        return not (self.lost or self.double or self.problems)

    def add(self, other):
        self.lost += other.lost
        self.double += other.double
        self.problems += other.problems


def count_rows(data, pages, test=""):
    """Count what of the numbered pages 0 to `pages` is not published, and what is more than once."""
    counts, articles = Counter(), 0
    for row in read_rows(data):
        counts[row["url"]] += 1
        articles += row["outcome"] == "article"
    proof = asyncio.run(verify(str(data)))
    found = Figures(
        test=test,
        lost=sum(not counts[link.url] for link in links(pages)),
        double=sum(number - 1 for number in counts.values()),
        problems=[*proof.problems, *proof.foreign],
    )
    # Texts that pages share: each is one article, whoever came first.
    found.double += max(articles - expected_articles(pages), 0)
    found.lost += max(expected_articles(pages) - articles, 0)
    return found


def read_rows(data):
    """All rows that commits have published, in the log's order; not once more where compaction has moved them."""
    for path in sorted(Path(data).glob("log/[0-9]*.json")):
        entry = json.loads(path.read_bytes())
        for part in entry["adds"] if entry["kind"] == "commit" else ():
            yield from map(json.loads, gzip.decompress((Path(data) / part["path"]).read_bytes()).splitlines())


def count_visits(data):
    """Count visits begun, those of them whose row is not published, and those of pages that were published by then."""
    entries = {}
    for number, entry in enumerate(sorted(Path(data).glob("log/[0-9]*.json")), 1):
        for part in json.loads(entry.read_bytes()).get("adds", ()):
            body = gzip.decompress((Path(data) / part["path"]).read_bytes())
            entries |= {
                (row := json.loads(line))["url"]: (number, row["visit"]) for line in body.splitlines()
            }
    begun, again, most_repeated = 0, 0, 0
    for notes in Path(data).glob(".state/begun/*"):
        repeated = 0
        for line in notes.read_text().splitlines():
            if line.count(" ") != 3:
                continue
            _, position, token, url = line.split()
            begun += 1
            number, visit = entries.get(url, (0, ""))
            repeated += visit != token
            again += visit != token and 0 < number <= int(position)
        most_repeated = max(most_repeated, repeated)
    return {"visits": begun, "most repeated by a kill": most_repeated, "published fetched again": again}


class Reader:
    """Follows a log in a thread, as a data lake would, and checks all that it is given; counts reads and errors."""

    def __init__(self, data):
        self.data = Path(data)
        self.reads = 0
        self.errors: list[str] = []
        self._bodies: list[bytes] = []
        self._visits: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        while self._read_next():
            pass

    def _follow(self):
        while not self._stop.is_set():
            if not self._read_next():
                self._read_again()
                time.sleep(0.002)

    def _read_next(self):
        """Read the next entry and its parts; False: there is none yet."""
        path = self.data / "log" / f"{len(self._bodies) + 1:020}.json"
        self.reads += 1
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            return False
        self._bodies.append(body)
        try:
            for part in json.loads(body).get("adds", ()):
                self._read_part(part)
        except (OSError, ValueError) as error:
            self.errors.append(f"{path.name}: {error!r}")
        return True

    def _read_part(self, part):
        self.reads += 1
        body = (self.data / part["path"]).read_bytes()
        if (len(body), hashlib.sha256(body).hexdigest()) != (part["bytes"], part["sha256"]):
            self.errors.append(f"{part['path']}: is not as its entry says")
        rows = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        if len(rows) != part["rows"]:
            self.errors.append(f"{part['path']}: has {len(rows)} rows, not {part['rows']}")
        for row in rows:
            if row["visit"] in self._visits:
                self.errors.append(f"{part['path']}: visit {row['visit']} stands twice")
            self._visits.add(row["visit"])

    def _read_again(self):
        """An entry that was read must stay as it was."""
        for number in range(max(len(self._bodies) - 3, 0), len(self._bodies)):
            self.reads += 1
            if (self.data / "log" / f"{number + 1:020}.json").read_bytes() != self._bodies[number]:
                self.errors.append(f"entry {number + 1} has changed")
