from cleaners.layout import Piece
from cleaners.text.edges import drop_edges
from tests.cleaners.story import PARAGRAPHS, dropped


def pieces(*texts):
    return [Piece("paragraph", text) for text in texts]


def test_drops_labels_above_the_first_and_below_the_last_paragraph():
    found = dropped(drop_edges, pieces("Islands", "4 May 2026", *PARAGRAPHS, "ferries", "Ada Lind"))
    assert found == {
        "Islands": "edges/lead",
        "4 May 2026": "edges/lead",
        "ferries": "edges/tail",
        "Ada Lind": "edges/tail",
    }


def test_keeps_sentences_at_the_edges_and_lines_between():
    lines = ["It is back.", *PARAGRAPHS[:2], "How it began", *PARAGRAPHS[2:], "“We sail.”"]
    assert dropped(drop_edges, pieces(*lines)) == {}


def test_leaves_text_without_paragraphs_alone():
    assert dropped(drop_edges, pieces("One", "Two", "Three")) == {}
