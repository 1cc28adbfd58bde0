"""The guard: a rule that would take too much of a page is refused, and the account says so."""

from selectolax.lexbor import LexborHTMLParser

from cleaners.hits import PieceHit
from cleaners.layout import Piece
from cleaners.models import Article, Listed
from cleaners.runner import Runner
from cleaners.stages import clean, clean_text
from tests.cleaners.story import PARAGRAPHS, TITLE, clean_lines, document, page, rules_of


def body():
    return "".join(f"<p>{text}</p>" for text in PARAGRAPHS)


def test_refuses_named_box_that_holds_most_of_the_text():
    html = page().replace(body(), f"<div class='newsletter'>{body()}</div>")
    result = clean(document(html))
    assert isinstance(result, Article)
    assert [block.text for block in result.blocks] == PARAGRAPHS
    (refused,) = [removal for removal in result.removals if removal.refused]
    assert refused.rule == "boxes/newsletter"
    assert refused.stage == "tree"
    assert refused.where == "body > article:nth-of-type(1) > div:nth-of-type(1)"
    assert refused.sample.startswith(PARAGRAPHS[0][:60])
    assert refused.chars > sum(map(len, PARAGRAPHS))


def test_takes_comments_that_outweigh_the_article():
    comments = "".join(f"<p>I sailed on her, too. {text}</p>" for text in reversed(PARAGRAPHS * 2))
    html = page(f"<div class='comments'>{comments}</div>", at=6)
    assert clean_lines(html) == PARAGRAPHS
    assert "boxes/comments" in rules_of(html)


def test_refuses_box_around_the_title():
    html = (
        page()
        .replace("<h1>", "<div class='newsletter'><h1>")
        .replace("</h1>", f"</h1><p>{PARAGRAPHS[0]}</p></div>")
    )
    (refused,) = [removal for removal in clean(document(html)).removals if removal.refused]
    assert refused.rule == "boxes/newsletter"


def test_refuses_small_boxes_that_hold_the_article_together():
    boxes = "".join(f"<div class='newsletter'><p>{text}</p></div>" for text in PARAGRAPHS)
    result = clean(document(page().replace(body(), boxes)))
    assert isinstance(result, Article)
    assert [block.text for block in result.blocks] == PARAGRAPHS
    assert [removal.refused for removal in result.removals if removal.rule == "boxes/newsletter"] == [
        True
    ] * 6


def test_refuses_hits_of_a_text_rule_that_hold_the_article_together():
    pieces = [Piece("paragraph", text) for text in PARAGRAPHS]
    runner = Runner()
    hits = [PieceHit(piece, "headings/en:overview") for piece in pieces]
    assert runner.drop(pieces, hits[:1]) == pieces[1:]
    assert runner.drop(pieces[1:], hits[1:]) == pieces[1:]
    assert [removal.refused for removal in runner.removals] == [False] + [True] * 5


def test_account_counts_every_character_that_a_rule_took():
    comment = "What a fine ship. " * 30
    (removal,) = [
        removal
        for removal in clean(document(page(f"<div class='comments'>{comment}</div>", at=6))).removals
        if removal.rule == "boxes/comments"
    ]
    assert removal.chars == len(comment.strip())
    assert removal.sample == comment[:200]
    assert not removal.refused


def test_account_says_where_in_the_page_each_thing_stood():
    html = page(
        "<h3>Related articles</h3><ul><li><a href=/1>Storm</a></li></ul>",
        "<div id=box class=comments>Ah.</div>",
    )
    tree = LexborHTMLParser(html)
    removals = clean(document(html)).removals
    found = {removal.rule: tree.css(removal.where) for removal in removals}
    assert {rule: [node.text() for node in nodes] for rule, nodes in found.items()} == {
        "boxes/comments": ["Ah."],
        "titles/repeat": [TITLE],
        "headings/en:related articles": ["Storm"],
    }
    assert "#box" in [removal.where for removal in removals]


def test_account_counts_the_blocks_of_a_text_from_its_start():
    text = "\n".join(["4 min read", *PARAGRAPHS, "Photo: Reuters"])
    removals = clean_text(text, url="", given=Listed(url="", title=TITLE)).removals
    assert [(removal.sample, removal.where) for removal in removals] == [
        ("4 min read", "block 1"),
        ("Photo: Reuters", "block 8"),
    ]
