"""Openings: what must follow the first words of a line before they make it a call, a label or a credit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.rules.fold import strip_ornaments
from cleaners.shape import ends_sentence
from cleaners.words import UNSPACED

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.rules import PhraseMatch

# A line that opens like "Read also:" or "Photo:" and is longer than this carries text of its own.
MAX_OPENED_CHARS = 220
# Without a sentence's end, a line of no more is a label, a headline or a name; words without spaces say it in fewer.
MAX_LABEL_CHARS = 100
MAX_UNSPACED_LABEL_CHARS = 40
# After a label, so much in lower case that ends like a sentence goes on with one: "Photo: that is all she wrote."
MIN_GOING_ON_CHARS = 40
LINKED_SHARE = 0.25
# So many words at the start of a whole sentence are nobody's but an interface's; above the first paragraph and below the
# last, one fewer.
SURE_WORDS = 4
SURE_UNSPACED_CHARS = 8
CALL_KINDS = frozenset(
    ("newsletter", "subscribe", "app", "donate", "follow", "share", "consent", "comments", "feedback")
)
"""Calls say what to do: a short last line of an article does not begin with two words of them, nor one beside another."""
# These say who made a text, and articles speak of authors and of dates as well: whole sentences only at the edges.
EDGE_KINDS = frozenset(
    ("author", "tail", "credit", "caption", "date_line", "reading_time", "related", "correction")
)
_CONTACT = re.compile(r"@|https?:|www\.|©|\(c\)", re.IGNORECASE)
_LABEL_END = re.compile(r"[:：|｜=＝]\s*")
_UNSPACED = re.compile(f"[{UNSPACED}]")


def may_be_opened(piece: Piece) -> bool:
    """Whether a piece may be a call.

    A list of an article may well have a point that opens like one; a call in a list is a link.
    """
    return len(piece.text) <= MAX_OPENED_CHARS and (piece.kind != "list_item" or piece.links > 0)


def is_opened(piece: Piece, match: PhraseMatch, *, at_edge: bool) -> bool:
    """Whether the rest of a piece makes of its opening what the rules take it for.

    `at_edge`: it stands above the first paragraph or below the last, or, where it is a call, beside another. An opening without a colon may begin a sentence of
    the article ("Video by a bystander shows …"): it counts before a name, a link or an address, or alone, or where it has
    more words than a sentence is likely to begin with by chance.
    """
    text = piece.text
    if piece.link_share >= LINKED_SHARE or _CONTACT.search(text):
        return True
    opening = match.rule.partition(":")[2]
    if opening.endswith(":"):
        rest = _LABEL_END.split(text, maxsplit=1)[-1]
        goes_on = rest[:1].islower() and len(rest) >= MIN_GOING_ON_CHARS and ends_sentence(rest)
        return not goes_on
    if _UNSPACED.match(opening):
        rest_words = len(strip_ornaments(text)) - len(opening)
        is_sure = len(opening) >= (SURE_UNSPACED_CHARS - 3 if at_edge else SURE_UNSPACED_CHARS)
        label_chars = MAX_UNSPACED_LABEL_CHARS
    else:
        opening_words = opening.count(" ") + 1
        rest_words = len(text.split()) - opening_words
        is_short_call = match.kind in CALL_KINDS and not piece.is_prose
        edge_words = SURE_WORDS - 2 if is_short_call else SURE_WORDS - 1
        is_sure = opening_words >= (edge_words if at_edge else SURE_WORDS)
        label_chars = MAX_LABEL_CHARS
    if rest_words <= 0:
        return True
    if is_sure and (at_edge or match.kind not in EDGE_KINDS):
        return True
    return piece.kind != "heading" and len(text) <= label_chars and not ends_sentence(text)
