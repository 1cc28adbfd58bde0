"""Text without markup: lines that a program broke, the title among them, what ends it and what does not."""

from __future__ import annotations

import textwrap

import pytest

from cleaners.models import Article, Listed
from cleaners.stages import clean_text
from cleaners.wrapping import unwrap

PARAGRAPHS = [
    (
        "The harbour council voted on Tuesday evening to rebuild the old ferry pier, after eleven years in which "
        "passengers climbed a ladder to reach the boats that connect the island with the mainland."
    ),
    (
        "Engineers from the county had warned three times that the wooden piles below the waiting room were rotten, "
        "and that a storm from the north would be enough to carry the whole building away."
    ),
    (
        "The ferry company, which employs forty people, will move its boats to the neighbouring village while the "
        "work goes on. A bus will bring passengers to the new landing stage every half hour."
    ),
]
TITLE = "Council votes to rebuild the ferry pier"


def cleaned(*lines: str, title: str | None = None) -> Article:
    article = clean_text("\n".join(lines), url="", given=Listed(url="", title=title))
    assert isinstance(article, Article)
    return article


@pytest.mark.parametrize("width", [60, 72, 78])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_text_broken_at_a_width_gives_its_paragraphs(width: int, gap: str) -> None:
    broken = gap.join(textwrap.fill(line, width) for line in (TITLE, *PARAGRAPHS))
    article = cleaned(broken)
    assert article.metadata.title == TITLE
    assert article.text == "\n\n".join(PARAGRAPHS)


def test_lines_that_nobody_broke_stay_as_they_are() -> None:
    verse = [
        "Row, my lads, the tide is turning,",
        "row, my lads, for home.",
        "Mother has the candle burning,",
        "brother holds the comb.",
    ] * 4
    assert unwrap(verse) == verse
    assert unwrap(PARAGRAPHS) == PARAGRAPHS


def test_the_title_is_the_line_that_the_paragraphs_speak_of() -> None:
    above = ("Home Sport Culture Weather", "Estimated reading time: 3 minutes", TITLE, "By Jane Doe")
    assert cleaned(*above, *PARAGRAPHS).metadata.title == TITLE
    other = "Five takeaways from the spring earnings season"
    assert cleaned(other, *above, *PARAGRAPHS, other).metadata.title == TITLE


def test_the_title_is_found_where_words_have_no_spaces() -> None:
    text = "廃線の駅舎が一夜だけ映画館に変わった。集まった住民は三百人を超え、上映のあと駅舎の保存を求める署名が始まった。"
    assert (
        cleaned("トップ文化", "廃線の駅舎が映画館に", text, text[::-1] + "。").metadata.title
        == "廃線の駅舎が映画館に"
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("Ingredients", "200 g pearl barley", "1 leek", "Method", "Rinse the barley.", "Serve with rye bread."),
        ("Anna Lis", "1204", "Jan Berg", "998", "Nobody asked for a second count."),
        ("Row, my lads, the tide is turning,", "row, my lads, for home.", "Mother has the candle burning,", "brother holds the comb."),
        ("Slob", "Mud that takes your boot.", "Sleech", "Mud that takes your dog."),
        ("――寂しくないですか。", "ええ、少しも。"),
    ],
)  # fmt: skip
def test_lines_between_sentences_stay(lines: tuple[str, ...]) -> None:
    article = cleaned(TITLE, *PARAGRAPHS, *lines)
    assert article.text.endswith("\n\n".join(lines))


def test_what_stands_below_the_last_sentence_goes() -> None:
    below = ("Ferry traffic", "Island life", "12 comments")
    article = cleaned(TITLE, *PARAGRAPHS, "The work begins in May.", *below)
    assert article.text.endswith("The work begins in May.")
    assert {removal.sample for removal in article.removals} >= {"Ferry traffic", "Island life"}
