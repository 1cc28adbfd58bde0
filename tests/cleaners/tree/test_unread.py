"""What fingers press and what the page hides is no text; what the page will unfold is."""

import pytest

from tests.cleaners.story import PARAGRAPHS, clean_lines, page, rules_of


@pytest.mark.parametrize(
    "control",
    [
        "<button>Save for later</button>",
        "<span role=button>Print this story</span>",
        "<select><option>Larger text</option></select>",
        "<div role=tooltip>What this word means</div>",
        "<textarea>Write to us</textarea>",
    ],
)
def test_takes_control(control):
    html = page(f"<div>{control}</div>")
    assert clean_lines(html) == PARAGRAPHS


@pytest.mark.parametrize(
    "hidden",
    [
        "<div hidden>For robots</div>",
        "<span aria-hidden=true>•</span>",
        "<p style='display:none'>Not shown</p>",
        "<p style='visibility:hidden'>Not shown</p>",
    ],
)
def test_takes_what_the_page_hides(hidden):
    html = page(hidden)
    assert clean_lines(html) == PARAGRAPHS
    assert "unread/hidden" in rules_of(html)


def test_takes_button_out_of_a_line_of_text():
    kept = "The fare is nine crowns for everyone who boards the ship in the old harbour before it leaves at nine."
    html = page(f"<p>{kept.replace('crowns', 'crowns<button>copy</button>')}</p>")
    assert kept in clean_lines(html)


def test_keeps_rest_of_the_article_behind_read_on():
    rest = "".join(f"<p>{text}</p>" for text in PARAGRAPHS[3:])
    html = page().replace(rest, f"<div style='display: none'>{rest}</div>")
    assert clean_lines(html) == PARAGRAPHS


def test_keeps_question_that_is_a_button_in_a_heading():
    answer = (
        "It does from May to October; in winter the ship stays in the old harbour, where the crew paints it."
    )
    html = page(f"<h3><button>Does the ferry sail on Sundays?</button></h3><p>{answer}</p>")
    kept = clean_lines(html)
    assert kept[3:5] == ["Does the ferry sail on Sundays?", answer]


@pytest.mark.parametrize(
    "tag", ["script", "style", "noscript", "template", "svg", "iframe", "object", "canvas"]
)
def test_never_reads_what_stands_inside(tag):
    assert clean_lines(page(f"<{tag}>let ferry = 'night boat to the islands';</{tag}>")) == PARAGRAPHS
