"""Two revisions side by side: which paragraphs stand across from each other, and which of their words differ."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.service.revisions import RevisionChange, TextPiece

# Of a script without spaces, each character is a word.
_TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff]|\w+|\s+|[^\w\s]")
_MOST_TOKENS = 3_000
"""Of two paragraphs with more, no words are compared: that takes time that grows with the square of this."""
_LEAST_ALIKE = 0.3
"""Paragraphs that have less in common are two, not one that was changed."""
_KEPT_AROUND = 1
"""Paragraphs that did not change, shown before and after those that did."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some words in a row."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One paragraph in both revisions."""

    kind: Literal["same", "changed", "added", "removed", "skipped"]
    before: tuple[Span, ...] = ()
    after: tuple[Span, ...] = ()
    count: int = 0
    """Of `skipped`: paragraphs that are alike and left out."""


def to_rows(change: RevisionChange) -> list[Row]:
    """Lay the texts out side by side; of paragraphs that did not change, those beside changed ones."""
    rows: list[Row] = []
    pieces = list(change.text)
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        if piece.change == "same":
            rows += _to_same(piece, is_first=not place, is_last=place == len(pieces) - 1)
            place += 1
            continue
        added = pieces[place + 1] if place + 1 < len(pieces) and pieces[place + 1].change == "added" else None
        if piece.change == "removed" and added is not None:
            rows += _pair(piece.text.split("\n\n"), added.text.split("\n\n"))
            place += 2
            continue
        rows += (_alone(text, piece.change) for text in piece.text.split("\n\n"))
        place += 1
    return rows


def _to_same(piece: TextPiece, *, is_first: bool, is_last: bool) -> Iterator[Row]:
    texts = piece.text.split("\n\n")
    head = 0 if is_first else _KEPT_AROUND
    tail = 0 if is_last else _KEPT_AROUND
    hidden = len(texts) - head - tail
    for number, text in enumerate(texts):
        if hidden > 1 and number == head:
            yield Row(kind="skipped", count=hidden)
        if hidden <= 1 or number < head or number >= len(texts) - tail:
            spans = (Span(text, is_changed=False),)
            yield Row(kind="same", before=spans, after=spans)


def _alone(text: str, change: str) -> Row:
    spans = (Span(text, is_changed=True),)
    return Row(kind="added", after=spans) if change == "added" else Row(kind="removed", before=spans)


def _pair(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    """Pair paragraphs in their order, each with the next one that says nearly the same."""
    place = 0
    for text in old:
        partner = next(
            (number for number in range(place, len(new)) if _is_alike(text, new[number])),
            None,
        )
        if partner is None:
            yield _alone(text, "removed")
            continue
        for number in range(place, partner):
            yield _alone(new[number], "added")
        before, after = compare_words(text, new[partner])
        yield Row(kind="changed", before=before, after=after)
        place = partner + 1
    for number in range(place, len(new)):
        yield _alone(new[number], "added")


def _is_alike(old: str, new: str) -> bool:
    matcher = difflib.SequenceMatcher(None, _TOKEN.findall(old), _TOKEN.findall(new), autojunk=False)
    return (
        matcher.real_quick_ratio() >= _LEAST_ALIKE
        and matcher.quick_ratio() >= _LEAST_ALIKE
        and (len(old) + len(new) > _MOST_TOKENS * 4 or matcher.ratio() >= _LEAST_ALIKE)
    )


def compare_words(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Give both texts in spans, those words changed that the other has not.

    >>> compare_words("a red ship", "a blue ship")[1]
    (Span(text='a ', is_changed=False), Span(text='blue', is_changed=True), Span(text=' ship', is_changed=False))
    """
    words, new_words = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(words) + len(new_words) > _MOST_TOKENS:
        return (Span(old, is_changed=True),), (Span(new, is_changed=True),)
    before: list[Span] = []
    after: list[Span] = []
    matcher = difflib.SequenceMatcher(None, words, new_words, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if a < b:
            before.append(Span("".join(words[a:b]), is_changed=kind != "equal"))
        if c < d:
            after.append(Span("".join(new_words[c:d]), is_changed=kind != "equal"))
    return tuple(before), tuple(after)
