"""Takes names out of a byline, and tells persons from desks, firms and placeholders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from cleaners.metadata.moments import DATE_IN_TEXT
from cleaners.metadata.words import load_byline_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cleaners.metadata.words import BylineWords

MAX_NAMES = 40
MAX_NAME_CHARS = 80

NameKind = Literal["person", "organisation", "none"]

# White space is folded by then; a pattern of runs would take quadratic time over a run.
_PIECES = re.compile(r" [|•·∙●‧▪–—―»›⋅×✦]+ ?| ?[|•●×] | - ")
_LIST = re.compile(r" ?[;,،、；，&+] ?| / ")
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*\.?")
_ADDRESS = re.compile(r"@|https?:|www\.|^/|\.(?:com|org|net|de|html?)/")
_DOMAIN = re.compile(
    r"[^\W\d_]\.(?:com|org|net|de|at|ch|is|be|nl|fr|it|es|co|news|tv|info|io|lt|lv|pl|uk|ru)(?![^\W\d_])"
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}$|\b(?:jr|sr)\.$", re.IGNORECASE)
_EDGES = " \t\n,;:|/-–—•·*#>»«→\"“”„[]’'‘"


def split_names(byline: str, *, shown: bool) -> list[str]:
    """Return the names in a byline, without "By", roles, dates and e-mail addresses, in order.

    `shown`: the byline is text for readers, in which only what is spelt like a name counts as one; otherwise it is a
    field for names.
    """
    words = load_byline_words()
    text = " ".join(byline[:1_000].split())
    names: list[str] = []
    pieces = _PIECES.split(DATE_IN_TEXT.sub(" | ", text)) if shown else [text]
    for piece in pieces[:20]:
        bare = strip_prefix(piece.strip(), leads=shown)
        if not shown:
            names = _names_in(bare, words)
            break
        # A lone word counts where nothing else stands in the line, or behind a "By".
        least = 1 if len(pieces) == 1 or len(bare) < len(piece.strip()) else 2
        found = _names_in(_until_stop(bare, words.stops), words)
        names.extend(name for name in found if looks_like_name(name) and len(name.split()) >= least)
        if names and shown:
            # What follows the names' piece are roles, sections, reading times.
            break
    return list({name.casefold(): name for name in reversed(names)}.values())[::-1][:MAX_NAMES]


def kind_of(name: str, site_names: Iterable[str] = ()) -> NameKind:
    """Tell whether a name is a person's, an organisation's, or no name at all.

    A person is a name of one to seven words without an address; an organisation says so by one of its words, by a
    domain, or by being the site's own name.
    """
    words = load_byline_words()
    folded = name.casefold().strip()
    if not folded or len(name) > MAX_NAME_CHARS or _ADDRESS.search(folded) or folded in words.placeholders:
        return "none"
    parts = [part.casefold() for part in _WORD.findall(name)]
    if not parts or not any(part[0].isalpha() for part in parts) or sum(c.isdigit() for c in name) > 4:
        return "none"
    bare = "".join(parts).replace(".", "").replace("-", "").replace("'", "").replace("’", "")
    if bare in site_names or _has_word(name, words.organisations) or _DOMAIN.search(folded):
        return "organisation"
    if words.placeholders.intersection(parts) & {"admin", "administrator", "webmaster"} or len(parts) > 7:
        return "none"
    return "person"


def looks_like_name(text: str) -> bool:
    """Tell whether a text is spelt like a name: at most six words, each with a capital but for particles."""
    parts = text.split()
    if not 1 <= len(parts) <= 6 or any(c.isdigit() or c == ":" for c in text):
        return False
    words = load_byline_words()
    for part in parts:
        letters = part.lstrip("(\"“'‘")
        folded = letters.casefold()
        # "the Example team", "Example editors": desks sign in small letters.
        small = len(parts) == 1 and len(part) > 2
        if (
            letters[:1].islower()
            and not small
            and folded not in words.particles
            and folded not in words.organisations
        ):
            return False
    return any(c.isalpha() for c in text)


def strip_prefix(text: str, *, leads: bool = True) -> str:
    """Return a byline without the "By", "Von:" or "Written by" in front of it.

    `leads`: the text begins its line, so that a particle ("von") is a prefix, not part of a name.
    """
    for _ in range(3):
        prefix = _prefix_of(text, load_byline_words().prefixes, leads=leads)
        if not prefix:
            break
        text = text[prefix:].lstrip(" \t:：-–—.")
        leads = False
    return text


def opens_byline(text: str) -> bool:
    """Tell whether a line begins as only bylines do."""
    return _prefix_of(text, load_byline_words().openers, leads=True) > 0


def without_other_hands(text: str) -> str:
    """Return a line up to where it names reviewers, editors or photographers."""
    folded = text.casefold()
    if len(folded) != len(text):
        return text
    match = load_byline_words().other_hands.search(folded)
    return text[: match.start()] if match else text


def _prefix_of(text: str, prefixes: re.Pattern[str], *, leads: bool) -> int:
    match = prefixes.match(text[:60].casefold())
    if match is None:
        return 0
    particles = load_byline_words().particles
    prefix, rest = match[0], text[match.end() : match.end() + 5]
    if prefix in particles and not leads and text[:1].islower() and ":" not in rest[:2]:
        return 0
    return 0 if prefix == "von" and rest[1:4] in {"der", "den", "dem"} else match.end()


def is_handle(name: str) -> bool:
    """Tell whether a name is an account's rather than a person's: one word, not spelt like a name."""
    return " " not in name.strip() and (
        not name[:1].isupper() or any(c.isupper() for c in name[1:]) or "." in name or "_" in name
    )


def _until_stop(text: str, stops: frozenset[str]) -> str:
    parts = text.split()
    for position, part in enumerate(parts):
        if position and (part.casefold().rstrip(":.,") in stops or part[0].isdigit()):
            return " ".join(parts[:position])
    return text


def _names_in(text: str, words: BylineWords) -> list[str]:
    if _ADDRESS.search(text) and " " not in text:
        return []
    names: list[str] = []
    roles: list[str] = []
    for piece in _LIST.split(text)[: 2 * MAX_NAMES]:
        for part in _split_joined(piece, words.joiners):
            name = strip_prefix(part.strip(), leads=False).strip(_EDGES)
            if name.endswith(".") and not _INITIALS.search(name):
                name = name.rstrip(".")
            if name.count(")") > name.count("("):
                name = name.strip("()")
            if not name:
                continue
            if names and _is_credential(name, words.credentials):
                names[-1] = f"{names[-1]}, {name}"
            elif _has_word(name, words.roles):
                roles.append(name)
            else:
                names.append(name)
    # "Travel Editors" with nobody's name beside it is a desk.
    return names or [role for role in roles if " " in role][:1]


def _split_joined(piece: str, joiners: frozenset[str]) -> list[str]:
    parts: list[list[str]] = [[]]
    tokens = piece.split()
    for position, token in enumerate(tokens):
        if token in joiners and position < len(tokens) - 1 and (parts[-1] or position == 0):
            if parts[-1]:
                parts.append([])
        else:
            parts[-1].append(token)
    return [" ".join(part) for part in parts if part]


def _has_word(text: str, words: frozenset[str]) -> bool:
    return any(part.casefold().rstrip(".") in words for part in _WORD.findall(text))


def _is_credential(text: str, credentials: frozenset[str]) -> bool:
    parts = text.replace(".", "").split()
    return 0 < len(parts) <= 3 and all(
        part.casefold().strip("()") in credentials or (part.isupper() and 2 <= len(part) <= 6)
        for part in parts
    )
