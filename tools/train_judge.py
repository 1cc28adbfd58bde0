"""Train the judge: writes cleaners/rules/judge.json and judge_with_witness.json.

    python tools/train_judge.py --shared ../shared/bench [--report] [--out FOLDER] [--parts FOLDER]

Needs the packages of the dependency group `train`. Prints what the judge reaches on sites that it was not trained on:
the pages are parted in five by their site, and each part is judged by what the other four teach. What is written
learns from all of them. `--report` then runs the whole of cleaning over every set: held out likewise, and with what
was written, which has seen most of these pages. `--parts` keeps the judges of the five parts, for
`tools/measure_rules.py`. About 12 minutes on two cores; the report takes 4 more.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from held_out import FOLDS, Models, clean_held_out, fold_of, hold_judges, write_models
from judge_growth import SHARES, grow
from judge_pages import JudgedPage, read_judged_page
from shared_sets import (
    BODY_SETS,
    SCORED_AS,
    SENTENCE_SET,
    check_folder,
    load_scorer,
    read_pages,
    read_references,
)

from cleaners.features import FEATURES
from cleaners.judge import Judge
from cleaners.models import Article
from cleaners.stages import ASK_AT, KEEP_AT, doubt, judge_groups
from cleaners.witness import WITNESS_FEATURES

try:
    from judge_training import table_of, train
except ModuleNotFoundError as error:
    sys.exit(f"tools/train_judge.py needs {error.name}: pip install --group train")

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAMES = {"judge": FEATURES, "judge_with_witness": FEATURES + WITNESS_FEATURES}
RULES = Path(__file__).parent.parent / "cleaners" / "rules"

Odds = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=Path("../shared/bench"), help="the folder of the sets")
    parser.add_argument("--report", action="store_true", help="run the whole of cleaning over every set, too")
    parser.add_argument("--out", type=Path, default=RULES, help="the folder to write to")
    parser.add_argument("--parts", type=Path, help="a folder to keep the judges of the parts in")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that read pages")
    options = parser.parse_args()
    check_folder(parser, options.shared)
    for folder in filter(None, (options.out, options.parts)):
        if not folder.is_dir():
            parser.error(f"{folder}: no such folder; make it first")
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        pages = read_all(pool, options.shared)
        grown = read_grown(pool, options.shared)
    parts = [
        train_both([page for page in (*pages, *grown) if fold_of(page.url) != fold]) for fold in range(FOLDS)
    ]
    if options.parts:
        for fold, models in enumerate(parts):
            write_models(options.parts, models, f".{fold}")
    odds = [judge_page(parts[fold_of(page.url)], page) for page in pages]
    for by, chosen in choose(pages, odds).items():
        print_scores(f"held out, {by}", score_pieces(options.shared, pages, chosen))
    models = train_both([*pages, *grown])
    write_models(options.out, models)
    if options.report:
        for by, judges in (("held out", parts), ("as written", [models] * FOLDS)):
            with ProcessPoolExecutor(
                options.workers, mp_context=get_context("spawn"), initializer=hold_judges, initargs=(judges,)
            ) as pool:
                print_scores(f"all of cleaning, {by}", score_cleaning(pool, options.shared))


def read_all(pool: ProcessPoolExecutor, shared: Path) -> list[JudgedPage]:
    """All pages with references, those that hold nothing to read left out."""
    pages: list[JudgedPage] = []
    for name in (*BODY_SETS, SENTENCE_SET):
        references = read_references(shared, name)
        rows = read_pages(shared, name)
        read = partial(read_judged_page, shared, name)
        pages += pool.map(read, rows, [references[row["id"]] for row in rows], chunksize=4)
    return [page for page in pages if page.pieces]


def read_grown(pool: ProcessPoolExecutor, shared: Path) -> list[JudgedPage]:
    """Pages of the body sets with other articles set behind their own."""
    chance = random.Random(11)
    grown: list[JudgedPage] = []
    for name in BODY_SETS:
        references = read_references(shared, name)
        long = [reference for reference in references.values() if len(reference["text"]) > 400]
        chosen = []
        for row in read_pages(shared, name):
            others = [other for other in chance.sample(long, 25) if other["id"] != row["id"]]
            html = grow(row["html"], references[row["id"]], others, chance)
            if html is not None and chance.random() < SHARES[name]:
                chosen.append((row, references[row["id"]], html))
        read = partial(read_judged_page, shared, name)
        grown += pool.map(read, *zip(*chosen, strict=True), chunksize=4)
    return [page for page in grown if page.pieces]


def train_both(pages: Sequence[JudgedPage]) -> Models:
    """The judge and the judge with a witness."""
    return {
        name: train(pages, features, witnessed=name == "judge_with_witness")
        for name, features in NAMES.items()
    }


def judge_page(models: Models, page: JudgedPage) -> Odds:
    """What both judges say of each piece, as `cleaners.stages` would use it."""
    return {
        name: Judge(model).likelihoods(table_of(page, witnessed=name == "judge_with_witness").tolist())
        for name, model in models.items()
    }


def choose(pages: Sequence[JudgedPage], odds: Sequence[Odds]) -> dict[str, list[list[float]]]:
    """The odds of each page by each way of asking the witness: never, always, in doubt."""
    in_doubt = [doubt(page.pieces, own["judge"]) > ASK_AT for page, own in zip(pages, odds, strict=True)]
    share = sum(in_doubt) / len(in_doubt)
    return {
        "witness never asked": [own["judge"] for own in odds],
        "witness always asked": [own["judge_with_witness"] for own in odds],
        f"witness asked in doubt, on {share:.0%} of the pages": [
            own["judge_with_witness" if asked else "judge"] for own, asked in zip(odds, in_doubt, strict=True)
        ],
    }


def score_pieces(
    shared: Path, pages: Sequence[JudgedPage], odds: Sequence[list[float]]
) -> Iterator[tuple[str, dict[str, float]]]:
    """The scores of what the judge alone keeps, before any pass over the body."""
    score = load_scorer(shared)
    for name in (*BODY_SETS, SENTENCE_SET):
        references, predictions = [], {}
        for page, own in zip(pages, odds, strict=True):
            if page.set_name == name:
                verdicts = zip(page.pieces, judge_groups(page.pieces, own), strict=True)
                text = "\n".join(piece.text for piece, odd in verdicts if odd >= KEEP_AT)
                references.append(page.reference)
                predictions[page.reference["id"]] = {"title": page.title, "text": text}
        scores = getattr(score, SCORED_AS[name])(references, predictions)
        yield name, {key: scores[key] for key in ("f1", "precision", "recall", "exact") if key in scores}


def predict(page: dict[str, Any]) -> dict[str, Any]:
    """What the scorer reads, of a page cleaned by the judges of its part."""
    result = clean_held_out(page)
    if not isinstance(result, Article):
        return {"id": page["id"]}
    about = result.metadata
    return {
        "id": page["id"],
        "title": about.title,
        "text": result.text,
        "authors": list(about.authors),
        "published_at": about.published_at,
    }


def score_cleaning(pool: ProcessPoolExecutor, shared: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """The scores of each set after the whole of cleaning."""
    for name, scored_as in SCORED_AS.items():
        results = pool.map(predict, read_pages(shared, name), chunksize=4)
        references = list(read_references(shared, name).values())
        scores = getattr(load_scorer(shared), scored_as)(references, {row["id"]: row for row in results})
        yield name, {key: value for key, value in scores.items() if ":" not in key}


def print_scores(by: str, scores: Iterable[tuple[str, dict[str, float]]]) -> None:
    """One line a set."""
    print(by)
    for name, values in scores:
        print(f"  {name:12}" + "  ".join(f"{key} {value:.4f}" for key, value in values.items()), flush=True)


if __name__ == "__main__":
    main()
