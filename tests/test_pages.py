"""Each page of tests/pages through the whole of cleaning: what must stay, what must go, and the exact text."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cleaners.models import Article, Document
from cleaners.stages import clean

FOLDER = Path(__file__).parent / "pages"
PAGES = sorted(path.parent for path in FOLDER.rglob("page.toml"))
MAX_TEXTS = 6

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(FOLDER).as_posix())


@cache
def read_facts(page: Path) -> dict[str, Any]:
    return tomllib.loads((page / "page.toml").read_text(encoding="utf-8"))


@cache
def clean_page(page: Path) -> Article:
    url = read_facts(page)["url"]
    result = clean(
        Document(
            url=url,
            requested_url=url,
            fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
            headers={"content-type": "text/html; charset=utf-8"},
            body=(page / "page.html").read_bytes(),
        )
    )
    assert isinstance(result, Article), f"rejected: {result}"
    return result


def to_lines(text: str) -> list[str]:
    """The lines that hold something, white space folded: where a table or a poem ends its lines is layout."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@each_page
def test_keeps_what_must_stay(page: Path) -> None:
    text = "\n".join(to_lines(clean_page(page).text))
    known = "\n".join(read_facts(page).get("lost", ()))
    lost = [
        sentence for sentence in read_facts(page)["keep"] if sentence not in text and sentence not in known
    ]
    assert not lost


@each_page
def test_drops_what_must_go(page: Path) -> None:
    text = "\n".join(to_lines(clean_page(page).text))
    known = "\n".join(read_facts(page).get("left_in", ()))
    left = [sentence for sentence in read_facts(page)["drop"] if sentence in text and sentence not in known]
    assert not left


@each_page
def test_gives_exact_text(page: Path) -> None:
    """Exact but for the faults that page.toml admits; a fault that is mended must leave its list."""
    facts = read_facts(page)
    expected = to_lines((page / "expected.txt").read_text(encoding="utf-8"))
    lines = to_lines(clean_page(page).text)
    assert [line for line in lines if line not in expected] == facts.get("left_in", [])
    assert [line for line in expected if line not in lines] == facts.get("lost", [])
    assert [line for line in lines if line in expected] == [line for line in expected if line in lines]


@each_page
def test_takes_language_from_page(page: Path) -> None:
    language = clean_page(page).metadata.language
    assert language is not None
    assert language.partition("-")[0] == read_facts(page)["language"]


@each_page
def test_page_describes_itself(page: Path) -> None:
    facts = read_facts(page)
    assert set(facts) - {"left_in", "lost"} == {"url", "language", "note", "keep", "drop"}
    assert (urlsplit(facts["url"]).hostname or "").removeprefix("www.") == page.parent.name
    expected = "\n".join(to_lines((page / "expected.txt").read_text(encoding="utf-8")))
    assert 1 <= len(facts["keep"]) <= MAX_TEXTS
    assert 1 <= len(facts["drop"]) <= MAX_TEXTS
    assert [text for text in facts["keep"] if text not in expected] == []
    assert [text for text in facts["drop"] if text in expected] == []


def test_pages_cover_many_languages() -> None:
    assert len({read_facts(page)["language"] for page in PAGES}) >= 20
