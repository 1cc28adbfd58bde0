from cleaners.text.headings import drop_empty_headings
from tests.cleaners.story import PARAGRAPHS, clean_lines, dropped, lay, page


def test_drops_headings_at_the_end():
    pieces = lay("<h2>How it began</h2><p>With a storm.</p><h2>Our authors</h2><h3>Ada Lind</h3>")
    assert dropped(drop_empty_headings, pieces) == {
        "Ada Lind": "headings/empty",
        "Our authors": "headings/empty",
    }


def test_keeps_headings_over_each_other_and_over_text():
    pieces = lay("<h2>The ship</h2><h3>How it began</h3><p>With a storm.</p>")
    assert dropped(drop_empty_headings, pieces) == {}


def test_heading_whose_box_is_gone_does_not_end_the_article():
    html = page("<h2>Also of interest to islanders</h2><nav><a href=/1>Fares</a></nav>", at=6)
    assert clean_lines(html) == PARAGRAPHS
