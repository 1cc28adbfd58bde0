"""The survey: what a page offers, before anybody judges it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cleaners.boxes import BOX_BITS, box_words
from cleaners.layout import BLOCK_TAGS, lay_out
from cleaners.markup import Markup
from cleaners.page import Page
from cleaners.rules import load_rules
from cleaners.runner import MAX_SHARE, ROOT_TAGS, Runner
from cleaners.text.icons import strip_icon_names
from cleaners.tree.boxes import find_named_boxes, find_tagged_boxes
from cleaners.tree.icons import find_icons
from cleaners.tree.unread import find_controls, find_hidden
from cleaners.words import fold_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser

    from cleaners.hits import Hit
    from cleaners.layout import Layout, Piece
    from cleaners.models import Metadata
    from cleaners.rules import Icons

# Finders read the tree and change nothing, so their order decides only which rule the account names.
TREE_FINDERS: tuple[Callable[[Markup, Page], Iterator[Hit]], ...] = (
    find_controls,  # what fingers press is never text
    find_hidden,  # what the page hides was not there for the reader
    find_tagged_boxes,  # nav, footer, aside say themselves what they are
    find_named_boxes,  # then names, which only hint
)
# Boxes that go by themselves; the other kinds are evidence that the judge weighs. Of the text inside those named here,
# references count 2.4 % (newsletter, tags) to 7.7 % (captions, which stand with their pictures in the record) as the
# article's; of widgets 68 %, of advertisements 37 %.
SURE_BOXES = frozenset(
    ("unread/control", "unread/hidden", "boxes/tag:nav", "boxes/tag:footer", "boxes/tag:menu", "boxes/tag:dialog",
     "boxes/role:navigation", "boxes/comments", "boxes/consent", "boxes/newsletter", "boxes/author",
     "boxes/breadcrumb", "boxes/tags", "boxes/donate", "boxes/unprinted", "boxes/caption")
)  # fmt: skip
SECTION_TAGS = ("figure", "header", "form", "section", "article", "ul", "table")
MARKED_BODY = {
    "itemprop": frozenset(("articleBody",)),
    "property": frozenset(("schema:articleBody", "articleBody")),
}
"""Per attribute, the words that mark the article's body."""
# A headline longer than this is a paragraph set as one.
MAX_TITLE_CHARS = 250
_VOCABULARY: frozenset[str] = frozenset().union(*box_words().values())


@dataclass(slots=True, kw_only=True)
class Survey:
    """One page, laid out and without its sure boxes."""

    page: Page
    layout: Layout
    shown: list[Piece]
    """All pieces, with those of the boxes taken."""
    runner: Runner
    title_piece: Piece | None
    """The first piece that says the title, or the first heading of the first level; None where there is none."""


def survey(tree: LexborHTMLParser, metadata: Metadata, url: str) -> Survey:
    """Find a page's boxes, take the sure ones, and lay out the rest in pieces."""
    rules = load_rules()
    markup = Markup(tree, _VOCABULARY)
    page = Page(
        url=url,
        title=metadata.title,
        titles=_titles(markup, metadata, rules.icons),
        description=fold_words(metadata.description or ""),
        language=metadata.language.split("-")[0] if metadata.language else None,
        rules=rules,
    )
    runner = Runner(markup)
    # Before the hidden elements: many an icon is hidden from screen readers only, and what it led should be known.
    icons = runner.take_icons(find_icons(markup, page))
    hits = [hit for finder in TREE_FINDERS for hit in finder(markup, page) if hit.node.place not in icons]
    sure = [hit for hit in hits if hit.rule in SURE_BOXES]
    # Inside a line of text: to be left out before the line is put together.
    runner.take_labels(_inline(markup, (hit for hit in sure if hit.rule.startswith("unread/"))))
    layout = lay_out(markup, runner.gone, icons)
    runner.take(sure, layout, _guarded(markup))
    _mark(layout, _marks(markup, hits, layout))
    shown = list(layout.pieces)
    if runner.gone:
        gone = runner.gone.keys()
        layout.pieces = [
            piece
            for piece in layout.pieces
            if piece.node is None or gone.isdisjoint(layout.chain(piece.node.place))
        ]
    return Survey(
        page=page, layout=layout, shown=shown, runner=runner, title_piece=_title_piece(layout, page)
    )


def article_body(nodes: tuple[dict[str, Any], ...]) -> str | None:
    """The longest body text that a page's structured data gives, or None."""
    bodies = [node["articleBody"] for node in nodes if isinstance(node.get("articleBody"), str)]
    return max(bodies, key=len, default=None)


def _guarded(markup: Markup) -> frozenset[int]:
    """`place` of the elements around the titles and the marked bodies."""
    inside = markup.tagged("h1")
    for attribute, marks in MARKED_BODY.items():
        inside += [
            element
            for element in markup.having(attribute)
            if not marks.isdisjoint((element.attributes[attribute] or "").split())
        ]
    guarded: set[int] = set()
    for element in inside:
        for around in element.self_and_ancestors():
            if around.place in guarded:
                break
            guarded.add(around.place)
    return frozenset(guarded)


def _marks(markup: Markup, hits: list[Hit], layout: Layout) -> dict[int, int]:
    """The box bits of each element that a finder or its tag speaks for.

    A named element that holds a third of the text is a wrapper ("has-sidebar", "ad-free-article"), not a box.
    """
    marks: dict[int, int] = {}
    for hit in hits:
        bit = BOX_BITS.get(hit.rule.split("/", 1)[1])
        key = hit.node.place
        if (
            bit
            and hit.node.tag not in ROOT_TAGS
            and layout.prose.get(key, 0) <= MAX_SHARE * layout.page_prose
        ):
            marks[key] = marks.get(key, 0) | bit
    for tag in SECTION_TAGS:
        for element in markup.tagged(tag):
            marks[element.place] = marks.get(element.place, 0) | BOX_BITS[f"tag:{tag}"]
    return marks


def _mark(layout: Layout, marks: dict[int, int]) -> None:
    """Give each piece the bits of all boxes around it."""
    boxes: dict[int, int] = {}
    # An element stands behind the one around it.
    for key, outer in layout.parents.items():
        boxes[key] = boxes.get(outer, 0) | marks.get(key, 0)
    for piece in layout.pieces:
        if piece.node is not None:
            piece.boxes = boxes.get(piece.node.place, 0)


def _inline(markup: Markup, hits: Iterable[Hit]) -> Iterator[Hit]:
    """The hits whose elements are a part of a line: no blocks, and none inside."""
    blocks = [element.place for element in markup.elements if element.tag in BLOCK_TAGS]
    for hit in hits:
        element = hit.node
        following = bisect_left(blocks, element.place)
        if following == len(blocks) or blocks[following] > element.end:
            yield hit


def _titles(markup: Markup, metadata: Metadata, icons: Icons) -> frozenset[str]:
    """Every spelling of the title on the page, folded."""
    texts = [metadata.title or ""]
    said = markup.tagged("h1", "title")
    said += [
        element
        for element in markup.having("property")
        if element.tag == "meta" and element.attributes["property"] == "og:title"
    ]
    texts += [element.attributes.get("content") or element.node.text() for element in said]
    # A title that ends in an icon's name meets pieces that have lost theirs.
    texts += [strip_icon_names(text, icons).text for text in texts]
    return frozenset(title for title in map(fold_words, texts) if 0 < len(title) <= MAX_TITLE_CHARS)


def _title_piece(layout: Layout, page: Page) -> Piece | None:
    for piece in layout.pieces:
        if piece.kind == "heading" and piece.level == 1 and piece.link_share < 0.5:
            return piece
    return next((piece for piece in layout.pieces if fold_words(piece.text) in page.titles), None)
