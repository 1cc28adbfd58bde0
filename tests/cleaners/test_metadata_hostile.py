"""Whatever a page holds, its metadata are null or right, and nothing is raised."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cleaners.metadata_pages import meta, read

FIELDS = [
    "@type", "@id", "@graph", "headline", "name", "author", "creator", "publisher", "datePublished", "dateModified", "uploadDate",
    "image", "thumbnailUrl", "keywords", "articleSection", "isAccessibleForFree", "license", "copyrightHolder", "inLanguage",
    "description", "mainEntity", "mainEntityOfPage", "hasPart", "url", "wordCount", "articleBody", "alternateName",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(
        [
            "2025-05-03",
            "0000-00-00",
            "javascript:alert(1)",
            "//[",
            "http://[::1",
            "By ",
            " and ",
            "#a",
            "<b>",
            "&amp;lt;",
            "NewsArticle",
            "1e999",
        ]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*FIELDS, "@value", "@list", "width", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_sound(value: str | None) -> bool:
    return value is None or bool(value.strip() and not re.search("[\x00-\x08\ud800-\udfff\n]", value))


@BOUNDED
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1, max_size=8), st.booleans())
def test_every_json_ld_field_may_have_every_wrong_type(fields: dict[str, object], typed: bool) -> None:
    node = {**fields, **({"@type": "NewsArticle"} if typed else {})}
    script = json.dumps([node, {"@id": "#a", "author": {"@id": "#a"}}]).replace("</", "<\\/")
    metadata = read(
        f'<script type="application/ld+json">{script}</script>',
        "<h1>Harbour reopens after the winter</h1><p>By Jane Doe</p>",
    )
    for value in (
        metadata.title,
        metadata.description,
        metadata.byline,
        metadata.section,
        metadata.publisher,
        *metadata.authors,
        *metadata.tags,
    ):
        assert is_sound(value)
    assert metadata.published_at is None or "1990" <= metadata.published_at <= "2025-06-02"
    assert all(image.url.startswith(("http://", "https://")) for image in metadata.images)
    assert metadata.canonical_url == "https://news.example/2025/a-story"


@BOUNDED
@given(
    st.text(max_size=200),
    st.sampled_from(
        [
            "author",
            "article:published_time",
            "og:title",
            "og:image",
            "keywords",
            "robots",
            "og:locale",
            "copyright",
        ]
    ),
)
def test_every_meta_may_hold_any_text(content: str, name: str) -> None:
    metadata = read(meta(name, html.escape(content)), "<h1>Harbour reopens after the winter</h1>")
    for value in (metadata.title, *metadata.authors, *metadata.tags, metadata.copyright_holder):
        assert is_sound(value)


@BOUNDED
@given(st.text(alphabet="By ,;|&/.-:0123456789ABCabcäßи中\u0e01\u200b\n<>()", max_size=120))
def test_every_line_below_the_headline_may_hold_any_text(line: str) -> None:
    metadata = read(
        body=f"<h1>Harbour reopens after the winter</h1><p>{html.escape(line)}</p><p class='byline'>{html.escape(line)}</p>"
    )
    assert all(is_sound(name) and len(name) <= 80 for name in metadata.authors)
    assert metadata.published_at is None or "1990" <= metadata.published_at <= "2025-06-02"


@pytest.mark.parametrize(
    "body",
    [
        "<h1>" + "a " * 500_000 + "</h1>",
        "<h1>Harbour reopens today</h1>" + "<span>" * 50_000 + "By Jane Doe",
        "<h1>Harbour reopens today</h1><p>" + "1." * 300_000 + "</p><time>" + "12/" * 300_000 + "</time>",
        "<h1>Harbour reopens today</h1><p class=byline>" + " • |" * 100_000 + "</p>",
        "<h1>Harbour reopens today</h1><p>" + "May 3 " * 200_000 + "</p>",
        "<h1>Harbour reopens today</h1>" + "<a href=/author/x>Jane Doe</a>" * 30_000,
        "<div itemprop='author name'>A B</div>" * 30_000,
        "<title>" + " | -" * 200_000 + "</title><h1>Harbour reopens today</h1>",
        "<meta property=og:title content='" + "<a" * 200_000 + "'>",
    ],
    ids=range(9),
)
def test_huge_pages_are_read_in_bounded_work(body: str) -> None:
    metadata = read(body=body)
    assert len(metadata.title or "") <= 500
    assert all(len(name) <= 80 for name in metadata.authors)
