import pytest

from cleaners.layout import Piece
from cleaners.text.signatures import drop_signatures
from tests.cleaners.story import PARAGRAPHS, dropped


def lines(*texts):
    return [Piece("paragraph", text) for text in texts]


@pytest.mark.parametrize(
    "text", ["(dpa/lno)", "(dna/tor)", "[afp]", "(Written by: Ada Lind)", "ada.lind@news.example"]
)
def test_drops_line_of_the_desk_below_the_text_only(text):
    assert dropped(drop_signatures, lines(PARAGRAPHS[0], text)) == {text: "signatures/line"}
    assert dropped(drop_signatures, lines(PARAGRAPHS[0], text, PARAGRAPHS[1])) == {}


@pytest.mark.parametrize(
    "text", ["ⓒ 남해바다신문, 무단 전재 및 재배포 금지", "Copyright (C) 2026 山里新聞社", "© 2026 News"]
)
def test_drops_notice_of_rights_below_the_text(text):
    assert dropped(drop_signatures, lines(PARAGRAPHS[0], text)) == {text: "signatures/rights"}


@pytest.mark.parametrize(
    "text",
    ["(The end)", "(sic!)", "(Graphic: Global currencies)", "[applause]!", "Write to ada.lind@news.example"],
)
def test_keeps_words_in_brackets(text):
    assert dropped(drop_signatures, lines(PARAGRAPHS[0], text)) == {}


def test_drops_what_a_template_should_have_replaced():
    texts = ("[Gambas:Video 20detik]", "[/caption x=1]", '[gallery ids="1,2"]')
    assert list(dropped(drop_signatures, lines(*texts, "[He laughs]", PARAGRAPHS[0]))) == list(texts)
