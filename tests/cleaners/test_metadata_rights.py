from __future__ import annotations

import pytest

from tests.cleaners.metadata_pages import json_ld, meta, read

URL = "https://www.example.com/2025/a-story"


def canonical(address: str) -> str:
    return f'<link rel="canonical" href="{address}">'


def test_a_canonical_link_names_the_article() -> None:
    assert (
        read(canonical("https://example.com/2025/the-story"), url=URL).canonical_url
        == "https://example.com/2025/the-story"
    )


def test_a_relative_canonical_link_is_resolved() -> None:
    assert (
        read(canonical("/2025/the-story"), url=URL).canonical_url == "https://www.example.com/2025/the-story"
    )


def test_a_foreign_canonical_link_never_names_the_article() -> None:
    read_back = read(canonical("https://other.example/their-story"), url=URL)
    assert (read_back.canonical_url, read_back.syndicated_from) == (URL, "https://other.example/their-story")


@pytest.mark.parametrize(
    "address",
    ["https://www.example.com/", "https://www.example.com", "/", "javascript:alert(1)", "http://[bad", ""],
)
def test_no_deep_page_takes_a_roots_name(address: str) -> None:
    read_back = read(canonical(address), url=URL)
    assert (read_back.canonical_url, read_back.syndicated_from) == (URL, None)


@pytest.mark.parametrize("url", ["file:///tmp/a.html", "about:blank", "no address", "https://[bad/", ""])
def test_a_page_from_nowhere_keeps_the_address_that_it_came_with(url: str) -> None:
    assert read(canonical("https://example.com/x"), url=url).canonical_url == url


def test_keeps_the_amp_variants_address() -> None:
    assert (
        read('<link rel="amphtml" href="/amp/a-story">', url=URL).amp_url
        == "https://www.example.com/amp/a-story"
    )


@pytest.mark.parametrize(
    ("head", "headers", "evidence"),
    [
        (meta("robots", "noai, noimageai, max-image-preview:large"), {}, {"robots_meta": {"*": ["noai", "noimageai"]}}),
        (meta("robots", "NOINDEX,FOLLOW") + meta("GPTBot", "noarchive"), {}, {"robots_meta": {"*": ["noindex"], "gptbot": ["noarchive"]}}),
        (meta("robots", "index, follow"), {}, {}),
        ("", {"x-robots-tag": "noarchive, examplebot: noai, noindex"}, {"x_robots_tag": {"*": ["noarchive"], "examplebot": ["noai", "noindex"]}}),
        (meta("tdm-reservation", "1") + meta("tdm-policy", "https://news.example/tdm"), {}, {"tdm_reservation": "1", "tdm_policy": "https://news.example/tdm"}),
        ("", {"tdm-reservation": "1"}, {"tdm_reservation_header": "1"}),
        ("", {"content-usage": "train-ai=n", "content-signal": "ai-train=no"}, {"content_usage": "train-ai=n", "content_signal": "ai-train=no"}),
    ],
)  # fmt: skip
def test_keeps_the_evidence_of_reserved_uses(
    head: str, headers: dict[str, str], evidence: dict[str, object]
) -> None:
    assert read(head, headers=headers).opt_out == evidence


def test_a_licence_link_goes_before_json_ld() -> None:
    head = '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">' + json_ld(
        license="https://other.example/l"
    )
    assert read(head).licence == "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("value", "paywalled"),
    [
        (False, True),
        ("False", True),
        ("https://schema.org/False", True),
        (True, False),
        ("maybe", None),
        (None, None),
        ([], None),
    ],
)
def test_tells_whether_the_article_is_free(value: object, paywalled: bool | None) -> None:
    assert read(json_ld(isAccessibleForFree=value)).paywalled is paywalled


def test_names_who_holds_the_rights() -> None:
    assert (
        read(json_ld(copyrightHolder={"@type": "Organization", "name": "Example Times"})).copyright_holder
        == "Example Times"
    )


def test_a_part_that_is_not_free_makes_the_article_paywalled() -> None:
    part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}
    assert read(json_ld(hasPart=part)).paywalled is True
    assert read(json_ld(hasPart=[{"isAccessibleForFree": "True"}, "x", part])).paywalled is True
    assert read(json_ld(hasPart=part, isAccessibleForFree=True)).paywalled is False


def test_a_licence_may_stand_in_the_text_or_in_a_header() -> None:
    link = '<a rel="license" href="/terms">CC BY</a>'
    assert read(f"</head><body><p>{link}</p>", url=URL).licence == "https://www.example.com/terms"
    headers = {"link": '</style.css>; rel=preload, <https://a.example/by>; rel="license"'}
    assert read(headers=headers).licence == "https://a.example/by"


def test_a_header_names_the_canonical_address_where_the_page_does_not() -> None:
    headers = {"link": '<https://www.example.com/a-story>; rel="canonical"'}
    assert read(headers=headers, url=URL + "?x=1").canonical_url == "https://www.example.com/a-story"
    own = canonical("https://www.example.com/another-story")
    assert read(own, headers=headers, url=URL).canonical_url == "https://www.example.com/another-story"


def test_names_the_variant_for_print() -> None:
    head = '<link rel="alternate" media="print" href="/print/a-story">'
    assert read(head, url=URL).print_url == "https://www.example.com/print/a-story"


def test_keeps_what_the_publisher_put_right() -> None:
    comment = {"@type": "CorrectionComment", "text": "An earlier version named the wrong pier."}
    assert read(json_ld(correction=[comment, "The vote was on Monday."])).corrections == (
        "An earlier version named the wrong pier.",
        "The vote was on Monday.",
    )
    shown = (
        '</head><body><div class="article__correction"><p>Correction: the pier is 90 metres long.</p></div>'
    )
    assert read(shown).corrections == ("Correction: the pier is 90 metres long.",)
    asked = (
        '</head><body><div class="correction-form"><form>Did you find a mistake? Write to us.</form></div>'
    )
    assert read(asked).corrections == ()


def test_reads_the_author_of_rdfa() -> None:
    body = '</head><body vocab="https://schema.org/"><h1>Title</h1><span property="schema:author">Jane Doe</span>'
    assert read(body).authors == ("Jane Doe",)


@pytest.mark.parametrize(
    ("path", "is_live"),
    [
        ("/politics/live/2026/04/14/vote", True),
        ("/liveblog/storm-in-the-north", True),
        ("/media/how-to-write-a-live-blog", False),
        ("/live", False),
        ("/live-music-returns/harbour", False),
    ],
)
def test_a_folder_of_live_blogs_tells(path: str, is_live: bool) -> None:
    assert read(url="https://www.example.com" + path).is_live_blog is is_live


def test_flags_live_blogs() -> None:
    assert read(json_ld(**{"@type": "LiveBlogPosting"})).is_live_blog
    assert not read(json_ld()).is_live_blog


@pytest.mark.parametrize(
    ("head", "lang", "declared", "direction"),
    [
        ("", "de_AT", "de-AT", "ltr"),
        ("", "EN", "en", "ltr"),
        (meta("og:locale", "pt_BR"), "", "pt-BR", "ltr"),
        ('<meta http-equiv="content-language" content="ar">', "", "ar", "rtl"),
        (json_ld(inLanguage="he"), "", "he", "rtl"),
        ("", "zh-Hant-TW", "zh-Hant-TW", "ltr"),
        ("", "not a language", None, None),
        ("", "", None, None),
    ],
)
def test_reads_the_declared_language(
    head: str, lang: str, declared: str | None, direction: str | None
) -> None:
    read_back = read(head, lang=lang)
    assert (read_back.language_declared, read_back.direction) == (declared, direction)


def test_the_seeds_language_stands_in() -> None:
    read_back = read(lang="", language_hint="nb")
    assert (read_back.language, read_back.language_declared, read_back.sources["language"]) == (
        "nb",
        None,
        "seed",
    )


def test_marks_the_lead_picture_and_joins_its_caption() -> None:
    head = meta("og:image", "https://cdn.example/harbour.jpg?w=1200") + meta("og:image:width", "1200")
    body = (
        "<article><h1>Harbour reopens</h1><figure><img src='/img/harbour.jpg' alt='Boats'>"
        "<figcaption>Boats leave <span class='credit'>Jane Doe</span></figcaption></figure>"
        "<figure><img data-src='/img/ice.jpg' width='640' height='480'></figure></article>"
    )
    lead, second = read(head, body).images
    assert (lead.lead, lead.alt, lead.width, lead.credit) == (True, "Boats", 1200, "Jane Doe")
    assert (second.lead, second.url, second.width, second.height) == (
        False,
        "https://news.example/img/ice.jpg",
        640,
        480,
    )


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:image/png;base64,xx", "ftp://x.example/a.jpg", "//[", ""]
)
def test_only_web_addresses_are_pictures(address: str) -> None:
    assert read(meta("og:image", address) + json_ld(image=address)).images == ()


def test_splits_keywords_into_tags() -> None:
    assert read(json_ld(keywords="harbour, ice,harbour , ")).tags == ("harbour", "ice")
    assert (
        read(json_ld(keywords=["Harbour", "Ice"], articleSection=["Shipping", "News"])).section == "Shipping"
    )


def test_names_publisher_and_site() -> None:
    read_back = read(meta("og:site_name", "Example Times") + json_ld(publisher={"name": "Example Media Ltd"}))
    assert (read_back.site_name, read_back.publisher) == ("Example Times", "Example Media Ltd")


def test_reading_leaves_the_tree_as_it_is() -> None:
    from datetime import UTC, datetime

    from selectolax.lexbor import LexborHTMLParser

    from cleaners.metadata import read_metadata
    from cleaners.models import Document

    tree = LexborHTMLParser(
        "<h1>Harbour <b>reopens</b></h1><p class=byline>By Jane Doe <time>May 3, 2025</time></p>"
    )
    before = tree.html
    read_metadata(
        tree, Document(url=URL, requested_url=URL, fetched_at=datetime(2025, 6, 1, tzinfo=UTC), body=b"")
    )
    assert tree.html == before
