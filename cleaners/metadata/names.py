"""Takes names out of a byline, and tells persons from desks, firms and placeholders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from cleaners.metadata.moments import DAY_IN_TEXT
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
# Between whole names: desks sign "srf/hosb".
_SLASH = re.compile(r"[^,;/]{0,120}/[^,;/]{0,120}")
# Vowels of Indic and South-East Asian scripts are marks, no letters.
_LETTER = r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0981-\u0dff\u0e30-\u0e4e\u0eb0-\u0ecd\u102b-\u103e\u17b4-\u17d3])"
_WORD = re.compile(rf"{_LETTER}+(?:['’.\-]{_LETTER}+)*\.?")
_ADDRESS = re.compile(
    r"@|https?:|www\.|^/|\.(?:com|org|net|de|html?)/|\b(?:javascript|data|mailto|file|tel):|[<>{}=\\]"
)
_CONTACT = re.compile(r"[^\s@()<>\[\]]{1,64}@[^\s@()<>\[\]]{1,80}|https?://\S+|www\.\S+")
_EMPTY = re.compile(r"[(\[<]\s*[)\]>]")
_BRACKETED = re.compile(r"[(\[]([^()\[\]]+)[)\]]")
_DOMAIN = re.compile(
    r"[^\W\d_]\.(?:com|org|net|de|at|ch|is|be|nl|fr|it|es|co|news|tv|info|io|lt|lv|pl|uk|ru)(?![^\W\d_])"
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}$|\b(?:jr|sr)\.$", re.IGNORECASE)
_SYMBOLS = re.compile(r"[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]")
_EDGES = " \t\n,;:|/-–—•·*#>»«→\"“”„[]’'‘"


def split_names(byline: str, *, shown: bool) -> list[str]:
    """Return the names in a byline, without "By", roles, dates and e-mail addresses, in order.

    `shown`: the byline is text for readers, in which only what is spelt like a name counts as one; otherwise it is a
    field for names.
    """
    words = load_byline_words()
    text = _without_contacts(" ".join(byline[:1_000].split()))
    if not shown:
        return _unique(_of_field(text, words))
    names: list[str] = []
    pieces = _PIECES.split(DAY_IN_TEXT.sub(" | ", text))
    for piece in pieces[:20]:
        bare = strip_prefix(piece.strip())
        # A lone word counts where nothing else stands in the line, or behind a "By".
        least = 1 if len(pieces) == 1 or len(bare) < len(piece.strip()) else 2
        found = _names_in(_until_stop(bare, words.stops), words)
        names.extend(name for name in found if looks_like_name(name) and len(name.split()) >= least)
        if names:
            # What follows the names' piece are roles, sections, reading times.
            break
    return _unique(names)


def _of_field(text: str, words: BylineWords) -> list[str]:
    """Return the names in a field for names."""
    turned = [_given_first(part) for part in text.split(";")]
    if all(turned):
        return [name for name in turned if name]
    names: list[str] = []
    for piece in _PIECES.split(strip_prefix(text.strip(), leads=False))[:20]:
        names += _names_in(piece, words)
    return _without_places(names)


def _given_first(name: str) -> str | None:
    """Return "Jane Doe" for "Doe, Jane"; None where the text is not made so."""
    family, comma, given = name.partition(",")
    if not comma or "," in given or not 1 <= len(family.split()) <= 2 or not 1 <= len(given.split()) <= 2:
        return None
    if len(family.split()) > 1 and len(given.split()) > 1:
        return None
    turned = f"{given.strip()} {family.strip()}"
    alone = len(turned.split()) == 2
    lead = family.split()[0].casefold() in load_byline_words().particles
    return (
        turned
        if (alone or lead)
        and looks_like_name(turned)
        and kind_of(turned) == "person"
        and not _is_credential(given, load_byline_words().credentials, family)
        else None
    )


def _without_contacts(text: str) -> str:
    """Return a byline without e-mail and web addresses, and without the brackets around a name that one leaves."""
    text = _SYMBOLS.sub("", text) if not text.isascii() else text
    if "@" not in text and "://" not in text and "www." not in text:
        return text
    text = " ".join(_EMPTY.sub(" ", _CONTACT.sub(" ", text)).split())
    bracketed = _BRACKETED.fullmatch(text)
    return (bracketed[1] if bracketed else text).strip(" ,;|-–")


def _without_places(names: list[str]) -> list[str]:
    """Leave out the lone words that follow whole names: "Anna Groß, Berlin"."""
    whole = next((number for number, name in enumerate(names) if " " in name), len(names))
    return [
        name
        for number, name in enumerate(names)
        if number <= whole or " " in name or not name[:1].isupper() or _is_house(name)
    ]


def _is_house(name: str) -> bool:
    return kind_of(name) == "organisation"


def _unique(names: list[str]) -> list[str]:
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
    if is_site(name, site_names) or _has_word(name, words.organisations) or _DOMAIN.search(folded):
        return "organisation"
    if not words.links.isdisjoint(name.split()[1:]):
        return "organisation"
    if words.placeholders.intersection(parts) & {"admin", "administrator", "webmaster"} or len(parts) > 7:
        return "none"
    return "person"


def is_site(name: str, site_names: Iterable[str]) -> bool:
    """Tell whether a name is the site's own, or begins with it in capitals: "MDR Thüringen" on mdr.example.

    `site_names`: folded to letters and digits.
    """
    parts = _WORD.findall(name)
    first = parts[0] if parts else ""
    bare = re.sub(r"[.\-'’]", "", "".join(parts).casefold())
    return bare in site_names or (first.isupper() and len(first) > 2 and first.casefold() in site_names)


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
    for piece in _LIST.split(_SLASH.sub(_parted, text) if "/" in text else text)[: 2 * MAX_NAMES]:
        for part in _split_joined(piece, words):
            name = strip_prefix(part.strip(), leads=False).strip(_EDGES)
            if name.endswith(".") and not _INITIALS.search(name):
                name = name.rstrip(".")
            if name.count(")") > name.count("("):
                name = name.strip("()")
            if not name:
                continue
            if names and _is_credential(name, words.credentials, names[-1]):
                names[-1] = f"{names[-1]}, {name}"
            elif _has_word(name, words.roles):
                roles.append(name)
            else:
                names.append(name)
    # "Travel Editors" with nobody's name beside it is a desk.
    return _without_places(names) or [role for role in roles if " " in role][:1]


def _parted(match: re.Match[str]) -> str:
    left, _, right = match[0].partition("/")
    return f"{left} / {right}" if " " in left.strip() or " " in right.strip() else match[0]


def _split_joined(piece: str, words: BylineWords) -> list[str]:
    """Cut a piece between two names, and behind a person's where it leads to a place or a house."""
    tokens = piece.split()
    link = next((n for n, token in enumerate(tokens) if n and token in words.links), None)
    if link is not None:
        if _names_body(tokens[:link], words):
            return [piece]
        if not any(token in words.joiners for token in tokens[link:]):
            return _split_joined(" ".join(tokens[:link]), words)
    loud = piece.isupper()
    parts: list[list[str]] = [[]]
    for position, token in enumerate(tokens):
        behind = tokens[position + 1 :]
        joiner = token.casefold() if loud and len(token) > 1 else token
        if joiner in words.joiners and behind and (parts[-1] or position == 0):
            if joiner in words.weak_joiners and not _two_names(parts[-1], behind, words):
                parts[-1].append(token)
            elif parts[-1]:
                parts.append([])
        elif token[:1] in words.joined_letters and _joins(token, parts[-1], behind, words):
            parts.append([token[1:]])
        else:
            parts[-1].append(token)
    return [" ".join(part) for part in parts if part]


def _names_body(before: list[str], words: BylineWords) -> bool:
    """Tell whether what stands before a "for" or "of" begins the name of a body, not a person's."""
    return len(before) < 2 or any(_has_word(token, words.organisations) for token in before)


def _two_names(before: list[str], behind: list[str], words: BylineWords) -> bool:
    end = next((n for n, token in enumerate(behind) if token in words.joiners), len(behind))
    return len(before) >= 2 and end >= 2


def _joins(token: str, before: list[str], behind: list[str], words: BylineWords) -> bool:
    """Tell whether a word begins with the letter that means "and", and with a name behind it."""
    return len(before) >= 2 and len(behind) >= 1 and len(token) > 3 and token not in words.own_letters


def _has_word(text: str, words: frozenset[str]) -> bool:
    return any(part.casefold().rstrip(".") in words for part in _WORD.findall(text))


def _is_credential(text: str, credentials: frozenset[str], name: str) -> bool:
    """Tell whether a text is letters after a name; in a byline in capitals only known ones are."""
    parts = text.replace(".", "").split()
    loud = name.isupper()
    return 0 < len(parts) <= 3 and all(
        part.casefold().strip("()") in credentials or (not loud and part.isupper() and 2 <= len(part) <= 6)
        for part in parts
    )
