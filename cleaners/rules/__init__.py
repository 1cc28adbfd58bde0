"""The rules that are data: words that news sites print around articles, icon fonts, URL parameters.

Entries stand in TOML beside this module, one a line, as sites print them (in lower case). They are looked
up whole and folded (`fold.py`), never searched for inside a text: the cost of a lookup does not grow with
the number of rules, and a word of an article cannot set one off.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - msgspec reads the annotation
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from cleaners.rules.fold import fold, strip_ornaments

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Icons", "Kind", "PhraseMatch", "Rules", "UrlParams", "load_rules", "load_url_params"]

Kind = Literal[
    "related",
    "most_read",
    "next_article",
    "newsletter",
    "subscribe",
    "app",
    "donate",
    "share",
    "save",
    "copy",
    "print",
    "counter",
    "follow",
    "player",
    "listen",
    "reading_time",
    "summary",
    "why_it_matters",
    "advertisement",
    "consent",
    "tags",
    "correction",
    "feedback",
    "comments",
    "author",
    "caption",
    "credit",
    "paywall",
    "breadcrumb",
    "tail",
    "switch",
    "navigation",
    "date_line",
]
"""What a phrase announces. `switch`: to another language; `tail`: agency and copyright lines;
`date_line`: published and updated labels; `navigation`: view all, back to top, show more."""

MAX_LINE_CHARS = 160
"""Longer lines are not looked up: no entry comes near, and paragraphs cost nothing."""

_OPENING_CHARS = 80
_HERE = Path(__file__).parent
_OPENING_WORDS = 8
# What stands between a label and its content; "Photo, text" and "well-known" are no such places.
_SEPARATOR = re.compile(r"[:|>›→▶►•·=/丨\]】]| - ")
# Scripts that set no spaces between words: Thai, Lao, Khmer, Burmese, kana, Han.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseMatch:
    """An entry of the rules that a line of a page equals, or opens with."""

    rule: str
    """Folder, language and entry: `headings/de:mehr zum thema`."""
    kind: Kind
    weak: bool = False
    """True where an article could print these words itself ("Why it matters"): the place must agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Icons:
    """What gives icon fonts away."""

    names: frozenset[str]
    """Every ligature of Material Icons and Material Symbols, such as `calendar_today`."""
    plain_words: frozenset[str]
    """Those of `names` without an underscore (`share`, `home`): never an icon by the word alone."""
    classes: frozenset[str]
    """Class tokens, in lower case, that mark an element of an icon font and nothing else."""
    class_prefixes: tuple[str, ...]
    """Starts of such class tokens, in lower case; for `str.startswith`."""
    loose_prefixes: tuple[str, ...]
    """Starts that icon fonts share with ordinary boxes (`icon-`): only for elements that hold a word at most."""
    class_exceptions: frozenset[str]
    """Tokens that start like an icon's and hold text or the whole page (`fa-ul`, `fa-events-icons-ready`)."""
    tags: frozenset[str]
    """Element names, in lower case, that hold an icon."""

    def is_class(self, token: str) -> bool:
        """Whether a class token, in lower case, marks an icon by `classes` or `class_prefixes`."""
        return token in self.classes or (
            token.startswith(self.class_prefixes) and token not in self.class_exceptions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlParams:
    """Query parameters that do not name a page; all in lower case."""

    names: frozenset[str]
    prefixes: tuple[str, ...]


class _Phrases:
    """One folder of phrase files, by folded entry."""

    def __init__(self, folder: str) -> None:
        self.everywhere: dict[str, PhraseMatch] = {}
        self.in_language: dict[str, dict[str, PhraseMatch]] = {}
        for path in sorted((_HERE / folder).glob("*.toml")):
            own = self.in_language[path.stem] = {}
            for entry, match, strict in _entries(path, folder):
                key = _key(entry, folder)
                own[key] = match
                if not strict:
                    held = self.everywhere.get(key)
                    # What one language may say inside an article is weak on a page of unknown language.
                    if held is None or (match.weak and not held.weak):
                        self.everywhere[key] = match

    def get(self, key: str, own: dict[str, PhraseMatch] | None) -> PhraseMatch | None:
        if own is not None and (match := own.get(key)) is not None:
            return match
        return self.everywhere.get(key)

    def of(self, language: str | None) -> dict[str, PhraseMatch] | None:
        """The entries of a page's language (BCP 47), or None."""
        if not language:
            return None
        primary = re.split("[-_]", language, maxsplit=1)[0].lower()
        return self.in_language.get(_SAME_LANGUAGE.get(primary, primary))


# Codes that pages use for a language whose file has the newer or the wider code.
_SAME_LANGUAGE = {"iw": "he", "in": "id", "nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "yue": "zh"}


class Rules:
    """All phrase and icon rules; made once by `load_rules`, then only read."""

    __slots__ = ("_headings", "_openings", "_phrases", "_starts", "_unspaced_lengths", "icons")

    def __init__(self) -> None:
        self.icons: Icons = _load_icons()
        self._headings = _Phrases("headings")
        self._phrases = _Phrases("phrases")
        self._openings = _Phrases("openings")
        keys = [key for own in self._openings.in_language.values() for key in own]
        # Most lines open with a word that no entry opens with: one look tells.
        self._starts = frozenset(
            strip_ornaments(key.split(" ", 1)[0]) for key in keys if not key.endswith(":")
        )
        unspaced = {len(key) for key in keys if not key.endswith(":") and _UNSPACED.match(key)}
        self._unspaced_lengths = tuple(sorted(unspaced, reverse=True))

    def line(self, text: str, language: str | None = None) -> PhraseMatch | None:
        """The entry of `phrases/` that the whole line equals, or None.

        `language` is the page's (BCP 47). Entries of every language are looked up, since pages mix them;
        those marked strict answer only on pages in their language.
        """
        if len(text) > MAX_LINE_CHARS:
            return None
        return self._phrases.get(fold(text), self._phrases.of(language))

    def heading(self, text: str, language: str | None = None) -> PhraseMatch | None:
        """The entry of `headings/` that the whole line equals, or None: the kind says which box it heads."""
        if len(text) > MAX_LINE_CHARS:
            return None
        return self._headings.get(fold(text), self._headings.of(language))

    def opening(self, text: str, language: str | None = None) -> PhraseMatch | None:
        """The longest entry of `openings/` that the line starts with, or None.

        Entries that end in a colon need a separator after them (`Photo: Reuters`, `Read also | …`);
        the others need only end with a word.
        """
        head = fold(text[:_OPENING_CHARS])
        own = self._openings.of(language)
        separator = _SEPARATOR.search(head)
        label = head[: separator.start()] if separator else head if text.rstrip()[-1:] in (":", "：") else ""
        if label and (match := self._openings.get(strip_ornaments(label) + ":", own)):
            return match
        if _UNSPACED.match(head):
            for length in self._unspaced_lengths:
                if match := self._openings.get(head[:length], own):
                    return match
            return None
        words = head.split(" ", _OPENING_WORDS)[:_OPENING_WORDS]
        if strip_ornaments(words[0]) not in self._starts:
            return None
        for count in range(len(words), 0, -1):
            if match := self._openings.get(strip_ornaments(" ".join(words[:count])), own):
                return match
        return None


@functools.cache
def load_rules() -> Rules:
    """The rules, read once a process. Raises ValueError with the file's name where a rule file is malformed."""
    return Rules()


@functools.cache
def load_url_params() -> UrlParams:
    """The parameters that `cleaners.urls` takes from addresses, read once a process."""
    file = _read("url_params.toml", _UrlParamFile)
    return UrlParams(names=frozenset(file.names.split()), prefixes=tuple(file.prefixes.split()))


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The head that every rule file has."""

    source: str
    licence: str
    retrieved: date
    maintained: Literal["by hand"] | None = None
    generated_by: str | None = None


class _Entries(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Entries of one kind, one a line."""

    always: str = ""
    """Never a line of an article's own, in any language."""
    strict: str = ""
    """The same, on pages in the file's language only."""
    weak: str = ""
    """May be an article's own line: the place must agree."""
    weak_strict: str = ""


class _PhraseFile(_File, kw_only=True):
    kind: dict[Kind, _Entries]


class _IconNameFile(_File, kw_only=True):
    names: str


class _IconMarkupFile(_File, kw_only=True):
    classes: str
    class_prefixes: str
    loose_prefixes: str
    class_exceptions: str
    tags: str


class _UrlParamFile(_File, kw_only=True):
    names: str
    prefixes: str


_F = TypeVar("_F", bound=_File)


def _read(name: str, file_type: type[_F]) -> _F:
    try:
        return msgspec.toml.decode((_HERE / name).read_bytes(), type=file_type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"cleaners/rules/{name}: {error}") from error


def _entries(path: Path, folder: str) -> Iterator[tuple[str, PhraseMatch, bool]]:
    """Every entry of a phrase file with its match and whether it is strict."""
    file = _read(f"{folder}/{path.name}", _PhraseFile)
    for kind, held in file.kind.items():
        for entries, weak, strict in (
            (held.always, False, False),
            (held.strict, False, True),
            (held.weak, True, False),
            (held.weak_strict, True, True),
        ):
            for entry in entries.splitlines():
                yield entry, PhraseMatch(rule=f"{folder}/{path.stem}:{entry}", kind=kind, weak=weak), strict


def _key(entry: str, folder: str) -> str:
    """The folded entry; the colon that asks for a separator stays."""
    return fold(entry) + ":" * (folder == "openings" and entry.endswith(":"))


def _load_icons() -> Icons:
    names = frozenset(_read("icons.toml", _IconNameFile).names.split())
    markup = _read("icon_markup.toml", _IconMarkupFile)
    return Icons(
        names=names,
        plain_words=frozenset(name for name in names if "_" not in name),
        classes=frozenset(markup.classes.split()),
        class_prefixes=tuple(markup.class_prefixes.split()),
        loose_prefixes=tuple(markup.loose_prefixes.split()),
        class_exceptions=frozenset(markup.class_exceptions.split()),
        tags=frozenset(markup.tags.split()),
    )
