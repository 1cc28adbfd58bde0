"""A page in blocks: structure survives, and inline markup neither glues nor splits words."""

import pytest

from tests.cleaners.story import PARAGRAPHS, clean_lines, lay, page


def blocks(html):
    return [(piece.kind, piece.level, piece.text) for piece in lay(html)]


def texts(html):
    return [piece.text for piece in lay(html)]


def test_parts_a_page_into_typed_blocks():
    html = (
        "<h2>Fares</h2><p>From May:</p><ul><li>nine crowns<ul><li>children: none</li></ul></li></ul>"
        "<blockquote><p>We sail.</p></blockquote><pre>if night:\n    sail()</pre>"
        "<table><tr><th>Year</th><th>Trips</th></tr><tr><td>2022</td><td>311</td></tr></table>"
    )
    assert blocks(html) == [
        ("heading", 2, "Fares"),
        ("paragraph", None, "From May:"),
        ("list_item", 1, "nine crowns"),
        ("list_item", 2, "children: none"),
        ("quote", None, "We sail."),
        ("code", None, "if night:\n    sail()"),
        ("table", None, "Year | Trips"),
        ("table", None, "2022 | 311"),
    ]


INLINE = {
    "<p>un<b>afraid</b> of <i>the</i> sea</p>": "unafraid of the sea",
    "<p>the <a href=/1>night</a> <em>ferry</em></p>": "the night ferry",
    "<p>the<span> night </span>ferry</p>": "the night ferry",
    "<p>H<sub>2</sub>O, 10<sup>th</sup></p>": "H2O, 10th",
    "<p>10<sup>6</sup> crowns, 3<sup>-2</sup>, in 1995<sup><a href=#n3>3</a></sup>": "10⁶ crowns, 3⁻², in 1995³",
    "<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字</p>": "漢(かん)字",
    "<p><ruby>漢<rt>かん</rt></ruby><ruby>字<rp></rp><rt>じ</rt></ruby></p>": "漢字",
    "<p>har<wbr>bour mas&shy;ter\u200b</p>": "harbour master",
    "<p>old<img src=a.jpg>harbour</p>": "old harbour",
    "<p>old<button>x</button>harbour</p>": "old x harbour",
    "<p>the\n   night\t ferry</p>": "the night ferry",
    "<p><b>T</b>he night ferry</p>": "The night ferry",
    "<p>می\u200cرود</p>": "می\u200cرود",
    "<p>夜<b>行</b>フェリー</p>": "夜行フェリー",
}


@pytest.mark.parametrize(("html", "text"), INLINE.items(), ids=INLINE)
def test_inline_markup_neither_glues_nor_splits_words(html, text):
    assert texts(html) == [text]


def test_nothing_that_steers_a_terminal_stays_in_a_block():
    html = "<p>red \x1b[31m ferry\x07, \x9b2J sailed</p><pre>if\tnight:\n\x1b[0m    sail()</pre>"
    assert texts(html) == ["red [31m ferry, 2J sailed", "if\tnight:\n[0m    sail()"]


def test_block_markup_parts_words():
    assert texts("<div>old<div>harbour</div>office</div>") == ["old", "harbour", "office"]


def test_keeps_lines_of_a_poem_and_parts_paragraphs_at_two_breaks():
    assert texts("<p>We row<br>and row<br><br>to the islands</p>") == ["We row\nand row", "to the islands"]
    poem = "The ferry goes\nwhere no one knows\nand comes back in the morning."
    html = page(f"<blockquote><p>{poem.replace(chr(10), '<br>')}</p></blockquote>")
    assert clean_lines(html) == [*PARAGRAPHS[:3], poem, *PARAGRAPHS[3:]]


def test_keeps_table_of_the_article():
    table = "<table><tr><th>Year<th>Passengers<tr><td>2021<td>4,100<tr><td>2022<td>3,900</table>"
    assert clean_lines(page(table))[3:6] == ["Year | Passengers", "2021 | 4,100", "2022 | 3,900"]


def test_reads_through_a_table_that_only_lays_out_the_page():
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    html = page().replace(body, f"<table><tr><td>&nbsp;<td><div>{body}</div></table>")
    assert clean_lines(html) == PARAGRAPHS
