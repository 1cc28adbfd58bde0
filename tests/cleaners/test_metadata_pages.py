from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleaners.metadata import read_metadata
from cleaners.models import Document
from tests.cleaners.metadata_pages import FETCHED_AT, read

STORY = "https://news.example/2025/storm-in-the-north"


def link(rel: str, href: str) -> str:
    return f'<link rel="{rel}" href="{href}">'


def anchor(href: str, text: str, rel: str = "") -> str:
    return f'<a href="{href}"{f" rel={rel}" if rel else ""}>{text}</a>'


@pytest.mark.parametrize(
    ("url", "head", "body", "next_page"),
    [
        (STORY, link("next", "?page=2"), "", f"{STORY}?page=2"),
        (STORY, "", anchor("?page=2", "2"), f"{STORY}?page=2"),
        (STORY, "", anchor(f"{STORY}/2/", "Next", "next"), f"{STORY}/2/"),
        (STORY + "/", "", anchor("/2025/storm-in-the-north/page/2", "2"), f"{STORY}/page/2"),
        (STORY + "/", "", anchor("/2025/storm-in-the-north/seite-2", "2"), f"{STORY}/seite-2"),
        (STORY + ".html", "", anchor("/2025/storm-in-the-north-p2.html", "2"), f"{STORY}-p2.html"),
        (STORY + ".html", "", anchor("/2025/storm-in-the-north,2.html", "2"), f"{STORY},2.html"),
        (STORY + "?page=1", "", anchor("?page=2#top", "2"), f"{STORY}?page=2"),
        (STORY + "?id=7", "", anchor("?id=7&page=2", "2"), f"{STORY}?id=7&page=2"),
        # no page of this article
        (STORY, link("next", "/2025/calm-in-the-south"), "", None),
        (STORY, "", anchor("/2025/storm-in-the-north-2", "2"), None),
        (STORY, "", anchor("?page=2", "Comments"), None),
        (STORY, "", anchor("?page=3", "3"), None),
        (STORY, "", anchor("https://other.example/2025/storm-in-the-north?page=2", "2"), None),
        (STORY, "", anchor("/2025/storm-in-the-north/comment-page-2", "2"), None),
        (STORY, "", anchor("javascript:next(2)", "2", "next"), None),
        ("https://news.example/", "", anchor("/?page=2", "2"), None),
        ("https://news.example/2025/05/", "", anchor("/2025/05/02", "2", "next"), None),
    ],
)  # fmt: skip
def test_finds_the_page_that_the_article_goes_on_at(
    url: str, head: str, body: str, next_page: str | None
) -> None:
    read_back = read(head, f"<h1>Storm in the north</h1>{body}", url=url)
    assert (read_back.next_page_url, read_back.first_page_url) == (next_page, None)


@pytest.mark.parametrize(
    ("url", "head", "body", "first_page"),
    [
        (f"{STORY}?page=2", link("prev", STORY), "", STORY),
        (f"{STORY}/3/", "", anchor(STORY, "1") + anchor(f"{STORY}/2/", "2"), STORY),
        (f"{STORY}/page/2", link("canonical", STORY), "", STORY),
        (f"{STORY}?page=2", "", anchor(STORY, "Storm in the north"), None),
        (f"{STORY}-2", "", anchor(STORY, "1"), None),
        (f"{STORY}/2", "", "", None),
    ],
)
def test_knows_a_further_page_by_its_way_back(url: str, head: str, body: str, first_page: str | None) -> None:
    assert read(head, f"<h1>Storm in the north</h1>{body}", url=url).first_page_url == first_page


def test_a_further_page_leads_to_the_one_after_it() -> None:
    html = f"<html lang=en><h1>Storm</h1>{anchor('?page=2', '2')}{anchor('?page=4', '4')}{anchor('?page=5', '5')}"
    document = Document(
        url=f"{STORY}?page=3",
        requested_url=STORY,
        fetched_at=FETCHED_AT,
        first_page_url=STORY,
        body=html.encode(),
    )
    read_back = read_metadata(LexborHTMLParser(html), document)
    assert (read_back.first_page_url, read_back.next_page_url) == (STORY, f"{STORY}?page=4")
