from cleaners.series import heads_to_keep
from tests.cleaners.story import PARAGRAPHS, lay


def kept_heads(html):
    """The heads that stay where the judge took all but the paragraphs."""
    pieces = lay(html)
    return [pieces[index].text for index in heads_to_keep(pieces, [piece.is_prose for piece in pieces])]


def entries(head):
    return "".join(f"<div>{head.format(n)}<p>{text}</p></div>" for n, text in enumerate(PARAGRAPHS, start=1))


def test_keeps_heading_between_paragraphs_of_one_element():
    assert kept_heads(f"<p>{PARAGRAPHS[0]}</p><h2>The crew</h2><p>{PARAGRAPHS[3]}</p>") == ["The crew"]


def test_keeps_heads_of_a_series():
    assert kept_heads(entries("<h2>{}. Mill Lane</h2>"))[:2] == ["2. Mill Lane", "3. Mill Lane"]
    assert kept_heads(entries("<div>1{}:05</div>")) == [f"1{n}:05" for n in range(1, 7)]


def test_leaves_links_labels_and_what_stands_above_the_text():
    assert kept_heads(f"<h2>News of the isles</h2><p>{PARAGRAPHS[0]}</p>") == []
    assert kept_heads(entries("<h2><a href=/{0}>Storm {0} closes the line</a></h2>")) == []
    assert kept_heads(entries("<h2>Share this update</h2>").replace("</h2><p>", "</h2><div><p>")) == []
    assert kept_heads(entries("<p>Photo {}: the quay</p>")) == []
