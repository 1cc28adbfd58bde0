"""The lines of text around a page's headline, where bylines and dates stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cleaners.metadata.shown import BREAK_TAGS, UNSHOWN_TAGS, is_hidden, shown_text
from cleaners.structured import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts

_DIGIT = re.compile(r"\d")
MAX_STEPS = 600
"""Nodes walked near a headline."""
CHARS_AFTER = 1_200
CHARS_BEFORE = 250


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as a reader sees it near the headline."""

    text: str
    links: tuple[tuple[str, str], ...] = ()
    """Address as written and text of each link in the line."""
    numbers: tuple[LexborNode, ...] = ()
    """The elements whose own text holds digits."""


class Lines:
    """Lines that are read from the tree only as far as somebody asks."""

    def __init__(self, walk: Iterator[Line]) -> None:
        self._walk = walk
        self._read: list[Line] = []

    def __iter__(self) -> Iterator[Line]:
        position = 0
        while True:
            if position == len(self._read):
                line = next(self._walk, None)
                if line is None:
                    return
                self._read.append(line)
            yield self._read[position]
            position += 1


class Surroundings:
    """What stands around the headline."""

    def __init__(self, facts: PageFacts, title: str | None) -> None:
        self._facts = facts
        self._title = title
        self.alts: list[str] = []
        """Alternative texts of the pictures among the lines read so far."""

    @cached_property
    def after(self) -> Lines:
        """The lines below the headline, in reading order; none where the page shows no headline."""
        return Lines(self._lines(forward=True, limit=CHARS_AFTER))

    @cached_property
    def before(self) -> Lines:
        """The lines above the headline, the nearest first."""
        return Lines(self._lines(forward=False, limit=CHARS_BEFORE))

    @cached_property
    def around(self) -> frozenset[int]:
        """The `mem_id` of each element that the headline stands in."""
        found = set()
        node = self._headline
        while node is not None:
            found.add(node.mem_id)
            node = node.parent
        return frozenset(found)

    def _lines(self, *, forward: bool, limit: int) -> Iterator[Line]:
        headline = self._headline
        return _walk(headline, self.alts, forward=forward, limit=limit) if headline is not None else iter(())

    @cached_property
    def _headline(self) -> LexborNode | None:
        """The shown headline that reads most like the title."""
        shown = [node for node in self._facts.h1s[:10] if not is_hidden(node)]
        if len(shown) < 2:
            return shown[0] if shown else None
        wanted = set((self._title or "").casefold().split())
        return max(
            shown, key=lambda node: len(wanted & set((shown_text(node, limit=500) or "").casefold().split()))
        )


def _walk(start: LexborNode, alts: list[str], *, forward: bool, limit: int) -> Iterator[Line]:
    collected = _Parts(alts, forward=forward)
    length = 0
    node, inside = start, False
    for _ in range(MAX_STEPS):
        step = _step(node, inside=inside, forward=forward)
        if step is None or length > limit:
            break
        node, inside = step
        tag = node.tag
        if tag == "body":
            # What stands beside it is the head.
            break
        if tag == "-text":
            text = node.text()
            collected.texts.append(text)
            if _DIGIT.search(text) and (parent := node.parent) is not None:
                collected.numbers.append(parent)
            length += len(text.strip())
            continue
        if tag in BREAK_TAGS and collected.texts and (line := collected.end_line()) is not None:
            yield line
        if inside:
            inside = collected.enter(node, tag)
    if (line := collected.end_line()) is not None:
        yield line


class _Parts:
    """What the line in the making is made of."""

    def __init__(self, alts: list[str], *, forward: bool) -> None:
        self.texts: list[str] = []
        self.numbers: list[LexborNode] = []
        self._forward = forward
        self._alts = alts
        self._links: list[tuple[str, str]] = []

    def enter(self, node: LexborNode, tag: str | None) -> bool:
        """Note an element; False where readers see nothing of it or a caption of another thing."""
        if tag in UNSHOWN_TAGS or tag in {"body", "figure"} or is_hidden(node):
            return False
        if tag == "img":
            if alt := node.attributes.get("alt"):
                self._alts.append(alt.strip())
        elif tag == "a" and (href := node.attributes.get("href")) and (text := shown_text(node, limit=200)):
            self._links.append((href, text))
        if (before := node.prev) is not None and before.tag == tag:
            self.texts.append(" ")
        return True

    def end_line(self) -> Line | None:
        text = "".join(self.texts if self._forward else reversed(self.texts))
        # Between two elements stands mostly white space.
        plain = None if text.isspace() else plain_text(text, markup=False)
        line = Line(plain, tuple(self._links), tuple(self.numbers)) if plain else None
        self.texts.clear()
        self.numbers.clear()
        self._links.clear()
        return line


def _step(node: LexborNode, *, inside: bool, forward: bool) -> tuple[LexborNode, bool] | None:
    """Return the next node in document order (or against it), and whether it is entered for the first time."""
    if inside:
        child = node.first_child if forward else node.last_child
        if child is not None:
            return child, True
    beside = node.next if forward else node.prev
    if beside is not None:
        return beside, True
    parent = node.parent
    return (parent, False) if parent is not None else None
