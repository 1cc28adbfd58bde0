"""Elements that print an icon's name; the word itself is no evidence."""

import pytest

from tests.cleaners.story import PARAGRAPHS, clean_lines, page, rules_of

ICONS = {
    "<i class='material-icons'>home</i>": "icons/markup",
    "<span class='material-icons-outlined'>home</span>": "icons/markup",
    "<span class='material-symbols-rounded filled'>home</span>": "icons/markup",
    "<mat-icon>home</mat-icon>": "icons/markup",
    "<mat-icon class='mat-icon notranslate' role=img>home</mat-icon>": "icons/markup",
    "<span class='google-symbols'>home</span>": "icons/markup",
    "<span class='MuiIcon-root css-1x'>home</span>": "icons/markup",
    "<ion-icon>share-outline</ion-icon>": "icons/markup",
    "<span style=\"font-family:'Material Icons'\">search</span>": "icons/markup",
    "<i class='md-icon'>share</i>": "icons/markup",
    "<i class='fa fa-home'>\uf015</i>": "icons/markup",
    "<span class='x9'>calendar_today</span>": "icons/ligature",
    "<span aria-hidden=true>home</span>": "icons/ligature",
}  # fmt: skip


@pytest.mark.parametrize(("icon", "rule"), ICONS.items(), ids=ICONS)
def test_takes_icon_and_leaves_the_paragraph_it_leads(icon, rule):
    text = (
        "Passengers who come by bus get off at the old customs house and follow the painted line to the quay."
    )
    html = page(f"<p>{icon}{text}</p>")
    assert clean_lines(html) == [*PARAGRAPHS[:3], text, *PARAGRAPHS[3:]]
    assert rule in rules_of(html)


def test_parts_the_words_around_an_icon():
    text = "The bus leaves from the square<i class='material-icons'>arrow_forward</i>the quay is five minutes away on foot."
    assert text.replace("<i class='material-icons'>arrow_forward</i>", " ") in clean_lines(
        page(f"<p>{text}</p>")
    )


def test_takes_styled_word_that_leads_a_label():
    html = page("<div><span class='i1'>done</span> Saved for later</div>")
    assert clean_lines(html) == PARAGRAPHS


def test_keeps_emphasised_word_that_is_an_icon_name_too():
    text = "Nobody on the islands calls the ship anything but <em>home</em>, and the crew would <b>share</b> that view."
    kept = "Nobody on the islands calls the ship anything but home, and the crew would share that view."
    assert kept in clean_lines(page(f"<p>{text}</p>"))


def test_keeps_article_about_icon_names():
    text = "The designers of the font chose names such as calendar_today and check_circle because they can be read aloud."
    listed = "The name psychology_alt, by contrast, was the one that nobody in the room could explain to the others."
    kept = clean_lines(page(f"<p>{text}</p><p>{listed}</p>"))
    assert [text, listed] == [line for line in kept if line not in PARAGRAPHS]


def test_keeps_heading_over_prose_that_an_icon_led():
    html = page("<h2><span class='material-icons'>history</span>A ship with a past</h2>")
    assert clean_lines(html) == [*PARAGRAPHS[:3], "A ship with a past", *PARAGRAPHS[3:]]


def test_knows_the_title_in_a_heading_that_an_icon_leads():
    html = page().replace("<h1>", "<h1><i class='material-icons'>directions_boat</i>")
    assert clean_lines(html) == PARAGRAPHS
