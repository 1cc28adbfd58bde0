import pytest

from cleaners.layout import Piece
from cleaners.models import Article, Listed
from cleaners.stages import clean_text
from cleaners.text.titles import drop_titles
from tests.cleaners.story import PARAGRAPHS, TITLE, clean_lines, context, dropped, lay, page

REPEATS = {
    f"<h1>{TITLE}</h1>": "the same heading",
    f"<h2>{TITLE.upper()}</h2>": "in capitals",
    f"<p>{TITLE}.</p>": "as a sentence",
    f"<p>{TITLE}{TITLE}</p>": "twice, glued",
    "<p>Night ferry  returns\nto the islands</p>": "over two lines",
    "<h3>“Night ferry: returns, to the islands!”</h3>": "with other punctuation",
}


@pytest.mark.parametrize("repeat", REPEATS, ids=REPEATS.values())
def test_drops_title_that_stands_again(repeat):
    assert set(dropped(drop_titles, lay(repeat)).values()) == {"titles/repeat"}
    assert clean_lines(page(repeat)) == PARAGRAPHS


@pytest.mark.parametrize(
    "text",
    [
        "The night ferry returns to the islands",
        "Night ferry returns",
        "Night ferry returns to the islands after three winters",
        f"{TITLE} – that was the headline of this paper in 1951, too.",
    ],
)
def test_keeps_line_that_says_more_or_less_than_the_title(text):
    assert dropped(drop_titles, [Piece("paragraph", text)]) == {}


def test_drops_title_in_scripts_without_spaces():
    title = "夜行フェリーが島々に戻る"
    assert dropped(drop_titles, lay(f"<h2>{title}！</h2><p>{title}のは三年ぶりだ。</p>"), context(title)) == {
        f"{title}！": "titles/repeat"
    }


def test_keeps_every_line_where_the_title_has_no_word():
    article = clean_text(
        "\n".join(PARAGRAPHS), url="https://news.example/ferry", given=Listed(url="", title="!!!")
    )
    assert isinstance(article, Article)
    assert [block.text for block in article.blocks] == PARAGRAPHS
