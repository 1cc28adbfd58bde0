"""Speed of cleaning beside trafilatura: the same pages by turns in one process, CPU time, the least of the rounds.

python bench/cleaning.py [--shared FOLDER] [--pages N] [--rounds N]
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import shared_folder
from baseline import predict
from measures import print_table

from cleaners.models import Document
from cleaners.stages import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETS = ("zyte", "publishers", "wcxb")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared_folder.add_option(parser)
    parser.add_argument("--pages", type=int, default=100, help="of each set")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    shared_folder.check(options.shared, *map(pages_file, SETS))
    print_table([measure(options, name) for name in SETS])


def measure(options: argparse.Namespace, name: str) -> dict[str, Any]:
    pages = list(islice(read_pages(options.shared / pages_file(name)), options.pages))
    documents = [to_document(page) for page in pages]
    clean(documents[0])  # rules and judges are read once a process
    ours, theirs = [], []
    for _ in range(options.rounds):
        started = time.process_time()
        for document in documents:
            clean(document)
        between = time.process_time()
        for page in pages:
            predict(page)
        ours.append(between - started)
        theirs.append(time.process_time() - between)
    return {
        "set": name,
        "milliseconds_a_page": 1000 * min(ours) / len(pages),
        "trafilatura": 1000 * min(theirs) / len(pages),
        "ratio": min(theirs) / min(ours),
    }


def pages_file(name: str) -> str:
    return f"{name}.pages.jsonl.gz"


def read_pages(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def to_document(page: dict[str, Any]) -> Document:
    return Document(
        url=page["url"],
        requested_url=page["url"],
        fetched_at=NOW,
        headers={"content-type": "text/html; charset=utf-8"},
        body=page["html"].encode("utf-8", "surrogatepass"),
    )


if __name__ == "__main__":
    main()
