"""Takes names out of a byline, and tells persons from desks, firms and placeholders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from cleaners.metadata.words import load_byline_words

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAMES = 30
MAX_NAME_CHARS = 80

NameKind = Literal["person", "organisation", "none"]

_BRACKETED = re.compile(r"\s*[(\[][^()\[\]]{0,120}[)\]]")
_CUT = re.compile(
    r"\s+[|•·∙●‧▪–—―»›/⋅×]\s*|\s*[|•·●×]\s+|\s+-\s+|\t|\s+(?=\d{1,2}[./:]\d)|\s+(?=(?:19|20)\d\d\b)"
    r"|\s+(?:updated|published|posted|last updated|aktualisiert|veröffentlicht|stand|publié|publicado|pubblicato|on)\b(?=[\s:])",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*[;,،、；，/&+]\s*|\s*\n\s*|\s+[|•·]\s+")
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*\.?")
_ADDRESS = re.compile(r"@|https?:|www\.|\.(?:com|org|net|de|html?)\b/")
_INITIALISM = re.compile(r"(?:[A-Za-zÀ-ž]\.){2,}")
_EDGES = " \t\n.,;:|/-–—•·*#>»«\"“”„()[]’'‘"


def split_names(byline: str, *, verbatim: bool = False) -> list[str]:
    """Return the names in a byline, without "By", roles, dates and e-mail addresses, in order.

    `verbatim`: the source is a field for one name, so that only lists are split and roles cut after a comma.
    """
    words = load_byline_words()
    text = " ".join(byline[:1_000].split())
    if not verbatim:
        text = _CUT.split(text, maxsplit=1)[0] if _CUT.split(text, maxsplit=1)[0].strip() else text
    text = strip_prefix(text)
    names: list[str] = []
    for piece in _LIST.split(text)[: 2 * MAX_NAMES]:
        for part in _split_joined(piece, words.joiners):
            name = strip_prefix(part.strip()).strip(_EDGES + " ") if part.strip() else ""
            if part.rstrip().endswith(".") and (_INITIALISM.search(part) or _last_word(part) in {"jr.", "sr."}):
                name += "."
            if not name:
                continue
            if _is_credential(name, words.credentials) and names:
                names[-1] = f"{names[-1]}, {name}"
            elif not _is_role(name, words.roles) or (not names and not verbatim and False):
                names.append(name)
    return _unique(names)[:MAX_NAMES]


def kind_of(name: str, site_names: Iterable[str] = ()) -> NameKind:
    """Tell whether a name is a person's, an organisation's, or no name at all.

    A person is a name of one to six words with a letter, without an address; an organisation says so by one of its words,
    by a domain, or by being the site's own name.
    """
    words = load_byline_words()
    folded = name.casefold().strip()
    if not folded or len(name) > MAX_NAME_CHARS or _ADDRESS.search(folded) or folded in words.placeholders:
        return "none"
    parts = [part.casefold() for part in _WORD.findall(name)]
    if not parts or not any(part[0].isalpha() for part in parts) or sum(c.isdigit() for c in name) > 4:
        return "none"
    bare = "".join(parts).replace(".", "")
    if bare in site_names or any(part in words.organisations for part in parts):
        return "organisation"
    if re.search(r"[^\W\d_]\.(?:com|org|net|de|at|ch|is|be|nl|fr|it|es|co|news|tv|info|io)\b", folded):
        return "organisation"
    if len(parts) > 7:
        return "none"
    return "person"


def strip_prefix(text: str) -> str:
    """Return a byline without the "By", "Von:" or "Written by" in front of it."""
    words = load_byline_words()
    for _ in range(3):
        folded = text.casefold()
        for prefix in words.prefixes:
            if folded.startswith(prefix):
                rest = text[len(prefix) :]
                if not rest or not (rest[0].isspace() or rest[0] in ":：" or not prefix.isascii()):
                    continue
                if prefix in _NAME_PARTICLES and not text[:1].isupper() and ":" not in rest[:2]:
                    continue
                text = rest.lstrip(" \t:：-–—")
                break
        else:
            break
    return text


# Also parts of names: "von der Leyen", "de Oliveira", "di Stefano"; only a capital or a colon makes them a prefix.
_NAME_PARTICLES = frozenset({"de", "di", "da", "af", "av", "del"})


def _split_joined(piece: str, joiners: frozenset[str]) -> list[str]:
    parts: list[list[str]] = [[]]
    tokens = piece.split()
    for position, token in enumerate(tokens):
        if token in joiners and 0 < position < len(tokens) - 1 and parts[-1]:
            parts.append([])
        else:
            parts[-1].append(token)
    return [" ".join(part) for part in parts if part]


def _is_role(text: str, roles: frozenset[str]) -> bool:
    return any(part.casefold().rstrip(".") in roles for part in _WORD.findall(text))


def _is_credential(text: str, credentials: frozenset[str]) -> bool:
    parts = text.replace(".", "").casefold().split()
    return bool(parts) and len(parts) <= 3 and all(part.strip("()") in credentials for part in parts)


def _last_word(text: str) -> str:
    return text.casefold().split()[-1] if text.split() else ""


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.casefold(), name)
    return list(seen.values())
