"""Which canonical links name an article, and which would take it over or fold a site into one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleaners.metadata import read_metadata
from cleaners.models import Document

OWN = "https://paper.example/2026/04/14/council-votes-to-rebuild-the-pier"


def read(head: str = "", body: str = "", url: str = OWN):
    html = f"<html lang=en><head>{head}</head><body><h1>Council votes</h1>{body}</body></html>"
    document = Document(
        url=url, requested_url=url, fetched_at=datetime(2026, 4, 14, tzinfo=UTC), body=html.encode()
    )
    return read_metadata(LexborHTMLParser(html), document)


def link(href: str) -> str:
    return f'<link rel="canonical" href="{href}">'


@pytest.mark.parametrize(
    ("href", "named"),
    [
        ("/2026/04/14/another-address-of-the-same-story", "another"),
        ("/article/81723", "81723"),
        ("/p?id=5", "id=5"),
        ("/pier-vote", "council"),
        ("/news", "council"),
        ("/news/", "council"),
        ("/", "council"),
    ],
)
def test_a_story_is_not_named_by_the_address_of_a_section(href: str, named: str) -> None:
    assert named in read(link(href)).canonical_url


def test_a_link_among_the_comments_names_nothing() -> None:
    body = f'<div class="comments"><div>{link("/2026/04/14/a-hijacked-address")}</div></div>'
    assert read(body=body).canonical_url == OWN


def test_a_link_that_a_stray_element_moved_out_of_the_head_still_counts() -> None:
    assert read(f'<img src="/pixel.gif">{link("/article/81723")}').canonical_url.endswith("/81723")


def test_a_section_may_name_itself() -> None:
    assert read(link("/news"), url="https://paper.example/news/latest").canonical_url.endswith("/news")
