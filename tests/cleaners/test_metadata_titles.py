from __future__ import annotations

import pytest

from tests.cleaners.metadata_pages import json_ld, meta, read

STORY = "Harbour reopens after the longest winter on record"


def test_takes_the_headline_that_the_head_agrees_with() -> None:
    read_back = read(
        meta("og:title", f"{STORY} | Example Times") + f"<title>{STORY} - News - Example Times</title>",
        f"<h1>{STORY}</h1>",
    )
    assert read_back.title == STORY
    assert read_back.sources["title"] == "h1"


@pytest.mark.parametrize("separator", [" | ", " - ", " – ", " — ", " · ", " :: ", " » "])
def test_strips_the_sites_name_behind_any_separator(separator: str) -> None:
    head = meta("og:site_name", "Example Times") + meta("og:title", f"{STORY}{separator}Example Times")
    assert read(head).title == STORY


def test_strips_the_sites_name_in_front() -> None:
    assert (
        read(meta("og:site_name", "Example Times") + f"<title>Example Times: {STORY}</title>").title == STORY
    )


def test_knows_the_site_by_its_address() -> None:
    assert (
        read(f"<title>{STORY} | Coast Herald</title>", url="https://www.coastherald.example/a").title == STORY
    )


def test_a_headline_that_is_the_sites_name_gives_way() -> None:
    body = "<h1>Coast Herald</h1><h2>Something else</h2>"
    assert read(f"<title>Coast Herald: {STORY}</title>" + meta("og:title", STORY), body).title == STORY


def test_leaves_the_kicker_out_of_the_headline() -> None:
    body = f'<h1><span class="kicker">Shipping</span> <span>{STORY}</span></h1>'
    assert read(meta("og:title", STORY), body).title == STORY


def test_keeps_the_kicker_that_the_page_counts_in() -> None:
    whole = f"Shipping: {STORY}"
    assert (
        read(meta("og:title", whole) + json_ld(headline=whole), f"<p>Shipping</p><h1>{STORY}</h1>").title
        == whole
    )


def test_hidden_headlines_do_not_count() -> None:
    body = f'<h1 class="visually-hidden">Example Times front page news</h1><h1>{STORY}</h1>'
    assert read(f"<title>{STORY}</title>", body).title == STORY


def test_hyphens_inside_words_are_no_separators() -> None:
    title = "Twenty-one ex-players join the up-and-coming club"
    assert read(meta("og:title", title)).title == title


def test_spells_a_headline_in_capitals_as_the_head_does() -> None:
    head = meta("og:title", STORY) + f"<title>{STORY}</title>"
    assert read(head, f"<h1>{STORY.upper()}</h1>").title == STORY


def test_entities_and_markup_leave_no_trace() -> None:
    assert (
        read(json_ld(headline="Profits &amp; losses <em>explained</em> again")).title
        == "Profits & losses explained again"
    )


def test_the_title_of_a_picture_is_no_title() -> None:
    assert read(f"<svg><title>Menu</title></svg><title>{STORY}</title>").title == STORY


def test_keeps_what_other_sources_say() -> None:
    read_back = read(json_ld(headline="Ice melts late this year in the north"), f"<h1>{STORY}</h1>")
    assert "json-ld" in read_back.disagreements["title"] or "h1" in read_back.disagreements["title"]


def test_a_page_without_a_title_has_none() -> None:
    assert read().title is None


@pytest.mark.parametrize(
    "headline",
    [
        f"3 May 2025 {STORY}",
        f"{STORY} (harbournews.example) 87",
        f"{STORY.upper()}",
        f"{STORY} – Example Times",
    ],
)
def test_a_date_a_count_a_name_and_capitals_are_no_part_of_the_headline(headline: str) -> None:
    head = meta("og:site_name", "Example Times") + meta("og:title", STORY) + f"<title>{STORY}</title>"
    assert read(head, f"<h1>{headline}</h1>").title == STORY


def test_a_headline_may_say_otherwise_than_the_head() -> None:
    head = meta("og:title", "5 Key Harbour Winter Records") + "<title>5 Key Harbour Winter Records</title>"
    headline = "Harbour reopens after a winter of records that nobody expected"
    assert read(head, f"<h1>{headline}</h1>").title == headline


@pytest.mark.parametrize(
    ("site", "title"),
    [
        ("BILD", "Bildung: Länder fordern mehr Geld"),
        ("Metro", "Strike ends – Metro opens"),
        ("WELT", "Weltall: Sonde startet zum Mond"),
        ("EL PAÍS", "El País Vasco: el puerto reabre"),
        ("Mirror", "Mirror, mirror: the telescope that sees itself"),
    ],
)
def test_a_kicker_that_sounds_like_the_site_stays(site: str, title: str) -> None:
    head = f"<title>{title} | {site}</title>" + meta("og:site_name", site) + meta("og:title", title)
    assert read(head, f"<h1>{title}</h1>").title == title
    assert read(f"<title>{title}</title>" + meta("og:site_name", site), f"<h1>{title}</h1>").title == title


@pytest.mark.parametrize("filled_in", ["undefined", "null", "Article", "Untitled"])
def test_what_a_template_fills_in_is_no_title(filled_in: str) -> None:
    head = json_ld(headline="Council rebuilds the pier") + meta("og:title", filled_in)
    assert read(
        f"<title>Council rebuilds the pier</title>{head}", "<h1>Council rebuilds the pier</h1>"
    ).title == ("Council rebuilds the pier")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("How to use the &lt;article&gt; tag", "How to use the <article> tag"),
        ("Pressure &lt; 5 bar and &gt; 3 bar is safe", "Pressure < 5 bar and > 3 bar is safe"),
        ("Investor\u00e2\u0080\u0099s guide", "Investor’s guide"),
    ],
)
def test_a_title_reads_as_its_author_wrote_it(written: str, title: str) -> None:
    assert read(f"<title>{written}</title>", f"<h1>{written}</h1>").title == title
