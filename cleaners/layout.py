"""Pieces: the blocks of a page with what its markup tells of them, in reading order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cleaners.models import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from selectolax.lexbor import LexborNode

# Elements that start a line of their own; everything else is inline and never glues or splits words.
BLOCK_TAGS = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr li legend main menu nav ol p pre section summary table "
    "tbody td tfoot th thead tr ul amp-accordion".split()
)
# What stands inside these is not text.
UNREAD_TAGS = frozenset(
    "script style noscript template svg math iframe object embed canvas audio video head title input select option "
    "textarea datalist progress meter map".split()
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Controls and figures between two runs of text part them like a space does.
PARTING_TAGS = frozenset("button img picture label".split())
_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" ?\n ?")
# Zero-width characters that no script needs, soft hyphens and bidi overrides; ZWJ and ZWNJ stay (Persian, Indic, emoji).
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@dataclass(slots=True, eq=False)
class Piece:
    """One block in the making."""

    kind: BlockKind
    text: str
    level: int | None = None
    link_chars: int = 0
    """Characters of `text` that stand inside links."""
    links: int = 0
    strong_chars: int = 0
    """Characters of `text` set in bold."""
    node: LexborNode | None = field(default=None, repr=False)
    """The element that holds the text; None for text without markup."""
    boxes: int = 0
    """The named boxes around it, one bit each (`cleaners.boxes.BOX_BITS`)."""
    depth: int = 0
    """Elements between it and the root of the walk."""
    icon: str | None = None
    """The icon name that led the text before it was stripped."""

    @property
    def link_share(self) -> float:
        """Share of the text that stands inside links, 0 to 1."""
        return self.link_chars / len(self.text) if self.text else 0.0

    def to_block(self) -> Block:
        """The finished block."""
        return Block(kind=self.kind, text=self.text, level=self.level)


def fold_space(text: str) -> str:
    """White space folded to single blanks, line feeds kept, invisible characters gone."""
    text = _SPACES.sub(" ", text.translate(_INVISIBLE))
    return _LINE_ENDS.sub("\n", text).strip()


class _Writer:
    """Collects text until a block ends."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.parts: list[str] = []
        self.link_chars = 0
        self.links = 0
        self.strong_chars = 0

    def end(self, holder: LexborNode, kind: BlockKind, level: int | None, boxes: int, depth: int) -> None:
        if not self.parts:
            return
        text = "".join(self.parts)
        text = text.strip("\n") if kind == "code" else fold_space(text)
        if text and not text.isspace():
            for run in [text] if kind == "code" else text.split("\n\n"):
                line = run.strip("\n") if kind == "code" else run.strip()
                if line:
                    share = len(line) / len(text)
                    self.pieces.append(
                        Piece(
                            kind,
                            line,
                            level,
                            link_chars=min(len(line), round(self.link_chars * share)),
                            links=self.links,
                            strong_chars=min(len(line), round(self.strong_chars * share)),
                            node=holder,
                            boxes=boxes,
                            depth=depth,
                        )
                    )
        self.parts = []
        self.link_chars = self.links = self.strong_chars = 0


def to_pieces(root: LexborNode, gone: Container[int] = (), marks: Mapping[int, int] | None = None) -> list[Piece]:
    """The pieces below an element, in document order, without the elements whose `mem_id` is in `gone`.

    `marks` gives the box bits of an element by its `mem_id`; what stands inside inherits them. A row of a data table
    becomes one piece, its cells joined by ` | `. A line break stays a line feed; two of them part pieces.
    """
    marks = marks or {}
    writer = _Writer()
    # An explicit stack: pages with 100,000 nested elements exist, and Python's own would not hold them.
    # (node, entering, kind, level, in link, in strong, boxes, depth)
    stack: list[tuple[LexborNode, bool, BlockKind, int | None, bool, bool, int, int]] = [
        (root, True, "paragraph", None, False, False, marks.get(root.mem_id, 0), 0)
    ]
    while stack:
        node, entering, kind, level, in_link, in_strong, boxes, depth = stack.pop()
        if not entering:
            writer.end(node, kind, level, boxes, depth)
            continue
        tag = node.tag
        if tag == "-text":
            text = node.text_content or ""
            if kind != "code" and "\n" in text:
                text = text.replace("\n", " ")
            writer.parts.append(text)
            if in_link or in_strong:
                visible = len(text.strip())
                writer.link_chars += visible if in_link else 0
                writer.strong_chars += visible if in_strong else 0
            continue
        if tag is None or tag in UNREAD_TAGS or (tag[0] == "-" and depth) or node.mem_id in gone:
            continue
        boxes |= marks.get(node.mem_id, 0)
        if tag == "br":
            writer.parts.append("\n")
            continue
        if tag in PARTING_TAGS:
            writer.parts.append(" ")
        elif tag == "a":
            in_link = True
            writer.links += 1
        elif tag in ("b", "strong"):
            in_strong = True
        elif tag in ("td", "th") and kind == "table":
            writer.parts.append(" | " if "".join(writer.parts).strip() else "")
        if tag in BLOCK_TAGS and not (kind == "table" and tag != "tr"):
            writer.end(node.parent or node, kind, level, boxes, depth)
            kind, level = _kind_below(node, tag, kind, level)
            stack.append((node, False, kind, level, in_link, in_strong, boxes, depth))
        child = node.last_child
        while child is not None:
            stack.append((child, True, kind, level, in_link, in_strong, boxes, depth + 1))
            child = child.prev
    writer.end(root, "paragraph", None, 0, 0)
    return writer.pieces


def _kind_below(node: LexborNode, tag: str, kind: BlockKind, level: int | None) -> tuple[BlockKind, int | None]:
    """The kind that text directly below this element has."""
    if tag in HEADINGS:
        return "heading", HEADINGS[tag]
    if tag == "li":
        return "list_item", (level or 0) + 1 if kind == "list_item" else 1
    if tag == "blockquote":
        return "quote", None
    if tag == "pre":
        return "code", None
    if tag == "tr" and is_data_table(node):
        return "table", None
    if kind in ("quote", "list_item", "code", "heading"):
        return kind, level
    return "paragraph", None


def is_data_table(row: LexborNode) -> bool:
    """Whether a row's cells hold data, not the page's layout: none holds a block other than a lone paragraph."""
    cell = row.child
    while cell is not None:
        if cell.tag in ("td", "th") and (
            len(cell.css("p")) > 1 or cell.css_first("div, table, ul, ol, h1, h2, h3, blockquote") is not None
        ):
            return False
        cell = cell.next
    return True
