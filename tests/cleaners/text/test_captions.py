import pytest

from cleaners.layout import Piece
from cleaners.text.captions import drop_credited_captions
from tests.cleaners.story import context, dropped


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dining car, with real plates. Photo: Ines Bø/NTB", "en"),
        ("Zenon Wrona przy mechanizmie. Fot. Marek Sowa / Agencja Kurier", "pl"),
        ("De dijk bij Westerwold. © ANP / Koen de Wit", "nl"),
        ("Maëlle Kerdoncuff, élue crieuse. | Photo : Y. Le Goff", "fr"),
        ("茶客在石阶上喝最后一壶茶。本报记者 方茗 摄", "zh"),
        ("문경태 집배원이 소포를 싣고 있다. /사진=윤서영 기자", "ko"),
    ],
)
def test_drops_caption_that_ends_in_its_credit(text, language):
    assert dropped(drop_credited_captions, [Piece("paragraph", text)], context(language=language)) == {
        text: "captions/credited"
    }


@pytest.mark.parametrize(
    "text",
    [
        "She wrote one word beneath it. Photo: that was all she ever wrote about the winter of the long ice.",
        "The rights are with the sailor. © stands on every print that he sold to the museum in those years.",
        "Photo: Reuters",
        "He asked for two things. Bread: none. Rest: none",
    ],
)
def test_keeps_paragraph_that_speaks_of_pictures(text):
    assert dropped(drop_credited_captions, [Piece("paragraph", text)]) == {}


def test_keeps_points_of_lists():
    assert dropped(drop_credited_captions, [Piece("list_item", "The quay. Photo: Ines Bo", 1)]) == {}
