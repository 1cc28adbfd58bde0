"""Two revisions side by side: which paragraphs stand across from each other, and which of their words differ."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.service.revisions import RevisionChange, TextPiece

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff"
# Of a script without spaces, each character is a word.
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|\s+|[^\w\s]")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_MOST_TOKENS = 1_500
"""Of two paragraphs with more, no words are compared: that takes time that grows with the square of this."""
_LEAST_ALIKE = 0.3
"""Paragraphs that have fewer words in common are two, not one that was changed."""
_MOST_COMPARISONS, _MOST_CHARS = 400, 40_000
"""Of paragraphs with each other, and of all of them; where more was changed in a row, none are paired."""
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
    """Pair paragraphs in their order, so that the pairs have the most in common."""
    first = second = 0
    for one, other in [*_find_pairs(old, new), (len(old), len(new))]:
        yield from (_alone(text, "removed") for text in old[first:one])
        yield from (_alone(text, "added") for text in new[second:other])
        if one < len(old):
            before, after = compare_words(old[one], new[other])
            yield Row(kind="changed", before=before, after=after)
        first, second = one + 1, other + 1


def _find_pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    chars = sum(map(len, old)) + sum(map(len, new))
    if len(old) * len(new) > _MOST_COMPARISONS or chars > _MOST_CHARS:
        return []
    # The most that can be had in common from a place in each on, and what to do there.
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]] = {}
    for one in range(len(old), -1, -1):
        for other in range(len(new), -1, -1):
            if one == len(old) or other == len(new):
                best[one, other] = (0.0, ())
                continue
            choices = [best[one + 1, other], best[one, other + 1]]
            alike = _measure(old[one], new[other])
            if alike >= _LEAST_ALIKE:
                total, pairs = best[one + 1, other + 1]
                choices.append((total + alike, ((one, other), *pairs)))
            best[one, other] = max(choices, key=lambda choice: choice[0])
    return list(best[0, 0][1])


def _measure(old: str, new: str) -> float:
    """Say how much two paragraphs have in common, 0 to 1."""
    words, new_words = _WORD.findall(old), _WORD.findall(new)
    matcher = difflib.SequenceMatcher(None, words, new_words, autojunk=False)
    quick = matcher.quick_ratio()
    return quick if quick < _LEAST_ALIKE or len(words) + len(new_words) > _MOST_TOKENS else matcher.ratio()


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
