"""What the publisher says that it has put right since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.metadata.shown import shown_text
from cleaners.structured import text_of

if TYPE_CHECKING:
    from cleaners.metadata.facts import PageFacts

MAX_CORRECTIONS = 20
MAX_CORRECTION_CHARS = 2_000
MIN_CORRECTION_CHARS = 20
"""Shorter ones are the heading of a note, or a link to report an error."""
# Parts of classes, by which content systems mark such notes in the languages that their names are written in.
_MARKS = ("correction", "correccion", "correzion", "korrektur", "berichtigung", "erratum", "rectificati")
_SELECTOR = ", ".join(f"[class*={mark} i]" for mark in _MARKS)


def find_corrections(facts: PageFacts) -> tuple[str, ...]:
    """Return the notes by JSON-LD (`correction`) and those that the page shows and marks, each once, in that order."""
    given = facts.article.get("correction")
    found: dict[str, str] = {}
    for value in given[:MAX_CORRECTIONS] if isinstance(given, list) else [given]:
        note = facts.resolve(value)
        if isinstance(note, dict):
            # A schema.org CorrectionComment.
            note = note.get("text") or note.get("description") or note
        if text := text_of(note, limit=MAX_CORRECTION_CHARS):
            found[text.casefold()] = text
    for node in facts.tree.css(_SELECTOR)[:MAX_CORRECTIONS]:
        if node.css_first("form, button, a[href^='mailto:']") is not None:
            continue
        text = shown_text(node, limit=MAX_CORRECTION_CHARS) or ""
        if len(text) >= MIN_CORRECTION_CHARS and not any(text.casefold() in known for known in found):
            found[text.casefold()] = text
    return tuple(found.values())[:MAX_CORRECTIONS]
