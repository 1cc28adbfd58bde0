"""The shared sets: pages with references, and the scorer that came with them."""

from __future__ import annotations

import gzip
import importlib.util
import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from cleaners.models import Document, Listed
from cleaners.stages import clean, clean_text

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from types import ModuleType

    from cleaners.models import Article, Rejection

BODY_SETS = ("zyte", "publishers", "wcxb")
"""Sets whose references hold whole bodies."""
SENTENCE_SET = "segments"
"""The set whose references hold sentences that must and must not come out."""
SCORED_AS = {
    "zyte": "articles",
    "publishers": "articles",
    "wcxb": "articles",
    "segments": "segments",
    "artifacts": "artifacts",
    "dirty": "artifacts",
}
"""The scorer's name for each set."""

Row = dict[str, Any]


def check_folder(parser: argparse.ArgumentParser, shared: Path) -> None:
    """Exit with one line where a folder does not hold the sets."""
    if not (shared / "score.py").is_file():
        parser.error(f"{shared}: no score.py there; name the folder of the sets with --shared")


def read_pages(shared: Path, name: str) -> list[Row]:
    """The pages of a set: id, url, and html, or title and text."""
    return _read(shared / f"{name}.pages.jsonl.gz")


def read_references(shared: Path, name: str) -> dict[str, Row]:
    """The references of a set by the page's id."""
    return {row["id"]: row for row in _read(shared / f"{name}.gold.jsonl.gz")}


def to_document(page: Row) -> Document:
    """A page of a set as if it had just been fetched."""
    return Document(
        url=page["url"],
        requested_url=page["url"],
        fetched_at=datetime.now(UTC),
        headers={"content-type": "text/html; charset=utf-8"},
        body=page["html"].encode("utf-8", "replace"),
    )


def clean_page(page: Row) -> Article | Rejection:
    """What cleaning makes of a page, or of a text, of a set."""
    if "html" in page:
        return clean(to_document(page))
    return clean_text(page["text"], url=page["url"], given=Listed(url=page["url"], title=page.get("title")))


@cache
def load_scorer(shared: Path) -> ModuleType:
    """The sets' own `score.py`: `tokens`, `shingles`, `overlap`, `body_scores`, and one function a kind of set."""
    spec = importlib.util.spec_from_file_location("score", shared / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
