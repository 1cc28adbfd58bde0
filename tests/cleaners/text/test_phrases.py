import pytest

from cleaners.layout import Piece
from cleaners.text.phrases import drop_phrases
from tests.cleaners.story import PARAGRAPHS, context, dropped, lay


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
        ("Drukuj artykuł Udostępnij znajomym", "pl"),
        ("Publié le 4 mars 2026 à 8h00 - Temps de lecture : 2 min", "fr"),
        ("Reporting by Piet Halvorsen; editing by Ruth Aske", "en"),
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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Video by a bystander shows the ferry hitting the quay at walking pace.", "en"),
        (
            "The views expressed in the ballot were hardly mixed: nine in ten wanted the mill to turn again.",
            "en",
        ),
        ("Photo: that is the only word she ever wrote beneath a picture, and she crossed it out.", "en"),
        ("Anzeige erstattete die Wirtin erst am Montag, als auch die zweite Kasse fehlte.", "de"),
        ("Der Autor ist seit Dienstag verschwunden, wie sein Verlag der Polizei meldete.", "de"),
        ("Annons efter annons hade läraren läst innan hon hittade den lilla rutan.", "sv"),
        ("Доступно только морем: так обозначен остров на всех картах.", "ru"),
        ("Üye olmak için başvuran on iki genç, çarşıdaki ilk toplantıya geldi.", "tr"),
        ("한국어로 쓰인 편지 가운데 가장 오래된 것은 섬 할머니가 평생 간직한 것이었다.", "ko"),
        ("打开微信群，老街坊们约好了最后一壶茶的时间，谁也没有提搬家的事。", "zh"),
        ("14:05 GMT", "en"),
    ],
)
def test_keeps_line_of_the_article_that_opens_like_a_call(text, language):
    around = [Piece("paragraph", line) for line in PARAGRAPHS[:2]]
    assert (
        dropped(drop_phrases, [around[0], Piece("paragraph", text), around[1]], context(language=language))
        == {}
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Video by Reuters</p>",
        "<p>Photos by Ines Bo and Per Lund</p>",
        "<p>Become a member <a href=/join>of our club today</a>.</p>",
        "<p>This article contains affiliate links that may earn us money.</p>",
        "<p>Have a tip? Write to tips@news.example.</p>",
    ],
)
def test_drops_call_between_paragraphs(markup):
    pieces = lay(f"<p>{PARAGRAPHS[0]}</p>{markup}<p>{PARAGRAPHS[1]}</p>")
    assert list(dropped(drop_phrases, pieces)) == [pieces[1].text]


def test_drops_sentence_of_the_house_below_the_last_paragraph():
    text = "The views expressed are those of the author."
    pieces = [Piece("paragraph", PARAGRAPHS[0]), Piece("paragraph", text)]
    assert list(dropped(drop_phrases, pieces)) == [text]


def test_drops_calls_that_stand_in_company():
    calls = [
        "Subscribe now to our edition for the full story.",
        "Download the app and hear the news of the isles.",
    ]
    around = [Piece("paragraph", line) for line in PARAGRAPHS[:2]]
    both = [Piece("paragraph", call) for call in calls]
    assert list(dropped(drop_phrases, [around[0], *both, around[1]])) == calls
    assert dropped(drop_phrases, [around[0], both[0], around[1]]) == {}


def test_keeps_last_paragraph_that_opens_like_a_short_call():
    text = "Subscribe now, said the iron plate at the gate, and since it hung there half of the buyers turned away."
    assert dropped(drop_phrases, [Piece("paragraph", line) for line in (*PARAGRAPHS[:2], text)]) == {}
