"""The rules that are data: words that news sites print around articles, icon fonts, URL parameters.

Entries stand in TOML beside this module, one a line, as sites print them (in lower case). They are looked
up whole and folded (`fold.py`), never searched for inside a text: the cost of a lookup does not grow with
the number of rules, and a word of an article cannot set one off.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cleaners.rules.files import RuleFile, read_rules
from cleaners.rules.phrases import MAX_LINE_CHARS, Kind, Openings, PhraseMatch, Phrases

__all__ = ["Icons", "Kind", "PhraseMatch", "Rules", "UrlParams", "load_rules", "load_url_params"]


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


LINES_REMEMBERED = 10_000


class Rules:
    """All phrase and icon rules; made once by `load_rules`, then only read.

    Each lookup takes the page's language (BCP 47; None: unknown). Entries of every language are looked
    up, since pages mix them; those marked strict answer only on pages in their language.
    """

    __slots__ = (
        "_find_heading",
        "_find_line",
        "_find_opening",
        "_headings",
        "_openings",
        "_phrases",
        "icons",
    )

    def __init__(self) -> None:
        self.icons: Icons = _load_icons()
        self._headings = Phrases("headings")
        self._openings = Openings()
        self._phrases = Phrases("phrases")
        # Each line is looked up by several passes, and the lines of an interface stand on every page of a site.
        self._find_line = functools.lru_cache(LINES_REMEMBERED)(self._phrases.find)
        self._find_heading = functools.lru_cache(LINES_REMEMBERED)(self._headings.find)
        self._find_opening = functools.lru_cache(LINES_REMEMBERED)(self._openings.find)

    def line(self, text: str, language: str | None = None) -> PhraseMatch | None:
        """The entry of `phrases/` that the whole line equals, or None."""
        return self._find_line(text, language) if len(text) <= MAX_LINE_CHARS else None

    def heading(self, text: str, language: str | None = None) -> PhraseMatch | None:
        """The entry of `headings/` that the whole line equals, or None: the kind says which box it heads."""
        return self._find_heading(text, language) if len(text) <= MAX_LINE_CHARS else None

    def opening(self, text: str, language: str | None = None) -> PhraseMatch | None:
        """The longest entry of `openings/` that the line starts with, or None.

        Entries that end in a colon need a separator after them (`Photo: Reuters`, `Read also | …`);
        the others need only end with a word.
        """
        return self._find_opening(text, language)


@functools.cache
def load_rules() -> Rules:
    """The rules, read once a process. Raises ValueError with the file's name where a rule file is malformed."""
    return Rules()


@functools.cache
def load_url_params() -> UrlParams:
    """The parameters that `cleaners.urls` takes from addresses, read once a process."""
    file = read_rules("url_params.toml", _UrlParamFile)
    return UrlParams(names=frozenset(file.names.split()), prefixes=tuple(file.prefixes.split()))


class _IconNameFile(RuleFile, kw_only=True):
    names: str


class _IconMarkupFile(RuleFile, kw_only=True):
    classes: str
    class_prefixes: str
    loose_prefixes: str
    class_exceptions: str
    tags: str


class _UrlParamFile(RuleFile, kw_only=True):
    names: str
    prefixes: str


def _load_icons() -> Icons:
    names = frozenset(read_rules("icons.toml", _IconNameFile).names.split())
    markup = read_rules("icon_markup.toml", _IconMarkupFile)
    return Icons(
        names=names,
        plain_words=frozenset(name for name in names if "_" not in name),
        classes=frozenset(markup.classes.split()),
        class_prefixes=tuple(markup.class_prefixes.split()),
        loose_prefixes=tuple(markup.loose_prefixes.split()),
        class_exceptions=frozenset(markup.class_exceptions.split()),
        tags=frozenset(markup.tags.split()),
    )
