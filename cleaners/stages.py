"""Cleaning, from a page to an article: the order of everything, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from cleaners.body import choose_body
from cleaners.boxes import telling_box
from cleaners.decode import decode
from cleaners.dirty import read_scrape
from cleaners.explanation import Explanation, Part
from cleaners.features import FEATURES, Scene, describe
from cleaners.hits import PieceHit
from cleaners.judge import load_judge
from cleaners.language import with_detected_language
from cleaners.layout import Piece
from cleaners.metadata import GIVEN, read_metadata, with_given
from cleaners.models import Article, Document, Listed, Metadata, Rejection, Removal
from cleaners.page import Page
from cleaners.page_type import TOO_SHORT_STATED_CHARS, find_rejection, reading_length
from cleaners.refusal import find_overlength, find_refusal
from cleaners.rules import load_rules
from cleaners.runner import Runner
from cleaners.series import heads_to_keep
from cleaners.structured import read_json_ld
from cleaners.survey import Survey, article_body, survey
from cleaners.text.boxes import (
    drop_headed_boxes,
    drop_icon_labels,
    drop_repeated_points,
    drop_standfirst,
    drop_twins,
)
from cleaners.text.captions import drop_credited_captions
from cleaners.text.edges import drop_edges
from cleaners.text.further import drop_further_articles
from cleaners.text.headings import drop_empty_headings
from cleaners.text.icons import strip_icon_names, strip_icon_word
from cleaners.text.links import drop_labelled_links
from cleaners.text.phrases import drop_phrases
from cleaners.text.players import drop_player_times
from cleaners.text.signatures import drop_signatures
from cleaners.text.switchers import drop_switchers
from cleaners.text.titles import drop_titles
from cleaners.urls import name_of
from cleaners.witness import WITNESS_FEATURES, add_witness, read_witness
from cleaners.words import fold_words, words

Pass = Callable[[list[Piece], Page], list[PieceHit]]

# Before the judge: what has a mark of its own. The judge would part a box's heading from its points.
MARKED_PASSES: tuple[Pass, ...] = (
    drop_further_articles,  # before titles, of which the headlines of other articles are none
    drop_titles,  # before boxes: a title is no box's heading
    drop_standfirst,  # before boxes: the summary's points tell it
    drop_player_times,
    drop_switchers,
    drop_headed_boxes,  # needs the icons that led the headings
    drop_icon_labels,  # after boxes: labels inside them belong to their account
)
# After the judge: what only stands out from the article once the rest of the page is gone.
BODY_PASSES: tuple[Pass, ...] = (
    drop_phrases,
    drop_credited_captions,  # after phrases, which know the credits that stand alone
    drop_signatures,
    drop_labelled_links,  # after phrases, which name what they know
    drop_repeated_points,  # before twins: a point is shorter than what it repeats
    drop_twins,
    drop_empty_headings,  # last: passes before it empty sections
)

KEEP_AT = 0.45
"""A piece at or above this is the article's. From 0.40 to 0.50, F1 on held-out sites moves by less than 0.002."""
KEEP_BOXED_LINKS_AT = 0.7
"""The same for what is nothing but links inside a box that speaks against it."""
GROUP_SHARE = 0.5
"""How far the items of one list, or the rows of one table, are judged as one. From 0 to 0.8, F1 moves by 0.0003; the
rows of result tables and their head stay together."""
ASK_AT = 0.1
"""The share of doubtful text at which the witness is asked: on one page in five. Asking on every page gains nothing
more; never asking costs 0.004 of F1 on held-out sites."""


@dataclass(frozen=True, slots=True)
class Read:
    """A page ready for the judge."""

    survey: Survey
    metadata: Metadata
    nodes: tuple[dict[str, Any], ...]
    """The page's JSON-LD."""
    offered: list[Piece]
    """All that the page offered to read, before any pass."""
    scene: Scene


def clean(document: Document) -> Article | Rejection:
    """The article of a page, or why there is none. Never raises for anything a page holds."""
    return _clean(document)[0]


def explain(document: Document) -> Explanation:
    """The article of a page, or why there is none, with what became of each part of the page."""
    result, found, kept = _clean(document)
    return Explanation(result=result, parts=_parts(found, kept) if found else ())


def _clean(document: Document) -> tuple[Article | Rejection, Survey | None, list[Piece]]:
    """The result, the page as it was found (None where it was refused before reading), and the pieces kept."""
    html = decode(document.body, document.headers.get("content-type"))
    refusal = find_refusal(html)
    if refusal:
        return _reject(document, *refusal), None, []
    tree = LexborHTMLParser(html)
    if tree.body is None:
        return _reject(document, "too_short", "the page has no body"), None, []
    read = read_page(document, tree)
    runner = read.survey.runner
    refusal = find_overlength(read.survey.layout.pieces)
    if refusal:
        return _reject(document, *refusal), None, []
    kept = _run(BODY_PASSES, _judge(read, html), read.survey.page, runner)
    removals = tuple(runner.removals)
    rejection = find_rejection(
        tree, document, read.metadata, nodes=read.nodes, pieces=read.offered, kept=kept
    )
    result: Article | Rejection
    if rejection:
        result = _reject(document, *rejection, removals, read.metadata.opt_out)
    elif not _says_anything(kept):
        evidence = "nothing on the page reads like an article"
        result = _reject(document, "too_short", evidence, removals, read.metadata.opt_out)
    else:
        result = Article(
            url=document.url,
            requested_url=document.requested_url,
            site=document.site,
            fetched_at=document.fetched_at,
            metadata=with_detected_language(read.metadata, "\n".join(piece.text for piece in kept)),
            blocks=tuple(piece.to_block() for piece in kept),
            removals=removals,
        )
    return result, read.survey, kept


def clean_text(text: str, *, url: str, given: Listed | None = None) -> Article | Rejection:
    """The article in somebody's earlier scrape: lines of text without markup. It counts as fetched now.

    `given` is what is said beside it; a title that is not is looked for in the text. `url` may be empty: nobody knows it.
    """
    now = datetime.now(UTC)
    given = given or Listed(url=url)
    scrape = read_scrape(text, given.title)
    refusal = find_overlength(scrape.pieces)
    if refusal:
        return Rejection(reason=refusal[0], evidence=refusal[1], url=url, requested_url=url)
    metadata = Metadata(
        canonical_url=name_of(url),
        title=scrape.title,
        description=scrape.description,
        sources={
            **({"title": GIVEN if given.title else "text"} if scrape.title else {}),
            **({"description": "text"} if scrape.description else {}),
        },
    )
    metadata = with_detected_language(
        metadata, "\n".join(piece.text for piece in scrape.pieces if piece.is_prose)
    )
    metadata = with_given(metadata, given, now)
    page = Page(
        url=url,
        title=scrape.title,
        titles=frozenset((fold_words(scrape.title),)) if scrape.title else frozenset(),
        language=metadata.language.split("-")[0] if metadata.language else None,
        rules=load_rules(),
    )
    runner = Runner()
    runner.number(scrape.pieces)
    pieces = _strip_icons(scrape.pieces, page, runner)
    kept = _run((*MARKED_PASSES, *BODY_PASSES, drop_edges), pieces, page, runner)
    removals = tuple(runner.removals)
    chars = sum(reading_length(piece.text) for piece in kept) if _says_anything(kept) else 0
    if chars < TOO_SHORT_STATED_CHARS:
        evidence = f"{chars} characters that read like an article, fewer than {TOO_SHORT_STATED_CHARS}"
        return Rejection(reason="too_short", evidence=evidence, url=url, requested_url=url, removals=removals)
    return Article(
        url=url,
        requested_url=url,
        site=None,
        fetched_at=now,
        metadata=metadata,
        blocks=tuple(piece.to_block() for piece in kept),
        removals=removals,
    )


def read_page(document: Document, tree: LexborHTMLParser) -> Read:
    """A page without what has a mark of its own: what the judge sees, and what it is trained on."""
    nodes = read_json_ld(tree)
    metadata = read_metadata(tree, document, nodes=nodes)
    found = survey(tree, metadata, document.url)
    layout, page, runner = found.layout, found.page, found.runner
    body = choose_body(layout)
    offered = list(layout.pieces)
    title = found.title_piece
    title_at = next((index for index, piece in enumerate(offered) if piece is title), -1)
    before = {id(piece) for piece in offered[: max(title_at, 0)]}
    layout.pieces = _run(MARKED_PASSES, _strip_icons(offered, page, runner), page, runner)
    scene = Scene(
        body=body,
        title_at=-1 if title_at < 0 else sum(id(piece) in before for piece in layout.pieces),
        title_chain=frozenset(layout.chain(title.node.place) if title and title.node is not None else ()),
        description=metadata.description,
        article_body=article_body(nodes),
    )
    return Read(found, metadata, nodes, offered, scene)


def _judge(read: Read, html: str) -> list[Piece]:
    """The pieces that belong to the article; the rest is accounted for."""
    layout, runner = read.survey.layout, read.survey.runner
    rows = describe(layout, read.survey.page, read.scene)
    odds = load_judge("judge", FEATURES).likelihoods(rows)
    if doubt(layout.pieces, odds) > ASK_AT:
        said = add_witness([[] for _ in rows], layout.pieces, read_witness(html))
        rows = np.hstack((rows, said))
        odds = load_judge("judge_with_witness", FEATURES + WITNESS_FEATURES).likelihoods(rows)
    odds = judge_groups(layout.pieces, odds)
    rules = [_rule(piece, odd) for piece, odd in zip(layout.pieces, odds, strict=True)]
    for index in heads_to_keep(layout.pieces, [rule is None for rule in rules]):
        rules[index] = None
    kept: list[Piece] = []
    for rule, run in groupby(zip(layout.pieces, rules, strict=True), key=itemgetter(1)):
        pieces = [piece for piece, _ in run]
        if rule is None:
            kept += pieces
        else:
            runner.note_run(pieces, rule)
    return kept


def _rule(piece: Piece, odd: float) -> str | None:
    """By which rule a judged piece goes, or None where it stays."""
    box = telling_box(piece.boxes)
    if odd >= (KEEP_BOXED_LINKS_AT if box and piece.link_share > 0.9 else KEEP_AT):
        return None
    return f"boxes/{box}" if box else "judge/unlikely"


def doubt(pieces: Sequence[Piece], odds: Sequence[float]) -> float:
    """The share of doubtful text, next to the text that would be kept."""
    kept = sum(len(piece.text) for piece, odd in zip(pieces, odds, strict=True) if odd >= KEEP_AT)
    doubtful = sum(len(piece.text) * min(odd, 1 - odd) for piece, odd in zip(pieces, odds, strict=True))
    return doubtful / (kept + 1)


def judge_groups(pieces: Sequence[Piece], odds: Sequence[float]) -> list[float]:
    """The odds, those of a list's items and a table's rows drawn towards their common mean."""
    weighted: dict[int, float] = {}
    chars: dict[int, int] = {}
    for piece, odd in zip(pieces, odds, strict=True):
        weighted[piece.group] = weighted.get(piece.group, 0.0) + odd * len(piece.text)
        chars[piece.group] = chars.get(piece.group, 0) + len(piece.text)
    return [
        odd + GROUP_SHARE * (weighted[piece.group] / chars[piece.group] - odd) if piece.group else odd
        for piece, odd in zip(pieces, odds, strict=True)
    ]


def _strip_icons(pieces: Sequence[Piece], page: Page, runner: Runner) -> list[Piece]:
    """The pieces without icon names; those that hold nothing else go."""
    out = []
    for piece in pieces:
        stripped = strip_icon_names(piece.text, page.rules.icons) if piece.kind != "code" else None
        if stripped and not stripped.icons:
            stripped = strip_icon_word(stripped, page)
        if stripped and stripped.icons:
            runner.note_icons(piece, stripped.icons, len(piece.text) - len(stripped.text))
            if not stripped.text:
                runner.dropped[id(piece)] = runner.stripped[id(piece)]
                continue
            piece.text = stripped.text
            if stripped.led:
                piece.icon = stripped.icons[0]
        out.append(piece)
    return out


def _run(passes: tuple[Pass, ...], pieces: list[Piece], page: Page, runner: Runner) -> list[Piece]:
    for drop in passes:
        pieces = runner.drop(pieces, drop(pieces, page))
    return pieces


def _says_anything(pieces: Sequence[Piece]) -> bool:
    """Whether any piece has a word; a megabyte of brackets has none."""
    return any(words(piece.text) for piece in pieces)


def _parts(found: Survey, kept: Sequence[Piece]) -> tuple[Part, ...]:
    """All parts of the page in its order, each with what became of it."""
    runner, layout = found.runner, found.layout
    stayed = {id(piece) for piece in kept}
    cuts = list(reversed(layout.cuts))
    parts = []
    for index, piece in enumerate(found.shown):
        while cuts and cuts[-1][0] <= index:
            removal = runner.gone[cuts.pop()[1]]
            parts.append(Part(kind="paragraph", text=removal.sample, is_kept=False, removals=(removal,)))
        chain = layout.chain(piece.node.place) if piece.node is not None else []
        took = next((runner.gone[key] for key in chain if key in runner.gone), runner.dropped.get(id(piece)))
        stripped = runner.stripped.get(id(piece))
        removals = tuple(removal for removal in (took, stripped) if removal is not None)
        parts.append(
            Part(
                kind=piece.kind,
                text=piece.text,
                level=piece.level,
                is_kept=id(piece) in stayed,
                removals=removals,
            )
        )
    return tuple(parts)


def _reject(
    document: Document,
    reason: str,
    evidence: str,
    removals: tuple[Removal, ...] = (),
    opt_out: Mapping[str, Any] | None = None,
) -> Rejection:
    return Rejection(
        reason=reason,
        evidence=evidence,
        url=document.url,
        requested_url=document.requested_url,
        removals=removals,
        opt_out=opt_out,
    )
