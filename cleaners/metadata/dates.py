"""Chooses when an article was published and last changed from all that its page says."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cleaners.markup import name_words
from cleaners.metadata.datelines import (
    MODIFIED_WORDS,
    PUBLISHED_WORDS,
    is_change,
    is_dated,
    is_marked_update,
    is_named,
    is_update,
    stands_alone,
    stands_elsewhere,
    words_near,
)
from cleaners.metadata.elsewhere import is_elsewhere
from cleaners.metadata.moments import Dated, Moment, Reading, find_moment, find_moments, read_moment
from cleaners.metadata.shown import is_hidden, shown_text
from cleaners.structured import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts
    from cleaners.metadata.surroundings import Line, Surroundings

PUBLISHED_METAS = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "datepublished",
    "article.published",
    "published-date",
    "publisheddate",
    "publish-date",
    "publish_date",
    "publishdate",
    "publication_date",
    "pubdate",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date.created",
    "dcterms.created",
    "dc.date",
    "dcterms.date",
    "cxenseparse:recs:publishtime",
    "citation_publication_date",
    "citation_online_date",
    "citation_date",
    "article_date_original",
    "originalpublicationdate",
    "date",
    "article:published",
    "published",
    "created",
    "date.created",
)
MODIFIED_METAS = (
    "article:modified_time",
    "og:article:modified_time",
    "og:modified_time",
    "og:updated_time",
    "article:modified",
    "datemodified",
    "last-modified",
    "lastmod",
    "dcterms.modified",
    "dc.date.modified",
    "revised",
)
_DATE_WORDS = frozenset(
    {"date", "datetime", "time", "timestamp", "dateline", "datum", "fecha", "data", "meta", "byline"}
)
_ADDRESS_DAY = re.compile(
    r"[/-]((?:19|20)\d{2})([/_-]?)(\d{2}|(?<=[/_-])\d)\2(\d{2}|(?<=[/_-])\d)(?=[/_.-]|$)"
)
_ADDRESS_MONTH_NAME = re.compile(r"/((?:19|20)\d{2})/([a-z]{3,9})/(\d{1,2})/")
_MONTHS = dict(
    zip(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        range(1, 13),
        strict=True,
    )
)

MAX_DATE_LINE_CHARS = 160
"""A longer line is text that mentions a date."""

_LABEL = re.compile(
    r"\W{0,3}(?:this article was )?(?:originally |first )?"
    r"(?:posted|published|publish(?:ed)? date|date published|last (?:updated|modified)|updated)\b",
    re.IGNORECASE,
)

_DIGIT = re.compile(r"\d")
_PLACE = re.compile(r"[^\W\d_a-z][^\d_a-z]{2,40}[,\s]\s?(?=[\w])")
_AGENCY_DASH = re.compile(r"\s?\([^()\d]{2,40}\)\s?[-–—]")
MAX_LABELLED_LINES = 2_000
MAX_LABEL_GAP = 18
"""Characters between a label and its date: " on Wednesday, "; more is a sentence."""
NEXT_CHARS = 40
"""Characters between a headline and the end of a line that belongs to it."""
MAX_CANDIDATES = 100
MAX_READ = 8
_DATED = "[class*=date i], [class*=publish i], [class*=posted i], [class*=time i], [class*=meta i], [class*=byline i]"

Found = tuple[str, Moment]


def find_published(facts: PageFacts, reading: Reading) -> list[Found]:
    """Return every publication date the page states, the most trusted source first."""
    found: list[Found] = []
    for name in ("datePublished", "uploadDate", "dateCreated"):
        _add(found, "json-ld", read_moment(_text_of_date(facts.article.get(name)), reading))
        if found:
            break
    for name in PUBLISHED_METAS:
        for content in facts.metas.get(name, ())[:2]:
            _add(found, "meta", read_moment(content, reading))
    for name, contents in facts.metas.items():
        # Content systems name it anew: `w-published-date`, `article_publish_date`.
        if "publish" in name and "date" in name and name not in PUBLISHED_METAS:
            _add(found, "meta", read_moment(contents[0] if contents else None, reading))
    for name in ("datepublished", "datecreated"):
        for node in facts.items.get(name, ())[:3]:
            _add(found, "microdata", _of_element(node, reading))
    return found


def find_shown(facts: PageFacts, reading: Reading) -> tuple[Found | None, Moment | None]:
    """Return the likeliest date that a reader sees anywhere in the article, and the likeliest of a change.

    `<time>` goes first, then what an element's class calls a date.
    """
    updated: Moment | None = None
    times = [node for node in facts.times[:MAX_CANDIDATES] if not is_elsewhere(node)]
    times.sort(key=lambda node: not _speaks_of_publication(node))
    for node in times[:6]:
        moment = _of_element(node, reading)
        if moment is None:
            continue
        if is_change(words_near(node)) or is_update(_text_before(node)):
            updated = updated or moment
        else:
            return ("time", moment), updated
    tried = 0
    for node in _called_dates(facts):
        if tried == MAX_READ:
            break
        text = shown_text(node, limit=200)
        if not text or len(text) > MAX_DATE_LINE_CHARS or not _DIGIT.search(text) or is_elsewhere(node):
            continue
        tried += 1
        dates = list(find_moments(text, reading))
        if dates and stands_alone(text, dates, reading):
            shown, changed = _parted(text, _text_before(node), dates)
            updated = updated or changed
            if shown is not None:
                return ("visible", shown), updated
    return None, updated


def _called_dates(facts: PageFacts) -> list[LexborNode]:
    """Return the elements whose class speaks of a date, those that speak of publication first."""
    candidates = []
    for node in facts.tree.css(_DATED)[:MAX_CANDIDATES]:
        words = name_words(node.attributes.get("class") or "")
        if words & (PUBLISHED_WORDS | _DATE_WORDS) and not words & MODIFIED_WORDS:
            candidates.append((not words & PUBLISHED_WORDS, node))
    candidates.sort(key=lambda pair: pair[0])
    return [node for _, node in candidates]


def find_near_headline(
    surroundings: Surroundings, reading: Reading, *, within: int
) -> tuple[Moment | None, Moment | None]:
    """Return the date shown at most `within` characters from the headline, and the one marked there as an update.

    A date counts in an element of its own, or in a line that holds nothing but datelines and bylines do.
    """
    updated: Moment | None = None
    for lines in (surroundings.after, surroundings.before):
        previous = ""
        passed = 0
        for line in lines:
            if passed > within:
                break
            text = line.text
            passed += len(text)
            if line.numbers and len(text) <= MAX_DATE_LINE_CHARS:
                # A label may stand in a line of its own: "Last updated:" and below it the date.
                label = f"{previous} " if len(previous) < 25 and lines is surroundings.after else ""
                shown, changed = _of_line(
                    line, label, reading, surroundings.around, next_to_headline=passed <= NEXT_CHARS
                )
                updated = updated or changed
                if shown is not None:
                    return shown, updated
            previous = text
    return None, updated


def _of_line(
    line: Line, label: str, reading: Reading, around: frozenset[int], *, next_to_headline: bool
) -> tuple[Moment | None, Moment | None]:
    dates = list(find_moments(line.text, reading))
    if not dates or not (is_dated(line) or stands_alone(line.text, dates, reading, named=is_named(line))):
        return None, None
    if stands_elsewhere(line, around, next_to_headline=next_to_headline):
        return None, None
    if is_marked_update(line):
        return None, dates[0].moment
    return _parted(line.text, label, dates)


def _parted(text: str, label: str, dates: list[Dated]) -> tuple[Moment | None, Moment | None]:
    """Return the first date of a line that is not marked as an update's, and the first that is; `label` stands before it."""
    shown: Moment | None = None
    updated: Moment | None = None
    reached = 0
    for dated in dates:
        before = text[reached : dated.start]
        if is_update(before if reached else label + before):
            updated = updated or dated.moment
        else:
            shown = shown or dated.moment
        reached = dated.end
    return shown, updated


def find_agency_dateline(facts: PageFacts, reading: Reading) -> Moment | None:
    """Return the date that a text opens with, as agencies' do: "RAJSHAHI, Dec 20, 2025 (BSS) - …".

    None where the page has texts of several days: teasers open so, too.
    """
    found: dict[date, Moment] = {}
    for line in islice(facts.text.split("\n"), MAX_LABELLED_LINES):
        text = line.strip()[:120]
        place = _PLACE.match(text)
        if place is None:
            continue
        dated = next(find_moments(text, reading), None)
        if dated is not None and dated.start == place.end() and _AGENCY_DASH.match(text, dated.end):
            found.setdefault(dated.moment.at.date(), dated.moment)
    return next(iter(found.values())) if len(found) == 1 else None


def find_changes(facts: PageFacts, reading: Reading) -> list[Found]:
    """Return every date that the page gives for its last change, the most trusted source first."""
    found: list[Found] = []
    _add(found, "json-ld", read_moment(_text_of_date(facts.article.get("dateModified")), reading))
    for name in MODIFIED_METAS:
        _add(found, "meta", read_moment(facts.meta(name), reading))
    for node in facts.items.get("datemodified", ())[:3]:
        _add(found, "microdata", _of_element(node, reading))
    if found:
        return found
    for node in facts.times[:20]:
        if words_near(node) & MODIFIED_WORDS and not is_elsewhere(node):
            moment = _of_element(node, reading)
            if moment is not None:
                return [("time", moment)]
    return found


def find_in_address(address: str, reading: Reading) -> Moment | None:
    """Return the day that an address such as `/2024/05/03/` names."""
    try:
        path = urlsplit(address).path
    except ValueError:
        return None
    if match := _ADDRESS_DAY.search(path):
        return read_moment(f"{match[1]}-{match[3]}-{match[4]}", reading)
    if match := _ADDRESS_MONTH_NAME.search(path):
        month = _MONTHS.get(match[2][:3])
        return read_moment(f"{match[1]}-{month}-{match[3]}", reading) if month else None
    return None


def find_labelled(facts: PageFacts, reading: Reading) -> tuple[Moment | None, Moment | None]:
    """Return the first date that a line introduces with "Posted on" or the like, and with "Last updated:", wherever it stands."""
    label = ""
    updated: Moment | None = None
    for line in islice(
        (text for line in facts.text.split("\n") if (text := line.strip())), MAX_LABELLED_LINES
    ):
        # A label may stand in a line of its own, above its date.
        text = f"{label}{line[:MAX_DATE_LINE_CHARS]}"
        label = ""
        match = _LABEL.match(text)
        if match is None:
            continue
        dated = next(find_moments(text, reading), None)
        if dated is not None and dated.start - match.end() <= MAX_LABEL_GAP:
            if not is_update(text[: dated.start]):
                return dated.moment, updated
            updated = updated or dated.moment
        if len(line) < 25:
            label = f"{line} "
    return None, updated


def stated_days(facts: PageFacts, reading: Reading) -> Iterator[Moment]:
    """Yield the days that the page's address and its `<time datetime>` state."""
    moment = find_in_address(facts.document.url, reading)
    if moment is not None:
        yield moment
    for node in facts.times[:MAX_CANDIDATES]:
        moment = read_moment(node.attributes.get("datetime"), reading)
        if moment is not None:
            yield moment


def _text_of_date(value: Any) -> str | None:
    """Return a JSON-LD date as text; seconds since 1970 may be a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)


def _add(found: list[Found], source: str, moment: Moment | None) -> None:
    if moment is not None:
        found.append((source, moment))


def _of_element(node: LexborNode, reading: Reading) -> Moment | None:
    attributes = node.attributes
    for name in ("datetime", "content", "data-datetime", "title"):
        value = attributes.get(name)
        if value and (moment := read_moment(value, reading)) is not None:
            if moment.precision == "day" and name == "datetime":
                text = shown_text(node, limit=120)
                shown = find_moment(text, reading) if text and ":" in text else None
                if shown is not None and shown.at.date() == moment.at.date():
                    return shown
            return moment
    if is_hidden(node):
        return None
    text = shown_text(node, limit=200)
    return find_moment(text, reading) if text else None


def _text_before(node: LexborNode) -> str:
    """Return the label in front of an element, at most 40 characters."""
    before = node.prev
    if before is None:
        return ""
    return f"{before.text()[-40:].strip()} "


def _speaks_of_publication(node: LexborNode) -> bool:
    return "pubdate" in node.attributes or bool(words_near(node) & PUBLISHED_WORDS)
