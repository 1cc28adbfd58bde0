"""Cleaning as a whole: explanation, texts without markup, and what is no article."""

import json
from pathlib import Path

import pytest

from cleaners.models import Article, Listed, Rejection
from cleaners.stages import clean, clean_text
from tests.cleaners.story import PARAGRAPHS, TITLE, URL, clean_lines, document, explain_page, page

SEED = Path(__file__).parents[3] / "shared" / "seed"


def test_explanation_shows_each_part_in_page_order_with_what_became_of_it():
    letter = "Every morning the best of the harbour in your box."
    icon = "<span class='x'>check_circle</span>"
    html = page(f"<div class=newsletter>{letter}</div>", f"<p>{icon}{PARAGRAPHS[3]}</p>", "<nav>Home</nav>")
    explanation = explain_page(html.replace(f"<p>{PARAGRAPHS[3]}</p>", ""))
    assert isinstance(explanation.result, Article)
    parts = explanation.parts
    shown = [part.text for part in parts if part.text not in ("check_circle", "Home")]
    assert shown == [TITLE, *PARAGRAPHS[:3], letter, *PARAGRAPHS[3:]]
    assert [part.text for part in parts if part.is_kept] == PARAGRAPHS
    rules = {part.text: [removal.rule for removal in part.removals] for part in parts}
    assert rules[TITLE] == ["titles/repeat"]
    assert rules[letter] == ["boxes/newsletter"]
    assert rules["Home"] == ["boxes/tag:nav"]
    assert rules[PARAGRAPHS[0]] == []


def test_reads_an_article_kept_for_readers_without_scripts():
    text = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    notice = "<noscript><p>Please turn scripts on.</p></noscript>"
    html = f"<body><article><h1>{TITLE}</h1>{notice}<noscript>{text}</noscript></article></body>"
    assert clean_lines(html) == PARAGRAPHS


def test_explanation_of_a_kept_part_names_what_was_stripped_from_it():
    text = "Tickets are sold on board and in the harbour office, to whoever comes first and has nine crowns."
    explanation = explain_page(page(f"<p>check_circle{text}</p>"))
    (part,) = [part for part in explanation.parts if part.text == text]
    assert part.is_kept
    assert [(removal.rule, removal.sample, removal.chars) for removal in part.removals] == [
        ("icons/name", "check_circle", 12)
    ]


def test_explanation_gives_the_article_that_cleaning_gives():
    html = page("<nav>Home</nav>")
    assert explain_page(html).result == clean(document(html))


def test_explanation_of_a_page_that_is_not_read_has_no_parts():
    explanation = explain_page("<div>" * 100_000)
    assert isinstance(explanation.result, Rejection)
    assert explanation.parts == ()


SCRAPE = [
    "TR",
    TITLE,
    "calendar_today🇹🇷Türkçe versiyonu",
    TITLE,
    "0:000:00",
    "summarize3-Point Summary",
    f"  • 1{PARAGRAPHS[0].rstrip('.')}",
    "  • 2It was taken out of service three winters ago, when its engine room flooded in a sto",
    "psychology_altWhy It Matters",
    "  • check_circleThis update has direct impact on the ferries topic cluster.",
    TITLE.upper(),
    *PARAGRAPHS[:2],
    "The ship",
    *PARAGRAPHS[2:],
    "auto_awesome",
    "Related",
    "Storm closes the northern line",
]


def test_finds_the_article_in_a_scrape_without_markup():
    result = clean_text("\n\n".join(SCRAPE), url=URL)
    assert isinstance(result, Article)
    assert result.metadata.title == TITLE
    assert [block.text for block in result.blocks] == [*PARAGRAPHS[:2], "The ship", *PARAGRAPHS[2:]]
    assert {"titles/repeat", "icons/name", "players/times", "switchers/flag"} <= {
        removal.rule for removal in result.removals
    }


def test_keeps_list_of_the_article_in_a_scrape():
    lines = [
        TITLE,
        PARAGRAPHS[0],
        "Bring three things:",
        "• a warm coat",
        "• nine crowns",
        "• patience",
        PARAGRAPHS[1],
    ]
    result = clean_text("\n".join(lines), url=URL, given=Listed(url=URL, title=TITLE))
    assert isinstance(result, Article)
    assert [(block.kind, block.text) for block in result.blocks][2:5] == [
        ("list_item", "a warm coat"),
        ("list_item", "nine crowns"),
        ("list_item", "patience"),
    ]


def test_text_without_an_article_is_rejected_with_a_reason():
    result = clean_text("Home\nWorld\nShare\n0:00", url=URL)
    assert isinstance(result, Rejection)
    assert result.reason == "too_short"
    assert result.removals


@pytest.mark.skipif(not (SEED / "article.txt").is_file(), reason=f"{SEED}: the shared scrape is not there")
def test_gives_the_expected_record_of_the_shared_scrape():
    expected = json.loads((SEED / "expected.json").read_text(encoding="utf-8"))
    result = clean_text((SEED / "article.txt").read_text(encoding="utf-8"), url=URL)
    assert isinstance(result, Article)
    about = result.metadata
    assert {
        "title": about.title,
        "description": about.description,
        "language": about.language,
        "text": result.text,
    } == {key: expected[key] for key in ("title", "description", "language", "text")}


def test_a_text_and_a_page_of_one_address_have_one_id():
    of_text = clean_text("\n\n".join([TITLE, *PARAGRAPHS]), url=f"{URL}?utm_source=mail")
    of_page = clean(document(page()))
    assert isinstance(of_text, Article)
    assert isinstance(of_page, Article)
    assert of_text.id == of_page.id
    assert of_text.metadata.canonical_url == URL
