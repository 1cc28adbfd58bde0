"""What changed from one revision of an article to the next."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMPARED = (
    "title",
    "description",
    "authors",
    "published_at",
    "modified_at",
    "language",
    "section",
    "tags",
    "paywalled",
)
"""Fields beside the text that are told where they changed."""

_MOST_PARAGRAPHS = 2_000
"""Of texts with more, only the whole is told: comparing takes time that grows with the square of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """Some paragraphs of a text."""

    change: Literal["same", "added", "removed"]
    text: str
    """The paragraphs, with an empty line between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field that has another value."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChange:
    """From one revision to the next."""

    before: int
    after: int
    fields: tuple[FieldChange, ...]
    text: tuple[TextPiece, ...]
    """The whole text, piece by piece; those that were removed stand before what came in their place."""


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> RevisionChange:
    """Compare two records of one article."""
    return RevisionChange(
        before=before["revision"],
        after=after["revision"],
        fields=tuple(
            FieldChange(field=name, before=before.get(name), after=after.get(name))
            for name in COMPARED
            if before.get(name) != after.get(name)
        ),
        text=tuple(_compare_texts(before["text"], after["text"])),
    )


def _compare_texts(before: str, after: str) -> Iterator[TextPiece]:
    old, new = before.split("\n\n"), after.split("\n\n")
    steps: Iterator[tuple[int, int, int, int, bool]]
    if max(len(old), len(new)) > _MOST_PARAGRAPHS:
        steps = iter([(0, len(old), 0, len(new), old == new)])
    else:
        found = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        steps = ((a, b, c, d, kind == "equal") for kind, a, b, c, d in found)
    for first, last, new_first, new_last, is_same in steps:
        if is_same:
            yield TextPiece(change="same", text="\n\n".join(old[first:last]))
            continue
        if first < last:
            yield TextPiece(change="removed", text="\n\n".join(old[first:last]))
        if new_first < new_last:
            yield TextPiece(change="added", text="\n\n".join(new[new_first:new_last]))
