import pytest

from cleaners.rules import load_rules
from cleaners.text.icons import Stripped, strip_icon_names, strip_icon_word
from tests.cleaners.story import PARAGRAPHS, clean_lines, context, page

STRIPPED = {
    "check_circleThis update": "This update",
    "check_circle": "",
    "View Allarrow_forward": "View All",
    "shareShare printPrint": "Share Print",
    "summarize3-Point Summary": "3-Point Summary",
    "recommendRelated": "Related",
    "psychology_altWhy It Matters": "Why It Matters",
    "calendar_today🇹🇷Türkçe versiyonu": "🇹🇷Türkçe versiyonu",
    "schedule٤ دقائق": "٤ دقائق",
    "calendar_month 12 Mayıs 2026": "12 Mayıs 2026",
    "\uf09a \uf099 Follow": "Follow",
    "auto_awesome": "",
}
KEPT = [
    "home is where the ship is",
    "share prices fell again on Monday",
    "print",
    "search and rescue teams were called at nine",
    "check_circle is the name of an icon that most people know",
    "The icon calendar_today is drawn by a font.",
    "iPhone sales rose",
    "eBay and the ferries",
    "menu",
    "The key is in api_key_name",
]


@pytest.mark.parametrize(("text", "left"), STRIPPED.items(), ids=[ascii(text) for text in STRIPPED])
def test_strips_icon_names(text, left):
    stripped = strip_icon_names(text, load_rules().icons)
    assert stripped.text == left
    assert stripped.icons


@pytest.mark.parametrize("text", KEPT)
def test_keeps_words_that_are_icon_names_too(text):
    stripped = strip_icon_names(text, load_rules().icons)
    assert (stripped.text, stripped.icons) == (text, ())


def test_tells_whether_an_icon_stood_first():
    icons = load_rules().icons
    assert strip_icon_names("check_circleThis update", icons).led
    assert not strip_icon_names("View Allarrow_forward", icons).led


def test_keeps_icon_names_in_code():
    assert "calendar_today" in clean_lines(page("<pre>calendar_today</pre>"))


def test_keeps_paragraph_of_an_article_about_icons_whole():
    text = "Names such as calendar_today, psychology_alt and home are read by the font and never by those who look at it."
    assert clean_lines(page(f"<p>{text}</p>")) == [*PARAGRAPHS[:3], text, *PARAGRAPHS[3:]]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("headphones Listen to this story", "Listen to this story"),
        ("key Key Takeaways", "Key Takeaways"),
        ("key West and the sea", "key West and the sea"),
        ("home Alone at the quay", "home Alone at the quay"),
    ],
)
def test_ordinary_word_is_an_icon_before_a_line_that_the_rules_know(text, left):
    assert strip_icon_word(Stripped(text, (), led=False), context()).text == left
