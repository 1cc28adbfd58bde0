"""What an address alone says of the page behind it: an article's, a section's, an author's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_DATE = re.compile(r"/(19|20)\d\d[/-]?(0?[1-9]|1[0-2])([/-]?[0-3]?\d)?(?=[/-]|$)")
_ONLY_DATE = re.compile(r"/(19|20)\d\d([/-](0?[1-9]|1[0-2])([/-][0-3]?\d)?)?/?$")
_ID = re.compile(r"\d{5,}")
_SHORT_ID = re.compile(r"\d+")
_PAGE_SUFFIX = re.compile(r"\.(html?|php|aspx?|ece|cms|shtml)$", re.IGNORECASE)
_QUERY_ID = re.compile(r"(^|&)(p|id|article|newsid|storyid|articleid|nid|sid|idx?)=\d+", re.IGNORECASE)
_QUERY_PAGE = re.compile(
    r"(^|&)(page|paged|pg|offset|start|sort|order|filter|return|redirect|next)=", re.IGNORECASE
)
# Names of what is no article, in the languages of the seeds; found as whole segments.
_OTHER_KINDS = re.compile(
    r"/(tags?|topics?|themen?|tema|temas|temi|sujets?|etiket(en|ler)?|keywords?|stichwort|dossiers?|categor(y|ies|ia|ias|ie)"
    r"|authors?|autor(en|es|i|zy)?|auteurs?|autore|yazar(lar)?|avtory?|people|staff|profiles?|users?|account|my"
    r"|log-?in|sign-?(in|up)|register|subscri(be|ption)s?|abo|search|suche|about(-us)?|contact(-us)?|kontakt|impressum"
    r"|privacy|datenschutz|terms|imprint|newsletters?|rss|feeds?|shop|jobs?|help|faq|archives?|page|seite|sitemap"
    r"|advertis(e|ing)|mediadaten|careers?|cookies?|legal|events?|calendar)(/|$|\.)",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"^(terms-(and|of|und)-|privacy-|cookie-|about-(us|the)|contact-|nutzungsbedingungen|agb|mentions-legales|aviso-legal"
    r"|politica-de-)",
    re.IGNORECASE,
)
_MANY_WORDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address, weighed."""

    score: int
    """2 and more: an article's even where nothing else speaks for it; below 0: hardly one."""
    shape: str
    """The address with its numbers made equal: articles of many sites differ in nothing else."""

    @classmethod
    def of(cls, url: str) -> Address:
        """Weigh an absolute address."""
        return cls(score=_score(url), shape=_SHORT_ID.sub("0", url))


def _score(url: str) -> int:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path and not parts.query:
        return -5
    slug, words = _find_slug(path)
    score = 0
    if _DATE.search(path):
        score += 2
    if _ID.search(path) or _QUERY_ID.search(parts.query):
        score += 2
    elif _SHORT_ID.search(path.rpartition("/")[2]) and _PAGE_SUFFIX.search(path):
        score += 1
    if words >= 4:
        score += 2
    elif words == 3 or len(slug) >= 40:
        score += 1
    if _ONLY_DATE.search(path) or _QUERY_PAGE.search(parts.query):
        return score - 5
    return score - _find_doubt(path, slug, words, score)


def _find_slug(path: str) -> tuple[str, int]:
    """The wordier one of the last two segments, and its number of words: some end in `/story` or an id."""
    slugs = [_PAGE_SUFFIX.sub("", segment) for segment in path.split("/")[-2:] if segment]
    counted = [
        (len([word for word in re.split(r"[-_+,]| ", unquote(slug)) if word and not word.isdigit()]), slug)
        for slug in reversed(slugs)
    ]
    words, slug = max(counted, key=lambda entry: entry[0], default=(0, ""))
    return slug, words


def _find_doubt(path: str, slug: str, words: int, score: int) -> int:
    kind = _OTHER_KINDS.search(path + "/")
    if _LEGAL.search(slug) and words <= _MANY_WORDS:
        return 3
    if kind is None:
        return int(score == 0 and path.count("/") <= 1)
    # `/author/ada-reed/what-she-wrote-on-that-day` and `/archive/63076` are articles all the same.
    behind = [segment for segment in path[kind.end() :].split("/") if segment]
    if len(behind) >= 2 and words >= 4:
        return 1
    if kind[1].lower().startswith("archive") and _ID.search(path):
        return 1
    return 3 if words < _MANY_WORDS or len(behind) < 2 else 1
