"""Measure the rules on the shared sets: how often each fires, and how much of what it takes was the article's.

    python tools/measure_rules.py --shared ../shared/bench [--parts FOLDER]

Prints the table of docs/rules.md. What a rule took counts as lost where the reference has it and the article, as cleaned,
does not: a summary's point that stands in the body again is not lost. Samples are compared, the first 200 characters of
each removal. `--parts` names the folder that `train_judge.py --parts` wrote: each page is then judged by a judge that was
not trained on its site. Five minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from held_out import clean_held_out, hold_judges, read_parts
from rule_families import FAMILIES, family_of
from shared_sets import BODY_SETS, check_folder, clean_page, load_scorer, read_pages, read_references

from cleaners.models import Article

if TYPE_CHECKING:
    from collections.abc import Iterable

LOST_SHARE = 0.6
"""A sample is the reference's where so many of its shingles stand there, and is missed where fewer stand in the article."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One removal, or one refused."""

    family: str
    page: str
    chars: int
    sample_chars: int
    is_lost: bool
    is_refused: bool


@dataclass(slots=True)
class Count:
    """What came of one family of rules."""

    times: int = 0
    pages: set[str] = field(default_factory=set)
    chars: int = 0
    sample_chars: int = 0
    lost_chars: int = 0
    refused: int = 0

    @property
    def precision(self) -> float:
        """The share of the taken text that no reference misses."""
        return 1 - self.lost_chars / self.sample_chars if self.sample_chars else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=Path("../shared/bench"), help="the folder of the sets")
    parser.add_argument("--parts", type=Path, help="the folder of the judges of the parts")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that clean")
    options = parser.parse_args()
    check_folder(parser, options.shared)
    try:
        parts = read_parts(options.parts) if options.parts else []
    except FileNotFoundError as error:
        parser.error(f"{error.filename}: not there; tools/train_judge.py --parts writes it")
    counts: dict[str, Count] = defaultdict(Count)
    with ProcessPoolExecutor(
        options.workers, mp_context=get_context("spawn"), initializer=hold_judges, initargs=(parts,)
    ) as pool:
        for name in BODY_SETS:
            references = read_references(options.shared, name)
            pages = read_pages(options.shared, name)
            measure = partial(measure_page, options.shared, is_held_out=bool(parts))
            for hits in pool.map(measure, pages, [references[page["id"]] for page in pages], chunksize=4):
                add(counts, hits)
    unknown = sorted(counts.keys() - FAMILIES.keys())
    if unknown:
        sys.exit(f"tools/rule_families.py does not say what these take: {', '.join(unknown)}")
    print_table(counts)


def measure_page(
    shared: Path, page: dict[str, Any], reference: dict[str, Any], *, is_held_out: bool
) -> list[Hit]:
    """Clean a page, and hold each removal against its reference."""
    shingles = load_scorer(shared).shingles
    result = clean_held_out(page) if is_held_out else clean_page(page)
    wanted = set(shingles(reference["text"]))
    kept = set(shingles(result.text if isinstance(result, Article) else ""))
    hits = []
    for removal in result.removals:
        taken = set(shingles(removal.sample))
        is_wanted = len(taken & wanted) > LOST_SHARE * len(taken)
        is_kept = len(taken & kept) >= LOST_SHARE * len(taken)
        hits.append(
            Hit(
                family=family_of(removal.rule),
                page=page["id"],
                chars=removal.chars,
                sample_chars=len(removal.sample),
                is_lost=bool(taken) and is_wanted and not is_kept,
                is_refused=removal.refused,
            )
        )
    return hits


def add(counts: dict[str, Count], hits: Iterable[Hit]) -> None:
    """Count a page's hits."""
    for hit in hits:
        count = counts[hit.family]
        if hit.is_refused:
            count.refused += 1
            continue
        count.times += 1
        count.pages.add(hit.page)
        count.chars += hit.chars
        count.sample_chars += hit.sample_chars
        count.lost_chars += hit.sample_chars * hit.is_lost


def print_table(counts: dict[str, Count]) -> None:
    """The table in Markdown, families in the order in which they are described; those that never fired, too."""
    print("| rule | takes | times | pages | characters | precision | refused |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for family, takes in FAMILIES.items():
        count = counts.get(family, Count())
        precision = f"{count.precision:.3f}" if count.times else "-"
        print(
            f"| `{family}` | {takes} | {count.times:,} | {len(count.pages):,} | {count.chars:,} | {precision} "
            f"| {count.refused:,} |"
        )


if __name__ == "__main__":
    main()
