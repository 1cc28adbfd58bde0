import pytest

from cleaners.text.links import drop_labelled_links
from tests.cleaners.story import dropped, lay

LABELLED = {
    '<p>Read also: <a href="/1">Storm closes the northern line</a></p>': "Read also: Storm closes the northern line",
    '<p><b>Soma pia:</b> <a href="/1">Kivuko cha usiku charejea</a></p>': "Soma pia: Kivuko cha usiku charejea",
    '<p>关联阅读：<a href="/1">夜间渡轮三年后重返群岛的航线</a></p>': "关联阅读：夜间渡轮三年后重返群岛的航线",
}


@pytest.mark.parametrize(("markup", "text"), LABELLED.items(), ids=LABELLED.values())
def test_drops_label_with_one_link(markup, text):
    assert dropped(drop_labelled_links, lay(markup)) == {text: "links/labelled"}


@pytest.mark.parametrize(
    "markup",
    [
        '<p>The office said: <a href="/1">No ship sails</a> in winter, whatever the passengers of the line demand.</p>',
        '<p>The harbour office of the outer islands said: <a href="/1">No ship sails in a storm from the north</a></p>',
        '<p>Ships: <a href="/1">the Maron in the old harbour</a> and <a href="/2">the Lind on the northern line</a></p>',
        '<ul><li>Fares: <a href="/1">what a ticket costs on each of the lines</a></li></ul>',
        "<p>Read also: Storm closes the northern line</p>",
        '<p><a href="/1">Storm closes the northern line for a week</a></p>',
    ],
    ids=["sentence", "long label", "two links", "list item", "no link", "no label"],
)
def test_keeps_line_that_is_no_label_with_one_link(markup):
    assert dropped(drop_labelled_links, lay(markup)) == {}
