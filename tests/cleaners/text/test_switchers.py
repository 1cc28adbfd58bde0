import pytest

from cleaners.layout import Piece
from cleaners.text.switchers import drop_switchers
from tests.cleaners.story import PARAGRAPHS, clean_lines, dropped, page


@pytest.mark.parametrize("text", ["🇹🇷Türkçe versiyonu", "🇬🇧 English", "🇩🇪 Auf Deutsch lesen"])
def test_drops_link_to_another_language(text):
    assert dropped(drop_switchers, [Piece("paragraph", text)]) == {text: "switchers/flag"}


@pytest.mark.parametrize("text", ["UA | RU | EN", "en / fr / de", "EN ES"])
def test_drops_codes_of_languages_side_by_side(text):
    assert dropped(drop_switchers, [Piece("paragraph", text)]) == {text: "switchers/codes"}


@pytest.mark.parametrize("text", ["EN", "no no no", "it is", "US | them", "de en het"])
def test_keeps_words_that_look_like_codes(text):
    assert dropped(drop_switchers, [Piece("paragraph", text)]) == {}


@pytest.mark.parametrize(
    "text", ["🇹🇷 Turkey won the match.", "Türkçe", "🚢 The night ferry", "🇹🇷 " + "Türkiye " * 8]
)
def test_keeps_sentence_behind_a_flag(text):
    assert dropped(drop_switchers, [Piece("paragraph", text)]) == {}


def test_icon_flag_and_language_never_become_one_word():
    for icon in (
        "<i class='material-icons'>calendar_today</i>",
        "<span>calendar_today</span>",
        "calendar_today",
    ):
        assert clean_lines(page(f"<div>{icon}<a href=/tr>🇹🇷Türkçe</a></div>")) == PARAGRAPHS
        assert clean_lines(page(f"<p>{icon}<span>🇹🇷</span>Türkçe versiyonu</p>")) == PARAGRAPHS
