import pytest

from cleaners.layout import Piece
from cleaners.text.boxes import (
    drop_headed_boxes,
    drop_icon_labels,
    drop_repeated_points,
    drop_standfirst,
    drop_twins,
)
from tests.cleaners.story import PARAGRAPHS, clean_lines, context, dropped, lay, page

POINTS = (
    "<ul><li>The night ferry will sail to the outer islands again from the first of May</li>"
    "<li>1 It was taken out of service three winters ago, when its engine room flooded in a…</li></ul>"
)
ICON = "<i class='material-icons'>lightbulb</i>"


@pytest.mark.parametrize(
    ("box", "rule"),
    [
        ("<h3>Related articles</h3><ul><li><a href=/1>Storm closes the line</a></li></ul>", "headings/en:"),
        ("<h4>Lesen Sie auch</h4><p><a href=/1>Sturm schließt die Linie</a></p>", "headings/de:"),
        ("<p><b>Why it matters</b></p><ul><li>Islanders get their mail again.</li></ul>", "headings/en:"),
        (f"<h4>{ICON}Worth knowing</h4><ul><li>Dogs sail free.</li></ul>", "boxes/icon_heading"),
    ],
)
def test_drops_heading_with_the_points_and_links_under_it(box, rule):
    html = page(f"<div>{box}</div>", at=0)
    assert clean_lines(html) == PARAGRAPHS
    pieces = lay(f"<div>{box}</div>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS))
    if rule.startswith("boxes"):
        pieces[0].icon = "lightbulb"
        pieces[0].text = pieces[0].text.removeprefix("lightbulb")
    found = dropped(drop_headed_boxes, pieces)
    assert len(found) == 2
    assert all(name.startswith(rule) for name in found.values())


def test_keeps_section_of_the_article_called_like_a_summary():
    section = "<h2>Key points</h2><ul><li>Come early.</li><li>Keep dogs on a lead.</li></ul>"
    kept = clean_lines(page(section))
    assert [line for line in kept if line not in PARAGRAPHS] == [
        "Key points",
        "Come early.",
        "Keep dogs on a lead.",
    ]


@pytest.mark.parametrize("heading", ["The bottom line", "Fazit", "Overview", "Why it matters", "まとめ"])
@pytest.mark.parametrize("at", [0, 6])
def test_keeps_section_with_its_heading_where_each_section_is_an_element(heading, at):
    told = [
        "The first flour is expected in November, and the council has promised an open day with bread for all."
    ]
    told += [
        "Until then the wheel turns without a load on Sundays, so that nobody in the town forgets its sound."
    ]
    sections = [f"<h2>{heading}</h2>" + "".join(f"<p>{text}</p>" for text in told)]
    sections += [f"<h2>Part {n}</h2><p>{text} {text[::-1]}</p>" for n, text in enumerate(PARAGRAPHS * 3)]
    pieces = lay(
        "".join(f"<section>{section}</section>" for section in sections[at > 0 :] + sections[: at > 0])
    )
    assert dropped(drop_headed_boxes, pieces) == {}


def test_drops_prose_of_a_summary_that_the_markup_names_or_the_body_repeats():
    text = "The crew of eleven has been hired on the islands, and tickets will cost nine crowns as they did before."
    html = page(f"<div class='summary-box'><h3>Overview</h3><p>{text}</p></div>", at=0)
    assert clean_lines(html) == PARAGRAPHS
    html = page(f"<div><h3>Overview</h3><p>{PARAGRAPHS[1]}</p></div>", at=0)
    assert clean_lines(html) == PARAGRAPHS


def test_keeps_heading_that_stands_over_each_entry():
    entries = "".join(
        f"<h3>Fast facts</h3><ul><li>Cost: {n} crowns</li></ul><p>{PARAGRAPHS[n]}</p>" for n in range(4)
    )
    assert dropped(drop_headed_boxes, lay(entries)) == {}


def test_keeps_prose_under_a_heading_of_links():
    text = (
        "No book tells the whole story of the ferry, and the best of them is out of print since the last war."
    )
    pieces = lay(f"<section><h3>Suggested reading</h3><p>{text}</p></section>" + page())
    assert text not in dropped(drop_headed_boxes, pieces)


def test_keeps_heading_over_prose_that_an_icon_led():
    pieces = [Piece("heading", "A ship with a past", 2, icon="history"), Piece("paragraph", PARAGRAPHS[0])]
    assert dropped(drop_headed_boxes, pieces) == {}


def test_drops_badge_that_an_icon_led_and_keeps_its_sentence():
    badge, sentence = (Piece("paragraph", text, icon="done") for text in ("Saved for later", "It sails."))
    assert dropped(drop_icon_labels, [badge, sentence]) == {"Saved for later": "icons/label"}


def test_drops_points_that_the_paragraphs_say_again():
    pieces = lay(f"<h3>In short</h3>{POINTS}" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS))
    assert [piece.text for piece in pieces[:3]] == list(dropped(drop_repeated_points, pieces))


def test_keeps_list_that_says_what_no_paragraph_says():
    text = (
        "<p>The office asks three things of its passengers:</p><ul><li>Come half an hour before the ship sails.</li>"
        "<li>Keep dogs on a lead while you are on deck.</li><li>Leave the engine room to those who work there.</li></ul>"
    )
    assert dropped(drop_repeated_points, lay(text)) == {}
    assert [line for line in clean_lines(page(text)) if line not in PARAGRAPHS][1:] == [
        "Come half an hour before the ship sails.",
        "Keep dogs on a lead while you are on deck.",
        "Leave the engine room to those who work there.",
    ]


def test_keeps_list_that_repeats_its_own_items():
    items = "<li>We row and we row to the islands at night.</li>" * 4
    assert dropped(drop_repeated_points, lay(f"<p>The song goes like this:</p><ul>{items}</ul>")) == {}
    assert clean_lines(page(f"<ul>{items}</ul>")).count("We row and we row to the islands at night.") == 4


def test_drops_later_of_two_equal_paragraphs():
    texts = [PARAGRAPHS[2], PARAGRAPHS[0], PARAGRAPHS[2]]
    pieces = [Piece("paragraph", text) for text in texts]
    assert [hit.piece for hit in drop_twins(pieces, context())] == [pieces[2]]


def test_keeps_refrain_and_short_lines_that_stand_twice():
    refrain = [Piece("paragraph", PARAGRAPHS[2]) for _ in range(3)]
    short = [Piece("paragraph", "And so we sailed.") for _ in range(2)]
    assert dropped(drop_twins, [*refrain, *short]) == {}


def test_drops_description_above_the_text_where_a_summary_repeats_it():
    description = PARAGRAPHS[0]
    point = f"<ul><li>1{description.rstrip('.')}</li></ul>"
    about = context(description=description)
    assert dropped(drop_standfirst, lay(f"<p>{description}</p>{point}"), about) == {
        description: "repeats/standfirst"
    }
    assert (
        dropped(drop_standfirst, lay(f"<p>{description}</p><ul><li>Dogs sail free.</li></ul>"), about) == {}
    )
