"""Chooses the article's own headline, without the site's name, by what the page's sources agree on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cleaners.markup import name_words
from cleaners.metadata.facts import is_hidden, shown_text
from cleaners.structured import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts

MAX_TITLE_CHARS = 500

_SEPARATOR = re.compile(r"\s+[|\-–—―·•:»«›‹/~⋆♦➤]+\s+|\s*[|｜‖]\s*|\s+::\s+|:\s+|\s?[»›]\s|\s[—–-]|_-_")
_WORD = re.compile(r"\w+")
_KICKER_WORDS = frozenset(
    {
        "kicker", "eyebrow", "overline", "topline", "dachzeile", "roofline", "label", "badge", "category", "section", "rubric",
        "rubrik", "pretitle", "supertitle", "surtitle", "spitzmarke", "ortsmarke", "antetitulo", "occhiello", "flag", "tag", "prefix",
    }
)  # fmt: skip

@dataclass(frozen=True, slots=True)
class Candidate:
    """One wording of the title."""

    source: str
    text: str


def find_title(facts: PageFacts, site_names: Iterable[str]) -> tuple[Candidate | None, list[Candidate]]:
    """Return the title and every wording that the page offers.

    The shown headline wins where the head agrees with it; a headline that nothing agrees with (a site's name, a
    section's) gives way to what the head says, less the site's name.
    """
    names = {fold(name) for name in site_names} - {""}
    shown = _shown_headlines(facts, names)
    stated = _stated(facts)
    stripped = [Candidate(c.source, strip_site_name(c.text, names)) for c in stated]
    everything = [*shown, *stripped]
    if facts.document.listed is not None and facts.document.listed.title:
        everything.append(Candidate("listing", facts.document.listed.title.strip()[:MAX_TITLE_CHARS]))
    best: Candidate | None = None
    best_score = 0.0
    for position, candidate in enumerate(shown):
        score = _agreement(candidate.text, everything, stated) + (0.3 if position == 0 else 0.0)
        if score > best_score:
            best, best_score = candidate, score
    if best is not None:
        return best, everything
    for candidate in stripped:
        if fold(candidate.text) not in names:
            return candidate, everything
    return (everything[0] if everything else None), everything


def fold(text: str) -> str:
    """Return a text's letters and digits only, in one case: what two wordings of one title share."""
    return "".join(_WORD.findall(text.casefold())).replace("_", "")


def strip_site_name(title: str, names: set[str]) -> str:
    """Return the title without a leading or trailing site name, split off at a separator."""
    for _ in range(3):
        pieces = _split(title)
        if len(pieces) < 2:
            break
        head, tail = pieces[0], pieces[-1]
        if _is_name(tail[2], names):
            title = title[: tail[0]].rstrip()
        elif _is_name(head[2], names):
            title = title[pieces[1][1] :].lstrip()
        else:
            break
    return title


def _split(title: str) -> list[tuple[int, int, str]]:
    """Cut at separators: (where the separator begins, where the piece begins, the piece)."""
    pieces = []
    begin, cut = 0, 0
    for match in _SEPARATOR.finditer(title):
        pieces.append((cut, begin, title[begin : match.start()]))
        cut, begin = match.start(), match.end()
    pieces.append((cut, begin, title[begin:]))
    return [piece for piece in pieces if piece[2].strip()]


def _is_name(piece: str, names: set[str]) -> bool:
    folded = fold(piece)
    return bool(folded) and (folded in names or any(len(n) > 4 and folded == n for n in names))


def _agreement(text: str, everything: list[Candidate], stated: list[Candidate]) -> float:
    folded = fold(text)
    if not folded:
        return 0.0
    score = 0.0
    words = set(_WORD.findall(text.casefold()))
    for other in stated:
        theirs = fold(other.text)
        if theirs == folded:
            score += 2
        elif len(folded) > 10 and folded in theirs or len(theirs) > 10 and theirs in folded:
            score += 1.5
        else:
            others = set(_WORD.findall(other.text.casefold()))
            share = len(words & others) / max(1, min(len(words), len(others)))
            if share >= 0.4 and len(words & others) >= 2:
                score += share
    return score


def _stated(facts: PageFacts) -> list[Candidate]:
    article = facts.article
    found = [
        ("json-ld", text_of(article.get("headline"), limit=MAX_TITLE_CHARS)),
        ("og", facts.meta("og:title")),
        ("meta", facts.meta("parsely-title", "sailthru.title", "citation_title", "dc.title", "dcterms.title", "title", "headline")),
        ("microdata", facts.item_text("headline")),
        ("twitter", facts.meta("twitter:title")),
        ("title", facts.title),
    ]
    if not found[0][1]:
        found[0] = ("json-ld", text_of(article.get("name"), limit=MAX_TITLE_CHARS))
    return [Candidate(source, text[:MAX_TITLE_CHARS]) for source, text in found if text]


def _shown_headlines(facts: PageFacts, names: set[str]) -> list[Candidate]:
    shown = []
    for node in facts.h1s[:10]:
        if is_hidden(node):
            continue
        text = shown_text(node, limit=MAX_TITLE_CHARS)
        if text and fold(text) not in names:
            shown.append(Candidate("h1", text))
    return shown


def _without_kicker(node: LexborNode) -> str | None:
    rest = []
    kicker = False
    for child in node.iter(include_text=True):
        if child.tag != "-text" and not _KICKER_WORDS.isdisjoint(name_words(child.attributes.get("class") or "")):
            kicker = True
        else:
            rest.append(child.text() if child.tag == "-text" else shown_text(child) or "")
    return " ".join("".join(rest).split()) if kicker else None
