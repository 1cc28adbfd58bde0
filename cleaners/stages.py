"""Cleaning, from a page to an article: the order of everything, with reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from cleaners.body import choose_body
from cleaners.boxes import BOX_BITS, box_words
try:
    from cleaners.decode import decode
except ImportError:
    def decode(body, content_type): return body.decode("utf-8","replace")
from cleaners.features import FEATURES, Scene, describe, fold_words
from cleaners.judge import KEEP_AT, likelihood, load_model
from cleaners.layout import Piece, fold_space, to_pieces
from cleaners.markup import Markup
from cleaners.metadata import read_metadata
from cleaners.models import Article, Document, Metadata, Rejection, Removal
from cleaners.page import Page
from cleaners.rules import load_rules
from cleaners.runner import Runner
from cleaners.structured import read_json_ld
from cleaners.text.boxes import drop_headed_boxes, drop_icon_labels, drop_repeated_points, drop_twins
from cleaners.text.headings import drop_empty_headings
from cleaners.text.icons import strip_icon_names
from cleaners.text.phrases import drop_phrases
from cleaners.text.players import drop_player_times
from cleaners.text.switchers import drop_switchers
from cleaners.text.titles import drop_titles
from cleaners.tree.boxes import find_named_boxes, find_tagged_boxes
from cleaners.tree.unread import find_controls, find_hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cleaners.hits import Hit, PieceHit

# Finders read the tree before anything is taken from it, so their order decides only which rule the account names.
TREE_FINDERS: tuple[Callable[[Markup, Page], Iterator[Hit]], ...] = (
    find_controls,  # what fingers press is never text
    find_hidden,  # what the page hides was not there for the reader
    find_tagged_boxes,  # nav, footer, aside say themselves what they are
    find_named_boxes,  # then names, which only hint
)
# Boxes that hold nothing of an article whatever the page; the other kinds are evidence that the judge weighs.
SURE_BOXES = frozenset(
    ("unread/control", "unread/hidden", "boxes/tag:nav", "boxes/tag:footer", "boxes/tag:menu", "boxes/tag:dialog",
     "boxes/role:navigation", "boxes/comments", "boxes/consent")
)  # fmt: skip
SECTION_TAGS = ("figure", "header", "form", "section", "article", "ul", "table")

TEXT_PASSES: tuple[Callable[[list[Piece], Page], list[PieceHit]], ...] = (
    drop_titles,  # before boxes: a title is no box's heading
    drop_player_times,
    drop_switchers,
    drop_headed_boxes,  # needs the icons that led the headings
    drop_icon_labels,  # after boxes: labels inside them belong to their account
    drop_phrases,
    drop_repeated_points,  # before twins: a point is shorter than what it repeats
    drop_twins,
    drop_empty_headings,  # last: passes before it empty sections
)


def clean(document: Document) -> Article | Rejection:
    """The article of a page, or why there is none. Never raises for anything a page holds."""
    html = decode(document.body, document.headers.get("content-type"))
    tree = LexborHTMLParser(html)
    if tree.body is None:
        return _reject(document, "no_text", "the page has no body")
    tree, metadata, page, runner, pieces, scene = prepare(document, tree)
    kept = _judge(pieces, page, scene, runner)
    kept = _apply_passes(kept, page, runner)
    if not kept:
        return _reject(document, "no_text", "nothing on the page reads like an article", tuple(runner.removals))
    return Article(
        url=document.url,
        requested_url=document.requested_url,
        site=document.site,
        fetched_at=document.fetched_at,
        metadata=metadata,
        blocks=tuple(piece.to_block() for piece in kept),
        removals=tuple(runner.removals),
    )


def prepare(document: Document, tree: LexborHTMLParser | None = None):
    if tree is None:
        tree = LexborHTMLParser(decode(document.body, document.headers.get("content-type")))
    nodes = read_json_ld(tree)
    metadata = read_metadata(tree, document)
    bodies = [node["articleBody"] for node in nodes if isinstance(node.get("articleBody"), str)]
    markup = Markup(tree, VOCABULARY)
    page = Page(
        url=document.url,
        title=metadata.title,
        titles=_titles(tree, metadata),
        language=metadata.language.split("-")[0] if metadata.language else None,
        rules=load_rules(),
    )
    runner = Runner(markup)
    marks: dict[int, int] = {}
    for finder in TREE_FINDERS:
        hits = list(finder(markup, page))
        runner.take(hit for hit in hits if hit.rule in SURE_BOXES)
        for hit in hits:
            bit = BOX_BITS.get(hit.rule.split("/", 1)[1])
            if bit and hit.node.tag not in ("body", "html"):
                marks[hit.node.mem_id] = marks.get(hit.node.mem_id, 0) | bit
    for tag in SECTION_TAGS:
        for node in tree.css(tag):
            marks[node.mem_id] = marks.get(node.mem_id, 0) | BOX_BITS[f"tag:{tag}"]
    pieces = to_pieces(tree.body, runner.gone, marks)
    body = choose_body(tree.body, pieces)
    scene = Scene(
        body=body.mem_id, description=metadata.description, article_body=max(bodies, key=len, default=None)
    )
    return tree, metadata, page, runner, pieces, scene


VOCABULARY: frozenset[str] = frozenset().union(*box_words().values())


def _titles(tree: LexborHTMLParser, metadata: Metadata) -> frozenset[str]:
    titles = {fold_words(metadata.title)} if metadata.title else set()
    for node in tree.css("h1, title, meta[property='og:title']"):
        titles.add(fold_words(node.attributes.get("content") or node.text()))
    return frozenset(titles - {""})


def _judge(pieces: list[Piece], page: Page, scene: Scene, runner: Runner) -> list[Piece]:
    rows = describe(pieces, page, scene)
    model = load_model()
    return [piece for piece, row in zip(pieces, rows, strict=True) if likelihood(row, model) >= KEEP_AT]


def _apply_passes(pieces: list[Piece], page: Page, runner: Runner) -> list[Piece]:
    out = []
    for index, piece in enumerate(pieces):
        if piece.kind == "code":
            out.append(piece)
            continue
        stripped = strip_icon_names(piece.text, page.rules.icons)
        if stripped.icons:
            runner.removals.append(
                Removal(rule="icons/name", stage="text", where=f"block {index + 1}", sample=" ".join(stripped.icons)[:200], chars=len(piece.text) - len(stripped.text))
            )
            piece.text = stripped.text
            piece.icon = stripped.icons[0] if stripped.led else None
        if piece.text:
            out.append(piece)
    for drop in TEXT_PASSES:
        out = runner.drop(out, drop(out, page))
    return out


def clean_text(text: str, *, url: str, title: str | None = None, fetched_at: datetime | None = None) -> Article | Rejection:
    """The article in somebody's earlier scrape: lines of text without markup."""
    fetched_at = fetched_at or datetime.now(UTC)
    pieces = []
    for line in text.splitlines():
        line = fold_space(line)
        if not line or line == "•":
            continue
        kind = "list_item" if line.startswith(("•", "- ", "* ")) else "paragraph"
        pieces.append(Piece(kind, line.lstrip("•*- "), 1 if kind == "list_item" else None))
    page = Page(url=url, title=title, titles=frozenset({fold_words(title)} if title else ()), language=None, rules=load_rules())
    runner = Runner(None)
    kept = _apply_passes(pieces, page, runner)
    return Article(url=url, requested_url=url, site=None, fetched_at=fetched_at, metadata=Metadata(canonical_url=url, title=title), blocks=tuple(p.to_block() for p in kept), removals=tuple(runner.removals))


def _reject(document: Document, reason: str, evidence: str, removals: tuple[Removal, ...] = ()) -> Rejection:
    return Rejection(reason=reason, evidence=evidence, url=document.url, requested_url=document.requested_url, removals=removals)
