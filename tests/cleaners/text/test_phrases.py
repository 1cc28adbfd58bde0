import pytest

from cleaners.layout import Piece
from cleaners.text.phrases import drop_phrases
from tests.cleaners.story import context, dropped, lay


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("4 min read", "en"),
        ("Lesezeit: 4 Min.", "de"),
        ("Artikel anhören", "de"),
        ("Escuchar este artículo", "es"),
        ("Abonnez-vous à notre newsletter", "fr"),
        ("12 Kommentare", "de"),
        ("この記事をシェア", "ja"),
        ("Читайте также: новый мост", "ru"),
        ("By Ada Lind · 3 May 2026 · 4 min read", "en"),
        ("Photo: Reuters", "en"),
    ],
)
def test_drops_line_that_only_interfaces_say(text, language):
    assert text in dropped(drop_phrases, [Piece("paragraph", text)], context(language=language))


@pytest.mark.parametrize(
    "text",
    [
        "Share prices of the line rose by nine percent.",
        "The ship was 4 min late.",
        "Print is not dead on the islands | it never was.",
        f"Read also what the harbour office says about fares{', and about the winter' * 9}.",
    ],
)
def test_keeps_sentence_that_begins_or_ends_like_a_phrase(text):
    assert dropped(drop_phrases, [Piece("paragraph", text)]) == {}


def test_keeps_point_of_a_list_and_drops_link_that_opens_like_a_call():
    pieces = lay(
        "<ul><li>Read also: the small print of a ticket</li><li><a href=/1>Read also: Storm</a></li></ul>"
    )
    assert list(dropped(drop_phrases, pieces)) == ["Read also: Storm"]


def test_keeps_phrase_in_code_and_tables():
    assert dropped(drop_phrases, [Piece("code", "4 min read"), Piece("table", "4 min read")]) == {}
