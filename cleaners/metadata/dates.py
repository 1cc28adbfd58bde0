"""Chooses when an article was published and last changed from all that its page says."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cleaners.markup import name_words
from cleaners.metadata.moments import Moment, Reading, find_moment, find_moments, read_moment
from cleaners.metadata.shown import is_hidden, shown_text
from cleaners.structured import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts
    from cleaners.metadata.surroundings import Surroundings

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
_PUBLISHED_WORDS = frozenset(
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
_MODIFIED_WORDS = frozenset({"updated", "modified", "update", "lastmod", "edited", "lastmodified"})
_DATE_WORDS = frozenset(
    {"date", "datetime", "time", "timestamp", "dateline", "datum", "fecha", "data", "meta", "byline"}
)
_ELSEWHERE_WORDS = frozenset(
    {
        "comment", "comments", "related", "sidebar", "teaser", "recommended", "recommendations", "footer", "carousel", "popular",
        "trending", "copyright", "newsletter", "nav", "menu", "promo", "swiper",
    }
)  # fmt: skip
# Builders of pages name every box a widget; only the bare class means the page's frame.
_ELSEWHERE_TOKENS = frozenset({"widget", "card", "cards", "latest", "recent", "archive"})
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

_UPDATE_MARK = re.compile(
    r"updat|modif|revis|edited|aktualisiert|geändert|stand:|mis(?:e)? à jour|actuali[sz]|aggiornat|atuali[sz]|bijgewerkt|gewijzigd"
    r"|oppdatert|opdateret|uppdaterad|päivitetty|aktualiz|frissít|actualizat|güncelle|обновл|оновл|ενημ|تحديث|به‌روز|更新|수정|cập nhật|diperbarui",
    re.IGNORECASE,
)

_LABEL = re.compile(
    r"\W{0,3}(?:this article was )?(?:originally |first )?"
    r"(?:posted|published|publish(?:ed)? date|date published|last (?:updated|modified)|updated)\b",
    re.IGNORECASE,
)

MAX_LABELLED_LINES = 2_000
MAX_LABEL_GAP = 18
"""Characters between a label and its date: " on Wednesday, "; more is a sentence."""
MAX_CANDIDATES = 100
_DATED = "[class*=date i], [class*=publish i], [class*=posted i], [class*=time i], [class*=meta i], [class*=byline i]"

Found = tuple[str, Moment]


def find_published(facts: PageFacts, reading: Reading) -> list[Found]:
    """Return every publication date the page states, the most trusted source first."""
    found: list[Found] = []
    for name in ("datePublished", "uploadDate", "dateCreated"):
        _add(found, "json-ld", read_moment(text_of(facts.article.get(name)), reading))
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


def find_shown(facts: PageFacts, reading: Reading) -> Found | None:
    """Return the likeliest date that a reader sees anywhere in the article: `<time>` first, then by the class's name."""
    times = [node for node in facts.times[:MAX_CANDIDATES] if not is_elsewhere(node)]
    times.sort(key=lambda node: not _speaks_of_publication(node))
    for node in times[:6]:
        words = _words_near(node)
        if words & _MODIFIED_WORDS and not words & _PUBLISHED_WORDS:
            continue
        moment = _of_element(node, reading)
        if moment is not None:
            return ("time", moment)
    candidates = []
    for node in facts.tree.css(_DATED)[:MAX_CANDIDATES]:
        words = name_words(node.attributes.get("class") or "")
        if words & (_PUBLISHED_WORDS | _DATE_WORDS) and not words & _MODIFIED_WORDS:
            candidates.append((not words & _PUBLISHED_WORDS, node))
    candidates.sort(key=lambda pair: pair[0])
    tried = 0
    for _, node in candidates:
        if tried == 8:
            break
        text = shown_text(node, limit=200)
        if (
            text
            and len(text) <= MAX_DATE_LINE_CHARS
            and any(c.isdigit() for c in text)
            and not is_elsewhere(node)
        ):
            tried += 1
            moment = find_moment(text, reading)
            if moment is not None:
                return ("visible", moment)
    return None


def find_near_headline(
    surroundings: Surroundings, reading: Reading, *, within: int
) -> tuple[Moment | None, Moment | None]:
    """Return the date shown at most `within` characters from the headline, and the one marked there as an update."""
    updated: Moment | None = None
    for lines in (surroundings.after, surroundings.before):
        previous = ""
        passed = 0
        for line in lines:
            if passed > within:
                break
            text = line.text
            passed += len(text)
            if len(text) <= MAX_DATE_LINE_CHARS:
                # A label may stand in a line of its own: "Last updated:" and below it the date.
                label = f"{previous} " if len(previous) < 25 and lines is surroundings.after else ""
                shown, changed = _marked(label + text, reading)
                updated = updated or changed
                if shown is not None:
                    return shown, updated
            previous = text
    return None, updated


def _marked(text: str, reading: Reading) -> tuple[Moment | None, Moment | None]:
    shown: Moment | None = None
    updated: Moment | None = None
    previous = 0
    for start, moment in find_moments(text, reading):
        if _UPDATE_MARK.search(text, max(previous, start - 40), start):
            updated = updated or moment
        else:
            shown = shown or moment
        previous = start + 4
    return shown, updated


def find_modified(facts: PageFacts, reading: Reading) -> Found | None:
    """Return when the page says it was last changed."""
    moment = read_moment(text_of(facts.article.get("dateModified")), reading)
    if moment is not None:
        return ("json-ld", moment)
    for name in MODIFIED_METAS:
        moment = read_moment(facts.meta(name), reading)
        if moment is not None:
            return ("meta", moment)
    for node in facts.items.get("datemodified", ())[:3]:
        moment = _of_element(node, reading)
        if moment is not None:
            return ("microdata", moment)
    for node in facts.times[:20]:
        if _words_near(node) & _MODIFIED_WORDS and not is_elsewhere(node):
            moment = _of_element(node, reading)
            if moment is not None:
                return ("time", moment)
    return None


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


def find_labelled(facts: PageFacts, reading: Reading) -> Moment | None:
    """Return the first date that a line introduces with "Posted on", "Last updated:" or the like, wherever it stands."""
    label = ""
    for line in islice(
        (text for line in facts.text.split("\n") if (text := line.strip())), MAX_LABELLED_LINES
    ):
        # A label may stand in a line of its own, above its date.
        text = f"{label}{line[:MAX_DATE_LINE_CHARS]}"
        label = ""
        match = _LABEL.match(text)
        if match is None:
            continue
        for start, moment in find_moments(text, reading):
            if start - match.end() <= MAX_LABEL_GAP:
                return moment
            break
        if len(line) < 25:
            label = f"{line} "
    return None


def stated_days(facts: PageFacts, reading: Reading) -> Iterator[Moment]:
    """Yield the days that the page's address and its `<time datetime>` state."""
    moment = find_in_address(facts.document.url, reading)
    if moment is not None:
        yield moment
    for node in facts.times[:MAX_CANDIDATES]:
        moment = read_moment(node.attributes.get("datetime"), reading)
        if moment is not None:
            yield moment


def is_elsewhere(node: LexborNode) -> bool:
    """Tell whether an element stands among comments, teasers or in the page's frame instead of in the article."""
    current: LexborNode | None = node
    for _ in range(8):
        if current is None or current.tag in {"body", "article", "main"}:
            return False
        if current.tag in {"footer", "nav"} or (current.tag == "aside"):
            return True
        attributes = current.attributes
        name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        if len(name) > 1 and _names_elsewhere(name):
            return True
        current = current.parent
    return False


# Of the elements on a page, many have the same name, or stand in the same few.
@lru_cache(maxsize=1_000)
def _names_elsewhere(name: str) -> bool:
    return not (
        _ELSEWHERE_WORDS.isdisjoint(name_words(name)) and _ELSEWHERE_TOKENS.isdisjoint(name.lower().split())
    )


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


def _words(names: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(name_words(name) for name in names)) if names else frozenset()


def _words_near(node: LexborNode) -> frozenset[str]:
    attributes = node.attributes
    name = f"{attributes.get('class') or ''} {attributes.get('itemprop') or ''} {attributes.get('data-testid') or ''}"
    parent = node.parent
    if parent is not None:
        name += " " + (parent.attributes.get("class") or "")
    return name_words(name) if name.strip() else frozenset()


def _speaks_of_publication(node: LexborNode) -> bool:
    return "pubdate" in node.attributes or bool(_words_near(node) & _PUBLISHED_WORDS)
