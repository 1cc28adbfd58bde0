"""Chooses the persons that wrote an article from all that its page says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cleaners.markup import name_words
from cleaners.metadata.dates import is_elsewhere
from cleaners.metadata.facts import is_hidden, shown_text
from cleaners.metadata.names import kind_of, split_names, strip_prefix
from cleaners.structured import plain_text, text_of, types_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts

AUTHOR_METAS = (
    "author",
    "article:author",
    "article:author:name",
    "og:article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "cxenseparse:author",
    "article_author",
    "citation_author",
    "byl",
    "dcsext.author",
)
_BYLINE_WORDS = frozenset(
    {
        "author", "authors", "byline", "bylines", "autor", "autoren", "autorin", "autores", "auteur", "auteurs", "autore", "autori",
        "verfasser", "writer", "writers", "written-by", "posted-by", "reporter", "authorname", "author-name", "contributor",
    }
)  # fmt: skip
_NOT_NAME_WORDS = frozenset(
    {"bio", "biography", "description", "avatar", "image", "img", "photo", "social", "follow", "twitter", "date", "time", "role", "job", "email", "picture", "icon"}
)


@dataclass(frozen=True, slots=True)
class Credit:
    """The names that one source gives."""

    source: str
    persons: tuple[str, ...]
    organisations: tuple[str, ...]
    raw: str


def find_credits(facts: PageFacts, site_names: frozenset[str]) -> Iterator[Credit]:
    """Yield who the page names as its authors, a source at a time, the most trusted first."""
    yield from _stated(facts, site_names)
    yield from _shown(facts, site_names)
    listed = facts.document.listed
    if listed is not None and listed.authors:
        credit = _credit("listing", [text for a in listed.authors if (text := plain_text(a))], site_names)
        if credit:
            yield credit


def choose_credit(credits: list[Credit]) -> Credit | None:
    """Return the first source that names a person, else the first that names an organisation."""
    for credit in credits:
        if credit.persons:
            return credit
    return credits[0] if credits else None


def _stated(facts: PageFacts, site_names: frozenset[str]) -> Iterator[Credit]:
    for key in ("author", "creator"):
        value = facts.article.get(key)
        if value:
            credit = _of_json_ld(facts, value, site_names)
            if credit:
                yield credit
                break
    for name in AUTHOR_METAS:
        credit = _credit(f"meta", facts.metas.get(name, [])[:20], site_names)
        if credit:
            yield credit
    names = []
    for node in facts.items.get("author", ())[:20]:
        if not is_elsewhere(node):
            inner = node.css_first("[itemprop~=name]")
            text = plain_text(node.attributes.get("content") or "") or _name_text(inner or node)
            if text:
                names.append(text)
    credit = _credit("microdata", names, site_names)
    if credit:
        yield credit


def _shown(facts: PageFacts, site_names: frozenset[str]) -> Iterator[Credit]:
    names = [text for node in facts.author_links if not is_elsewhere(node) and (text := _name_text(node))]
    credit = _credit("rel-author", names[:10], site_names)
    if credit:
        yield credit
    tried = 0
    for node, tokens in facts.classed:
        words = frozenset().union(*(name_words(token) for token in tokens)) if tokens else frozenset()
        if not words & _BYLINE_WORDS or words & _NOT_NAME_WORDS:
            continue
        if tried == 12:
            return
        tried += 1
        if is_elsewhere(node) or is_hidden(node):
            continue
        text = shown_text(node, limit=300)
        if not text or len(text) > 200:
            continue
        links = [t for link in node.css("a")[:10] if (t := _name_text(link)) and kind_of(t, site_names) == "person"]
        credit = _credit("byline", links if links and len(links) < 8 else [text], site_names, shown=True)
        if credit:
            yield credit


def _of_json_ld(facts: PageFacts, value: Any, site_names: frozenset[str]) -> Credit | None:
    values: list[Any] = []
    for item in value if isinstance(value, list) else [value]:
        values.extend(item if isinstance(item, list) else [item])
    persons: list[str] = []
    organisations: list[str] = []
    raw: list[str] = []
    for item in values[:50]:
        node = facts.resolve(item)
        name = text_of(node, limit=1_000)
        if not name:
            continue
        raw.append(name)
        kinds = types_of(node) if isinstance(node, dict) else frozenset()
        is_person = "Person" in kinds
        for part in split_names(name, verbatim=True):
            kind = kind_of(part, site_names)
            if kind == "none":
                continue
            if any(k.endswith("Organization") for k in kinds) or (kind == "organisation" and not is_person):
                organisations.append(part)
            else:
                persons.append(part)
    if not persons and not organisations:
        return None
    return Credit("json-ld", tuple(dict.fromkeys(persons)), tuple(dict.fromkeys(organisations)), "; ".join(raw)[:1_000])


def _credit(source: str, texts: list[str], site_names: frozenset[str], *, shown: bool = False) -> Credit | None:
    persons: dict[str, str] = {}
    organisations: dict[str, str] = {}
    for text in texts:
        for name in split_names(text, verbatim=not shown):
            kind = kind_of(name, site_names)
            if kind == "person":
                persons.setdefault(name.casefold(), name)
            elif kind == "organisation":
                organisations.setdefault(name.casefold(), name)
    if not persons and not organisations:
        return None
    return Credit(source, tuple(persons.values()), tuple(organisations.values()), "; ".join(texts)[:1_000])


def _name_text(node: LexborNode) -> str | None:
    text = shown_text(node, limit=200)
    return strip_prefix(text) if text and len(text) <= 120 else None
