"""What changed from one revision to the next."""

from __future__ import annotations

from crawler.service.revisions import compare


def record(revision, text, **fields):
    return {"revision": revision, "text": text, "title": "The bridge opens", "authors": ["A"], **fields}


def test_fields_and_paragraphs_that_changed_are_told_and_the_pieces_make_both_texts():
    before = record(1, "One.\n\nTwo.\n\nThree.")
    after = record(2, "One.\n\nTwo, corrected.\n\nThree.\n\nFour.", title="The bridge opens late")
    change = compare(before, after)
    assert (change.before, change.after) == (1, 2)
    assert [(one.field, one.before, one.after) for one in change.fields] == [
        ("title", "The bridge opens", "The bridge opens late")
    ]
    assert [(piece.change, piece.text) for piece in change.text] == [
        ("same", "One."),
        ("removed", "Two."),
        ("added", "Two, corrected."),
        ("same", "Three."),
        ("added", "Four."),
    ]
    for side, text in (("added", before["text"]), ("removed", after["text"])):
        assert "\n\n".join(piece.text for piece in change.text if piece.change != side) == text


def test_texts_of_thousands_of_paragraphs_are_told_whole():
    many = "\n\n".join(map(str, range(3_000)))
    change = compare(record(1, many), record(2, many + "!"))
    assert [piece.change for piece in change.text] == ["removed", "added"]
    assert [piece.change for piece in compare(record(1, many), record(2, many)).text] == ["same"]
