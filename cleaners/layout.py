"""Layout: the blocks of a page in reading order, with what its markup tells of each."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cleaners.markup import UNREAD_TAGS
from cleaners.models import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from cleaners.markup import Element, Markup

# Elements that start a line of their own; everything else is inline and never glues or splits words.
BLOCK_TAGS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "li",
        "legend",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
# These part the words before and after them like a space does.
PARTING_TAGS = frozenset(("button", "img", "picture", "label"))
LAYOUT_TAGS = frozenset(("div", "table", "ul", "ol", "h1", "h2", "h3", "blockquote"))
GROUP_TAGS = frozenset(("ul", "ol", "dl", "table"))
HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Soft hyphen, zero-width space, word joiner, byte order mark, and the bidi embeddings and overrides that turn text
# around; ZWJ and ZWNJ stay (Persian, Indic scripts and emoji need them).
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


# C0 and C1 but what counts as white space.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_RAISED = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
_RAISABLE = re.compile("[-−]?[0-9]{1,4}")


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
    node: Element | None = field(default=None, repr=False)
    """The element that holds the text; None for text without markup."""
    boxes: int = 0
    """The named boxes around it, one bit each (`cleaners.boxes.BOX_BITS`)."""
    depth: int = 0
    """Elements between it and the root of the walk."""
    group: int = 0
    """`place` of the list or table that it is part of, or 0."""
    icon: str | None = None
    """The icon name that led the text before it was stripped."""

    @property
    def link_share(self) -> float:
        """Share of the text that stands inside links, 0 to 1."""
        return self.link_chars / len(self.text) if self.text else 0.0

    @property
    def is_prose(self) -> bool:
        """Whether it reads like a sentence or more: long, and not mostly link.

        80 characters part labels and headlines from sentences on 935 news pages: 96 % of shorter pieces are neither.
        Scripts that write a word in one or two characters need half.
        """
        return len(self.text) >= (80 if self.text.isascii() else 40) and self.link_chars < 0.5 * len(
            self.text
        )

    def to_block(self) -> Block:
        """The finished block."""
        return Block(kind=self.kind, text=self.text, level=self.level)


@dataclass(slots=True)
class Layout:
    """A page's pieces and where they stand in its tree."""

    pieces: list[Piece]
    parents: dict[int, int]
    """`place` of the element around each element walked; the root has none."""
    cuts: list[tuple[int, int]] = field(default_factory=list)
    """Where skipped elements stood: how many pieces came before, and the element's `place`."""
    prose: Counter[int] = field(default_factory=Counter)
    """Characters of running text inside an element, by its `place`."""
    page_prose: int = 0

    _chains: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def chain(self, node_id: int) -> tuple[int, ...]:
        """`place` of an element and of those around it, from the inside out."""
        chains = self._chains
        known = chains.get(node_id)
        if known is not None:
            return known
        steps = []
        step: int | None = node_id
        while step is not None and step not in chains:
            steps.append(step)
            step = self.parents.get(step)
        chain = chains[step] if step is not None else ()
        for step in reversed(steps):
            chain = chains[step] = (step, *chain)
        return chain


def fold_space(text: str) -> str:
    """White space folded to single blanks, line feeds kept, invisible and control characters gone."""
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    if "\n" not in text:
        return drop_controls(" ".join(text.split()))
    return "\n".join(drop_controls(" ".join(line.split())) for line in text.split("\n")).strip("\n")


def drop_controls(text: str) -> str:
    """The text without characters that steer a terminal; tabs and line breaks stay."""
    # Nearly all text is printable, which is told in a tenth of the time that looking for each control takes.
    return text if text.isprintable() else _CONTROLS.sub("", text)


class _Writer:
    """Collects text until a block ends."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.parts: list[str] = []
        self.link_chars = 0
        self.links = 0
        self.strong_chars = 0
        self.icon: str | None = None
        self.icon_depth = 0
        self.has_words = False
        """Whether the block has anything but white space so far."""

    def add(self, text: str, *, is_code: bool, in_link: bool, in_strong: bool) -> None:
        """Add a run of text to the block."""
        self.has_words = True
        self.parts.append(text if is_code else text.replace("\n", " "))
        if in_link or in_strong:
            visible = len(text.strip())
            self.link_chars += visible if in_link else 0
            self.strong_chars += visible if in_strong else 0

    def raise_digits(self, text: str) -> str:
        """A number set above the line: behind another one, it would read as more digits of it (10<sup>6</sup>)."""
        before = self.parts[-1][-1:] if self.parts else ""
        return text.translate(_RAISED) if before.isdigit() and _RAISABLE.fullmatch(text.strip()) else text

    def add_icon(self, name: str, depth: int) -> None:
        """Part the words around an icon, and remember it where it stands first."""
        if not self.has_words:
            self.icon, self.icon_depth = name, depth
        self.parts.append(" ")

    def leave(self, depth: int) -> None:
        """Leave an element: an icon leads what follows in its own parent, no more."""
        if depth < self.icon_depth:
            self.icon = None

    def end(self, holder: Element, kind: BlockKind, level: int | None, depth: int, group: int) -> None:
        """Close the block that was being written, if it has text."""
        if not self.parts:
            return
        if self.has_words:
            self._write(holder, kind, level, depth, group)
        self.parts = []
        self.has_words = False
        self.link_chars = self.links = self.strong_chars = 0

    def _write(self, holder: Element, kind: BlockKind, level: int | None, depth: int, group: int) -> None:
        text = "".join(self.parts)
        text = drop_controls(text.strip("\n")) if kind == "code" else fold_space(text)
        if not text or text.isspace():
            return
        for run in [text] if kind == "code" else text.split("\n\n"):
            line = run.strip("\n")
            if not line:
                continue
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
                    depth=depth,
                    group=group,
                    icon=self.icon,
                )
            )
            self.icon = None


def lay_out(  # noqa: C901, PLR0912, PLR0915 - one loop over the tree, taken 1,500 times a page
    markup: Markup,
    skipped: Container[int] = (),
    icons: Mapping[int, str] | None = None,
) -> Layout:
    """The pieces of a page's body, in document order, without the elements whose `place` is in `skipped`.

    `icons` gives the name that an icon's element prints; the name is left out and the piece that it leads bears it. A row
    of a data table becomes one piece, its cells joined by ` | `. A line break stays a line feed; two of them part pieces.
    """
    icons = icons or {}
    writer = _Writer()
    parents: dict[int, int] = {}
    cuts: list[tuple[int, int]] = []
    body = markup.body
    element = body
    kind: BlockKind = "paragraph"
    level: int | None = None
    group = 0
    in_link = in_strong = False
    is_block = True
    unread = 0
    # What was so around each open element: (element, kind, level, group, in link, in strong, is block)
    around: list[tuple[Element, BlockKind, int | None, int, bool, bool, bool]] = []
    for item in markup.content[body.place + 1 : body.end]:
        if unread:
            # Inside an element that is not read: how many are open, with it.
            if item is None:
                unread -= 1
            elif not isinstance(item, str):
                unread += 1
        elif item is None:
            if is_block:
                writer.end(element, kind, level, len(around), group)
                writer.leave(len(around))
            elif element.tag in PARTING_TAGS:
                writer.parts.append(" ")
            element, kind, level, group, in_link, in_strong, is_block = around.pop()
        elif isinstance(item, str):
            if item.isspace():
                writer.parts.append(item if kind == "code" else " ")
            elif item:
                is_raised = element.tag == "sup" or (
                    element.parent is not None and element.parent.tag == "sup"
                )
                text = writer.raise_digits(item) if is_raised else item
                writer.add(text, is_code=kind == "code", in_link=in_link, in_strong=in_strong)
        else:
            tag, key = item.tag, item.place
            if tag in UNREAD_TAGS:
                unread = 1
                continue
            if key in skipped:
                cuts.append((len(writer.pieces), key))
                unread = 1
                continue
            parents[key] = element.place
            if key in icons:
                writer.add_icon(icons[key], len(around) + 1)
                unread = 1
                continue
            around.append((element, kind, level, group, in_link, in_strong, is_block))
            element = item
            is_block = tag in BLOCK_TAGS and not (kind == "table" and tag != "tr")
            if is_block:
                writer.end(around[-1][0], kind, level, len(around), group)
                kind, level = _kind_below(markup, item, kind, level)
                if tag in GROUP_TAGS:
                    group = key
            elif tag == "a":
                in_link = True
                writer.links += 1
            elif tag in PARTING_TAGS:
                writer.parts.append(" ")
            elif tag == "br":
                writer.parts.append("\n")
            elif tag in ("b", "strong"):
                in_strong = True
            elif kind == "table" and tag in ("td", "th"):
                writer.parts.append(" | " if writer.has_words else "")
                writer.has_words = True
    writer.end(body, kind, level, 0, group)
    layout = Layout(writer.pieces, parents, cuts)
    for piece in layout.pieces:
        if piece.node is not None and piece.is_prose:
            layout.page_prose += len(piece.text)
            for outer in layout.chain(piece.node.place):
                layout.prose[outer] += len(piece.text)
    return layout


def _kind_below(
    markup: Markup, element: Element, kind: BlockKind, level: int | None
) -> tuple[BlockKind, int | None]:
    """The kind that text directly below this element has."""
    tag = element.tag
    if tag in HEADINGS:
        return "heading", HEADINGS[tag]
    if tag == "li":
        return "list_item", (level or 0) + 1 if kind == "list_item" else 1
    if tag == "blockquote":
        return "quote", None
    if tag == "pre":
        return "code", None
    if tag == "tr" and _is_data_table(markup, element):
        return "table", None
    if kind in ("quote", "list_item", "code", "heading"):
        return kind, level
    return "paragraph", None


def _is_data_table(markup: Markup, row: Element) -> bool:
    """Whether a row's cells hold data, not the page's layout: none holds a block other than a lone paragraph."""
    if any(element.tag in LAYOUT_TAGS for element in markup.below(row)):
        return False
    # Asked of the row first: few rows hold paragraphs, and a row may have thousands of cells.
    if _paragraphs(markup, row) < 2:
        return True
    cells = [element for element in markup.below(row) if element.parent is row]
    return all(_paragraphs(markup, cell) < 2 for cell in cells if cell.tag in ("td", "th"))


def _paragraphs(markup: Markup, element: Element) -> int:
    return sum(inner.tag == "p" for inner in markup.below(element))
