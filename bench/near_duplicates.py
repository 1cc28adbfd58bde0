"""Near-duplicates: recall on edited copies of the shared articles, precision beside unrelated pairs, time and memory.

    python bench/near_duplicates.py [--shared FOLDER]

Copies are made as syndicated ones are: words replaced, sentences replaced or taken out, paragraphs taken out or
written anew, the end cut off, an introduction added; each by 5 to 40 % of the text. The true similarity of a pair is
the Jaccard similarity of its runs of three words.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import re
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shared_folder
from measures import print_table

from cleaners.models import Article, Block, Listed, Metadata
from cleaners.words import words
from pipelines.ledger import open_ledger
from pipelines.near import NearRule, to_bands, to_sketch
from pipelines.near_index import NearIndex
from pipelines.policy import Policy
from pipelines.sketched import SketchedArticle
from pipelines.store import open_redis
from pipelines.traces import Trace
from pipelines.visits import Cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SETS = ("zyte", "publishers", "wcxb")
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4)
UNRELATED = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared_folder.add_option(parser)
    options = parser.parse_args()
    shared_folder.check(options.shared, *(f"{name}.gold.jsonl.gz" for name in SETS))
    texts = list(read_texts(options.shared))
    print(f"{len(texts)} articles of {', '.join(SETS)}")
    found, missed = judge_copies(texts)
    wrong = judge_unrelated(texts)
    print(
        f"precision {found / (found + wrong):.4f}: {found} copies and {wrong} of {UNRELATED} unrelated pairs are taken "
        f"for near-duplicates"
    )
    print(f"recall at similarity 0.8 and above: {1 - missed[0] / missed[1]:.4f} of {missed[1]} copies")
    asyncio.run(measure_store(texts))


def read_texts(shared: Path) -> Iterator[str]:
    """The articles' own texts, as the sets' references have them: one paragraph a line."""
    for name in SETS:
        with gzip.open(shared / f"{name}.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line).get("text") or ""
                paragraphs = [part.strip() for part in text.split("\n") if part.strip()]
                if len(words(text)) >= 100:
                    yield "\n\n".join(paragraphs)


def judge_copies(texts: Sequence[str]) -> tuple[int, tuple[int, int]]:
    """Print how many copies are found, by edit and by how much of the text it touched."""
    chance, rule = random.Random(1), NearRule()
    rows: list[dict[str, Any]] = []
    total, found_in_all, missed_near, near = 0, 0, 0, 0
    for name, edit in EDITS.items():
        for share in SHARES:
            counts: dict[str, int] = defaultdict(int)
            similarities = []
            for text in texts:
                copy = "\n\n".join(edit(text.split("\n\n"), share, chance, other_words(texts, chance)))
                if copy == text or len(words(copy)) < 24:
                    continue
                true = jaccard(text, copy)
                is_found = find(text, copy, rule)
                similarities.append(true)
                counts["copies"] += 1
                counts["found"] += is_found
                if true >= 0.8:
                    counts["near"] += 1
                    counts["near found"] += is_found
            rows.append(
                {
                    "edit": name,
                    "changed": f"{share:.0%}",
                    "copies": counts["copies"],
                    "mean similarity": sum(similarities) / max(len(similarities), 1),
                    "found": counts["found"] / max(counts["copies"], 1),
                    "similarity >= 0.8": counts["near"],
                    "found of those": counts["near found"] / counts["near"] if counts["near"] else None,
                }
            )
            total += counts["copies"]
            found_in_all += counts["found"]
            near += counts["near"]
            missed_near += counts["near"] - counts["near found"]
    print_table(rows)
    return found_in_all, (missed_near, near)


def judge_unrelated(texts: Sequence[str]) -> int:
    """Count unrelated pairs that are taken for near-duplicates. Two articles with one text are not unrelated."""
    chance, rule = random.Random(2), NearRule()
    wrong = count = 0
    while count < UNRELATED:
        one, other = chance.sample(texts, 2)
        if jaccard(one, other) < 0.5:
            count += 1
            wrong += find(one, other, rule)
    return wrong


def find(one: str, other: str, rule: NearRule) -> bool:
    """Whether the one is found by the other: by a band first, as in a crawl, then by the sketches."""
    index: NearIndex[str] = NearIndex()
    index.add(to_trace(one, b"1" * 16), "one")
    return index.find(to_trace(other, b"2" * 16), rule) is not None


def to_trace(text: str, name: bytes) -> Trace:
    sketch = to_sketch(text)
    return Trace(id=name, fetched_at=datetime.now(UTC), sketch=sketch, bands=to_bands(sketch, name))


def jaccard(one: str, other: str) -> float:
    first, second = (runs(words(text)) for text in (one, other))
    return len(first & second) / len(first | second)


def runs(found: list[str]) -> set[tuple[str, ...]]:
    return {tuple(found[place : place + 3]) for place in range(len(found) - 2)}


def other_words(texts: Sequence[str], chance: random.Random) -> list[str]:
    return chance.choice(texts).split()


def replace_words(paragraphs: list[str], share: float, chance: random.Random, others: list[str]) -> list[str]:
    return [
        " ".join(chance.choice(others) if chance.random() < share else word for word in paragraph.split())
        for paragraph in paragraphs
    ]


def replace_sentences(
    paragraphs: list[str], share: float, chance: random.Random, others: list[str]
) -> list[str]:
    copy = []
    for paragraph in paragraphs:
        sentences = re.split(r"(?<=[.!?。])\s+", paragraph)
        for place, sentence in enumerate(sentences):
            if chance.random() < share:
                count = len(sentence.split()) if chance.random() < 0.5 else 0
                start = chance.randrange(max(len(others) - count, 1))
                sentences[place] = " ".join(others[start : start + count])
        copy.append(" ".join(sentence for sentence in sentences if sentence))
    return [paragraph for paragraph in copy if paragraph]


def drop_paragraphs(
    paragraphs: list[str], share: float, chance: random.Random, _others: list[str]
) -> list[str]:
    return [paragraph for paragraph in paragraphs if chance.random() >= share]


def write_paragraphs(
    paragraphs: list[str], share: float, chance: random.Random, others: list[str]
) -> list[str]:
    copy = list(paragraphs)
    for place, paragraph in enumerate(paragraphs):
        if chance.random() < share:
            start = chance.randrange(max(len(others) - len(paragraph.split()), 1))
            copy[place] = " ".join(others[start : start + len(paragraph.split())])
    return copy


def cut_end(paragraphs: list[str], share: float, _chance: random.Random, _others: list[str]) -> list[str]:
    left = (1 - share) * sum(map(len, paragraphs))
    copy: list[str] = []
    for paragraph in paragraphs:
        if left < len(paragraph) / 2:
            break
        copy.append(paragraph)
        left -= len(paragraph)
    return copy


def add_introduction(
    paragraphs: list[str], share: float, chance: random.Random, others: list[str]
) -> list[str]:
    count = round(share * len(" ".join(paragraphs).split()))
    start = chance.randrange(max(len(others) - count, 1))
    added = others[start : start + count]
    return [*(" ".join(added[place : place + 40]) for place in range(0, len(added), 40)), *paragraphs]


EDITS = {
    "words replaced": replace_words,
    "sentences replaced or dropped": replace_sentences,
    "paragraphs dropped": drop_paragraphs,
    "paragraphs written anew": write_paragraphs,
    "end cut off": cut_end,
    "introduction added": add_introduction,
}


async def measure_store(texts: Sequence[str]) -> None:
    """Time and Redis memory of each article, through a ledger."""
    began = time.process_time()
    for text in texts:
        to_sketch(text)
    sketched = (time.process_time() - began) / len(texts)
    print(f"sketch: {sketched * 1e3:.2f} ms of CPU an article, in the cleaning process")
    sizes, seconds = {}, {}
    for days in (0, 7):
        sizes[days], seconds[days] = await publish(texts, NearRule(days=days))
    count = len(texts)
    print(
        f"look, prepare, settle: {(seconds[7] - seconds[0]) / count * 1e3:.2f} ms more an article than without"
    )
    print(f"Redis: {(sizes[7] - sizes[0]) / count:.0f} bytes more an article than without")


async def publish(texts: Sequence[str], rule: NearRule) -> tuple[int, float]:
    """Publish all texts by a ledger; gives Redis's memory and the seconds taken."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-bench-") as scratch:
        state = Path(scratch)
        async with (
            open_redis(None, state) as redis,
            open_ledger(
                redis=redis,
                data=str(state / "data"),
                state=state,
                lease_seconds=600,
                policy=Policy(near=rule, revisit_seconds=()),
            ) as ledger,
        ):
            links = [Listed(url=f"https://news.example/{number}") for number in range(len(texts))]
            await ledger.save_listing("bench", "listing", None, links)
            visits = await ledger.draw("bench", len(texts))
            items = [to_item(visit, text) for visit, text in zip(visits, texts, strict=True)]
            began = time.perf_counter()
            for item in items:
                await ledger.submit(item)
            await ledger.drain()
            took = time.perf_counter() - began
            return int((await redis.info("memory"))["used_memory"]), took


def to_item(visit: Any, text: str) -> Cleaned:
    moment = datetime.now(UTC)
    article = Article(
        url=visit.url,
        requested_url=visit.url,
        site=visit.site,
        fetched_at=moment,
        metadata=Metadata(canonical_url=visit.url, title=visit.url),
        blocks=tuple(Block(kind="paragraph", text=part) for part in text.split("\n\n")),
        removals=(),
    )
    return Cleaned(visit=visit, fetched_at=moment, status=200, result=SketchedArticle.of(article))


if __name__ == "__main__":
    main()
