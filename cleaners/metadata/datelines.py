"""Tells a dateline from prose, a teaser or a footer that mentions a date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.markup import name_words
from cleaners.metadata.elsewhere import box_elsewhere, is_weak
from cleaners.metadata.months import is_weekday, month_number
from cleaners.metadata.words import load_byline_words, load_dateline_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.moments import Dated, Reading
    from cleaners.metadata.surroundings import Line

MODIFIED_WORDS = frozenset({"updated", "modified", "update", "lastmod", "edited", "lastmodified", "changed"})
PUBLISHED_WORDS = frozenset(
    {
        "published",
        "publish",
        "publishdate",
        "publisheddate",
        "pubdate",
        "datepublished",
        "posted",
        "publication",
        "published-at",
        "released",
    }
)
_DATE_WORDS = frozenset(
    {"date", "dates", "datetime", "timestamp", "dateline", "datum", "fecha", "tarih", "дата", "day"}
)
_BYLINE_WORDS = frozenset({"meta", "byline", "info", "author", "submitted", "details", "time"})
_BLOCK_CHARS = 200
"""An element with more text than this is no date's own, whatever it is called."""
_MAX_OTHER_WORDS = 16
"""Names, roles and places beside the date of a byline."""
_MAX_OTHER_CHARS = 40
"""The same in scripts that know no capitals, of which half may be prose."""
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LAST_WORD = re.compile(r"([^\W\d_]{1,40}(?:['’][^\W\d_]{1,20})?)[\s.:]{0,6}$")
_FIRST_WORD = re.compile(r"[\s.,]{0,6}([^\W\d_]{1,40}(?:['’][^\W\d_]{1,20})?)")
_CLOSED = re.compile(r"[^\w\s.'’\"”“»«]\s*$")
"""Punctuation that sets a date off from what stands before it; a full stop ends sentences, too."""
_SENTENCE_END = re.compile(r"[.。！？!؟?।]\s*$")
# Chinese and Japanese set no spaces within a clause; names of persons and papers are shorter.
_CLAUSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{9}")
_BAR = re.compile(r"[|｜·•●∙▪]")
_OPEN = re.compile(r"\s*[.,]?\s*(?:[^\w\s.,'’\"”“»«]|$)")


def is_update(text: str) -> bool:
    """Tell whether what stands before a date says that something was changed then."""
    return load_dateline_words().updated.search(text.casefold()) is not None


def stands_alone(text: str, dates: Sequence[Dated], reading: Reading, *, named: bool = False) -> bool:
    """Tell whether a line holds nothing but dates and what bylines hold: labels, names, roles, reading times.

    `named`: it stands in an element that is called after bylines, which may hold anything beside its dates.
    """
    if "©" in text or "copyright" in text.casefold():
        return False
    reached, rest, barred = 0, [], True
    for dated in dates:
        before, after = text[reached : dated.start], text[dated.end :]
        if not (
            _is_set_off(before, _CLOSED, _LAST_WORD, reading)
            and _is_set_off(after, _OPEN, _FIRST_WORD, reading)
        ):
            return False
        own = f"{_BAR.split(before)[-1]} {_BAR.split(after)[0]}"
        barred = barred and _BAR.search(text) is not None and not _has_prose(own, reading)
        rest.append(before)
        reached = dated.end
    if named or barred:
        return True
    rest.append(text[reached:])
    others = [word for part in rest for word in _WORDS.findall(part) if not _belongs(word, reading)]
    if len(others) > _MAX_OTHER_WORDS or any(word[0].islower() for word in others):
        return False
    caseless = [word for word in others if not word[0].isupper()]
    if caseless and (_SENTENCE_END.search(text) or any(_CLAUSE.search(word) for word in caseless)):
        return False
    return sum(map(len, caseless)) <= _MAX_OTHER_CHARS


def _has_prose(text: str, reading: Reading) -> bool:
    return any(not word[0].isupper() and not _belongs(word, reading) for word in _WORDS.findall(text))


def _is_set_off(text: str, edge: re.Pattern[str], nearest: re.Pattern[str], reading: Reading) -> bool:
    if not text.strip() or (edge.search(text) if edge is _CLOSED else edge.match(text)):
        return True
    match = nearest.search(text) if edge is _CLOSED else nearest.match(text)
    return match is None or _belongs(match[1], reading, names=False)


def _belongs(word: str, reading: Reading, *, names: bool = True) -> bool:
    """Tell whether a word is one of datelines: a label, a weekday, a month; with `names` also one of bylines."""
    words, bylines = load_dateline_words(), load_byline_words()
    folded = word.casefold()
    if folded in words.labels or folded in words.between or folded in words.durations:
        return True
    if names and (
        folded in bylines.joiners or folded in bylines.organisations or folded in bylines.particles
    ):
        return True
    return (
        bylines.openers.fullmatch(folded) is not None
        or words.updated.match(folded) is not None
        or is_weekday(word, reading.languages)
        or month_number(word, reading.languages) is not None
    )


def is_dated(line: Line) -> bool:
    """Tell whether a line's numbers stand in an element that is a date's own: `<time>`, or one called after dates."""
    return any(_is_dates_own(node) for node in line.numbers)


def is_named(line: Line) -> bool:
    """Tell whether a line's numbers stand in an element that is called after bylines and the like."""
    return any(words_near(node) & _BYLINE_WORDS for node in line.numbers)


def stands_elsewhere(line: Line, around: frozenset[int], *, next_to_headline: bool) -> bool:
    """Tell whether a line's numbers stand among comments or teasers or in the page's frame.

    `around`: the elements that the headline stands in, by `mem_id`; what is theirs is the article's, whatever they
    are called.
    """
    return any(
        (box := box_elsewhere(node)) is not None
        and box.mem_id not in around
        and not (next_to_headline and is_weak(box))
        for node in line.numbers
    )


def is_marked_update(line: Line) -> bool:
    """Tell whether the markup calls all of a line's numbers those of a change."""
    return bool(line.numbers) and all(is_change(words_near(node)) for node in line.numbers)


def is_change(words: frozenset[str]) -> bool:
    """Tell whether an element's names speak of a change, and not of the publication, too."""
    return bool(words & MODIFIED_WORDS) and not words & PUBLISHED_WORDS


def words_near(node: LexborNode) -> frozenset[str]:
    """Return the words that an element and the one around it are called by."""
    attributes = node.attributes
    name = f"{attributes.get('class') or ''} {attributes.get('itemprop') or ''} {attributes.get('data-testid') or ''}"
    parent = node.parent
    if parent is not None:
        name += " " + (parent.attributes.get("class") or "")
    return name_words(name) if name.strip() else frozenset()


def _is_dates_own(node: LexborNode) -> bool:
    current: LexborNode | None = node
    for _ in range(3):
        if current is None or current.tag in {"body", "article", "main"}:
            return False
        if current.tag == "time":
            return True
        attributes = current.attributes
        name = f"{attributes.get('class') or ''} {attributes.get('itemprop') or ''} {attributes.get('data-testid') or ''}"
        if name.strip() and name_words(name) & (_DATE_WORDS | PUBLISHED_WORDS):
            return len(current.text()) <= _BLOCK_CHARS
        current = current.parent
    return False
