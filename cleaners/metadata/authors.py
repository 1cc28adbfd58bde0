"""Chooses the persons that wrote an article from all that its page says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from cleaners.markup import name_words
from cleaners.metadata.elsewhere import is_elsewhere
from cleaners.metadata.names import (
    is_handle,
    is_site,
    kind_of,
    looks_like_name,
    opens_byline,
    split_names,
    strip_prefix,
    without_other_hands,
)
from cleaners.metadata.shown import is_hidden, shown_lines, shown_text
from cleaners.structured import plain_text, text_of, types_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts
    from cleaners.metadata.surroundings import Line, Surroundings
    from cleaners.models import Listed

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
    "byl",
    "dcsext.author",
    "twitter:misc:written by",
)
_BYLINE_WORDS = frozenset(
    {
        "author", "authors", "byline", "bylines", "autor", "autoren", "autorin", "autores", "auteur", "auteurs", "autore", "autori",
        "verfasser", "writer", "writers", "written-by", "posted-by", "reporter", "authorname", "author-name", "contributor",
    }
)  # fmt: skip
_NOT_NAME_WORDS = frozenset(
    {
        "bio",
        "biography",
        "description",
        "avatar",
        "image",
        "img",
        "photo",
        "social",
        "follow",
        "twitter",
        "date",
        "role",
        "job",
        "email",
        "picture",
    }
)
_AUTHOR_ADDRESS = re.compile(
    r"/(?:authors?|autor(?:en|es|i)?|auteurs?|people|profiles?|profil|contributors?|writers?|staff|team|by|experts?|journalists?|yazarlar?)/[^/?#]|[?&_]author=",
    re.IGNORECASE,
)
_SIGNATURES = (
    "written by",
    "posted by",
    "article by",
    "story by",
    "words by",
    "authored by",
    "contributed by",
)
_LOOSE_SOURCES = frozenset({"byline", "signed"})
_CREDITED = (
    # Each costs a twentieth of a millisecond a page; "aut" stands for author, autor and auteur.
    "[class*=aut i], [class*=byline i], [class*=verfasser i], [class*=writer i], [class*=reporter i],"
    " [data-testid*=author i], [data-testid*=byline i]"
)
MAX_BYLINES = 12
EVIDENCE_LINES = 6
"""Lines below the headline in which a byline is looked for where the head has named the authors."""
MAX_BYLINE_CHARS = 160


@dataclass(frozen=True, slots=True)
class Credit:
    """The names that one source gives."""

    source: str
    persons: tuple[str, ...]
    organisations: tuple[str, ...]
    raw: str

    @property
    def names(self) -> tuple[str, ...]:
        """The persons; the organisations where it names no person."""
        return self.persons or self.organisations


def find_credits(facts: PageFacts, surroundings: Surroundings, site_names: frozenset[str]) -> list[Credit]:
    """Return who the page names as its authors, by source, the most trusted first.

    Where its head names no person, all of the page is read; else only the lines next to the headline, as evidence.
    """
    found = [*_stated(facts, site_names)]
    stated = _names_person(found)
    found += _near_headline(surroundings, site_names, evidence=stated)
    if not stated and not _names_person(found):
        found += _marked_up(facts, site_names)
    if facts.document.listed is not None:
        found += read_listed("listing", facts.document.listed, site_names)
    if not any(credit.persons for credit in found):
        found += _signed(facts, surroundings, site_names)
    return found


def read_listed(source: str, listed: Listed, site_names: frozenset[str] = frozenset()) -> Iterator[Credit]:
    """Give whom somebody else names as an article's authors; nothing where it is nobody."""
    yield from _credit(
        source, [text for name in listed.authors[:50] if (text := plain_text(name))], site_names
    )


def choose_credit(found: list[Credit]) -> Credit | None:
    """Return the first source that names persons by more than an account, else the first that names anybody.

    An organisation that the page states as the author gives way to a byline at the headline, not to one elsewhere.
    """
    named = [credit for credit in found if credit.persons]
    if found and found[0].source == "json-ld" and not found[0].persons:
        named = [credit for credit in named if credit.source not in _LOOSE_SOURCES]
    for credit in named:
        if not all(is_handle(name) for name in credit.persons):
            return credit
    return named[0] if named else found[0] if found else None


def _names_person(found: list[Credit]) -> bool:
    return any(credit.persons and not all(is_handle(name) for name in credit.persons) for credit in found)


def _stated(facts: PageFacts, site_names: frozenset[str]) -> Iterator[Credit]:
    for key in ("author", "creator"):
        value = facts.article.get(key)
        if value:
            credit = _of_json_ld(facts, value, site_names)
            if credit:
                yield credit
                break
    for name in AUTHOR_METAS:
        yield from _credit("meta", facts.metas.get(name, [])[:30], site_names)
    yield from _credit(
        "meta", [_given_first(name) for name in facts.metas.get("citation_author", [])[:50]], site_names
    )
    for number in "123":
        label = facts.meta(f"twitter:label{number}")
        if label and not strip_prefix(label.strip() + ":"):
            yield from _credit("meta", facts.metas.get(f"twitter:data{number}", [])[:1], site_names)


def _marked_up(facts: PageFacts, site_names: frozenset[str]) -> Iterator[Credit]:
    names = []
    for node in facts.items.get("author", ())[:20]:
        if not is_elsewhere(node):
            inner = node.css_first("[itemprop~=name]")
            text = plain_text(node.attributes.get("content") or "") or _name_text(inner or node)
            if text:
                names.append(text)
    yield from _credit("microdata", names, site_names)
    names = [text for node in facts.author_links if not is_elsewhere(node) and (text := _name_text(node))]
    yield from _credit("rel-author", names[:10], site_names)
    tried = 0
    for node in facts.tree.css(_CREDITED):
        tokens = f"{node.attributes.get('class') or ''} {node.attributes.get('data-testid') or ''}"[
            :1_000
        ].split()
        if not any(_speaks_of_author(token) for token in tokens):
            continue
        if tried == MAX_BYLINES:
            return
        tried += 1
        if is_elsewhere(node) or is_hidden(node):
            continue
        texts = shown_lines(node, limit=300)
        if not texts or sum(map(len, texts)) > MAX_BYLINE_CHARS:
            continue
        links = [t for link in node.css("a")[:10] if (t := _name_text(link)) and _is_person(t, site_names)]
        if 0 < len(links) < 8:
            yield from _credit("byline", links, site_names)
        else:
            yield from _credit("byline", _names_first(texts, site_names), site_names, shown=True)


def _near_headline(
    surroundings: Surroundings, site_names: frozenset[str], *, evidence: bool
) -> Iterator[Credit]:
    for lines in (surroundings.after, surroundings.before)[: 1 if evidence else 2]:
        waiting = False
        for position, line in enumerate(islice(lines, EVIDENCE_LINES) if evidence else lines):
            text = without_other_hands(line.text)
            if len(text) > MAX_BYLINE_CHARS or not text.strip():
                waiting = False
                continue
            linked = _linked_names(line, text, site_names)
            if linked:
                for further in islice(lines, position + 1, position + 4):
                    names = _linked_names(further, without_other_hands(further.text), site_names)
                    if not names or len(further.text) > sum(len(name) for name in names) + 8:
                        break
                    linked += names
                yield from _credit("headline", linked, site_names)
                return
            opens = opens_byline(text)
            if opens and not strip_prefix(text):
                # "Written by" in a line of its own.
                waiting = lines is surroundings.after
                continue
            if opens or waiting:
                found = list(_credit("headline", [text], site_names, shown=True))
                if found and (found[0].persons or opens):
                    yield from found
                    return
            waiting = False


def _signed(facts: PageFacts, surroundings: Surroundings, site_names: frozenset[str]) -> Iterator[Credit]:
    """Look for the author where no markup tells: a name under its portrait, or "Written by" anywhere in the page."""
    lines = [*surroundings.after, *surroundings.before]
    alts = {alt.casefold() for alt in surroundings.alts}
    for line in lines:
        name = line.text
        if name.casefold() in alts and 2 <= len(name.split()) <= 4 and _is_person(name, site_names):
            yield from _credit("signed", [name], site_names, shown=True)
            return
    text = facts.text
    folded = text.lower()
    if len(folded) != len(text):
        return
    for signature in _SIGNATURES:
        start = folded.find(signature)
        if start < 0 or folded[max(0, start - 40) : start].rpartition("\n")[2].strip():
            # Not there, or in the middle of a line: "a book written by".
            continue
        name, *below = text[start : start + 200].split("\n")
        line = without_other_hands(strip_prefix(name.strip()).strip() or next(filter(str.strip, below), ""))
        if line and len(line) < 100 and _is_person(line, site_names):
            yield from _credit("signed", [line], site_names, shown=True)
            return


def _names_first(texts: list[str], site_names: frozenset[str]) -> list[str]:
    """Return the lines that hold names, up to the first one after them that does not (a role, a place)."""
    kept: list[str] = []
    for text in texts:
        if _is_person(text, site_names):
            kept.append(text)
        elif kept:
            break
    return kept or texts


def _linked_names(line: Line, text: str, site_names: frozenset[str]) -> list[str]:
    return [
        name
        for address, name in line.links
        if name in text
        and _AUTHOR_ADDRESS.search(address)
        and looks_like_name(strip_prefix(name))
        and kind_of(name, site_names) != "none"
        and not is_handle(name)
    ]


def _of_json_ld(facts: PageFacts, value: Any, site_names: frozenset[str]) -> Credit | None:
    values: list[Any] = []
    for item in value if isinstance(value, list) else [value]:
        values.extend(item if isinstance(item, list) else [item])
    persons: dict[str, str] = {}
    organisations: dict[str, str] = {}
    raw: list[str] = []
    for item in values[:50]:
        node = facts.resolve(item)
        name = text_of(node, limit=1_000) or _name_in_parts(node)
        if not name:
            continue
        raw.append(name)
        kinds = types_of(node) if isinstance(node, dict) else frozenset()
        is_house = any(kind.endswith("Organization") for kind in kinds)
        parts = [name] if is_house else split_names(name, shown=False)
        for part in parts:
            kind = kind_of(part, site_names)
            if kind == "none":
                continue
            stated = "Person" in kinds and len(parts) == 1 and not is_site(part, site_names)
            if is_house or (kind == "organisation" and not stated):
                organisations.setdefault(part.casefold(), part)
            else:
                persons.setdefault(part.casefold(), part)
    if not persons and not organisations:
        return None
    return Credit("json-ld", tuple(persons.values()), tuple(organisations.values()), "; ".join(raw)[:1_000])


def _name_in_parts(node: Any) -> str | None:
    """Return the name of a person that JSON-LD gives in two fields."""
    if not isinstance(node, dict):
        return None
    given, family = text_of(node.get("givenName"), limit=100), text_of(node.get("familyName"), limit=100)
    return f"{given} {family}" if given and family else None


def _credit(
    source: str, texts: list[str], site_names: frozenset[str], *, shown: bool = False
) -> Iterator[Credit]:
    persons: dict[str, str] = {}
    organisations: dict[str, str] = {}
    for text in texts:
        names = [(name, kind_of(name, site_names)) for name in split_names(text, shown=shown)]
        house = bool(names) and names[0][1] == "organisation"
        for name, kind in names:
            if kind == "organisation":
                organisations.setdefault(name.casefold(), name)
            elif kind == "person" and not (house and " " not in name):
                # A word that follows an organisation is its place: "Example News, Berlin".
                persons.setdefault(name.casefold(), name)
    if persons or organisations:
        yield Credit(
            source, tuple(persons.values()), tuple(organisations.values()), "; ".join(texts)[:1_000].strip()
        )


def _is_person(text: str, site_names: frozenset[str]) -> bool:
    names = split_names(text, shown=True)
    return bool(names) and all(
        looks_like_name(name) and kind_of(name, site_names) == "person" for name in names
    )


def _speaks_of_author(token: str) -> bool:
    words = name_words(token)
    return bool(words & _BYLINE_WORDS) and not words & _NOT_NAME_WORDS


def _given_first(name: str) -> str:
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and given.strip() and "," not in given else name


def _name_text(node: LexborNode) -> str | None:
    text = shown_text(node, limit=200)
    return strip_prefix(text) if text and len(text) <= 120 else None
