"""Phrases that sites print around articles, looked up by whole lines or by the start of a line."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from cleaners.rules.files import FOLDER, RuleFile, read_rules
from cleaners.rules.fold import fold, strip_ornaments

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_SEPARATORS = 2
# What stands between a label and its content; "Photo, text" and "well-known" are no such places.
_SEPARATOR = re.compile(r"[:：|｜>›→▶►•·・=＝/／丨\]】]| [-–—] ")
# Scripts that set no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
# The same without a look at what stands beside a dash: found or not in a tenth of the time.
_MAY_SEPARATE = re.compile(r"[:：|｜>›→▶►•·・=＝/／丨\]】\-–—]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

# Codes that pages use for a language whose file has the newer or the wider code.
_SAME_LANGUAGE = {"cmn": "zh", "in": "id", "iw": "he", "nb": "no", "nn": "no", "yue": "zh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseMatch:
    """An entry of the rules that a line of a page equals, or opens with."""

    rule: str
    """Folder, language and entry: `headings/de:mehr zum thema`."""
    kind: Kind
    weak: bool = False
    """True where an article could print these words itself ("Why it matters"): the place must agree."""


class Phrases:
    """One folder of phrase files, by folded entry; `find` looks up whole lines."""

    def __init__(self, folder: str) -> None:
        self._everywhere: dict[str, PhraseMatch] = {}
        self._in_language: dict[str, dict[str, PhraseMatch]] = {}
        self._first_words: set[str] = set()
        for path in sorted((FOLDER / folder).glob("*.toml")):
            own = self._in_language[path.stem] = {}
            for entry, match, strict in _entries(folder, path.stem):
                key = self.to_key(entry)
                own[key] = match
                self._first_words.add(_first_word(key))
                if not strict:
                    held = self._everywhere.get(key)
                    # What one language may say inside an article is weak on a page of unknown language.
                    if held is None or (match.weak and not held.weak):
                        self._everywhere[key] = match

    @staticmethod
    def to_key(entry: str) -> str:
        """The form that an entry is looked up by."""
        return fold(entry)

    def find(self, text: str, language: str | None) -> PhraseMatch | None:
        """The entry that the whole line equals, or None; `language` is the page's (BCP 47)."""
        if len(text) > MAX_LINE_CHARS or not self._may_equal(text):
            return None
        return self._get(fold(text), self._of(language))

    def _may_equal(self, text: str) -> bool:
        """False for most lines: no entry has their first word."""
        word = _fold_first_word(text.lstrip().partition(" ")[0])
        # A number may go on in the next word (`12 000 readers`).
        return not word or "{" in word or word in self._first_words

    def _get(self, key: str, own: dict[str, PhraseMatch]) -> PhraseMatch | None:
        return own.get(key) or self._everywhere.get(key)

    def _of(self, language: str | None) -> dict[str, PhraseMatch]:
        return self._in_language.get(_primary(language), {}) if language else {}


class Openings(Phrases):
    """The folder of phrases that lines open with; those that end in a colon need a separator after them."""

    def __init__(self) -> None:
        super().__init__("openings")
        keys = [key for own in self._in_language.values() for key in own if not key.endswith(":")]
        starts: dict[str, set[int]] = {}
        for key in keys:
            words = key.split(" ")
            starts.setdefault(strip_ornaments(words[0]), set()).add(len(words))
        self._starts = {word: tuple(sorted(counts, reverse=True)) for word, counts in starts.items()}
        """How many words the phrases have that open with a word, longest first."""
        lengths = {len(key) for key in keys if _UNSPACED.match(key)}
        self._unspaced_lengths = tuple(sorted(lengths, reverse=True))

    @staticmethod
    def to_key(entry: str) -> str:
        return fold(entry) + ":" * entry.endswith(":")

    def find(self, text: str, language: str | None) -> PhraseMatch | None:
        """The longest entry that the line starts with, or None."""
        start = text[:_OPENING_CHARS]
        if not self._may_match(start):
            return None
        head, own = fold(start), self._of(language)
        ends = [match.start() for match in itertools.islice(_SEPARATOR.finditer(head), _SEPARATORS)]
        if start.rstrip().endswith((":", "：")):
            ends.append(len(head))
        labels = (strip_ornaments(head[:end]) + ":" for end in reversed(ends))
        if _UNSPACED.match(head):
            bare = (head[:length] for length in self._unspaced_lengths)
        else:
            words = head.split(" ")
            counts = self._starts.get(strip_ornaments(words[0]), ())
            bare = (strip_ornaments(" ".join(words[:count])) for count in counts)
        found = (self._get(key, own) for key in itertools.chain(labels, bare))
        return next((match for match in found if match), None)

    def _may_match(self, start: str) -> bool:
        """False for most lines: no separator near, and a first word that no entry opens with."""
        if _MAY_SEPARATE.search(start) and _SEPARATOR.search(start):
            return True
        first = start.partition(" ")[0]
        word = _fold_word(first)
        return word in self._starts or (not word and bool(start)) or bool(_UNSPACED.search(first))


@functools.lru_cache(maxsize=1_000)
def _primary(language: str) -> str:
    """The name of a language's file."""
    primary = re.split("[-_]", language, maxsplit=1)[0].lower()
    return _SAME_LANGUAGE.get(primary, primary)


# Lines open with few words.
@functools.lru_cache(maxsize=10_000)
def _fold_word(word: str) -> str:
    return fold(word)


@functools.lru_cache(maxsize=10_000)
def _fold_first_word(word: str) -> str:
    return _first_word(fold(word))


def _first_word(key: str) -> str:
    return strip_ornaments(key.partition(" ")[0])


class _Entries(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Entries of one kind, one a line."""

    always: str = ""
    """Never a line of an article's own, in any language."""
    strict: str = ""
    """The same, on pages in the file's language only."""
    weak: str = ""
    """May be an article's own line: the place must agree."""
    weak_strict: str = ""


class _PhraseFile(RuleFile, kw_only=True):
    kind: dict[Kind, _Entries]


def _entries(folder: str, language: str) -> Iterator[tuple[str, PhraseMatch, bool]]:
    """Every entry of a phrase file with its match and whether it is strict."""
    file = read_rules(f"{folder}/{language}.toml", _PhraseFile)
    for kind, held in file.kind.items():
        for entries, weak, strict in (
            (held.always, False, False),
            (held.strict, False, True),
            (held.weak, True, False),
            (held.weak_strict, True, True),
        ):
            for entry in entries.splitlines():
                yield entry, PhraseMatch(rule=f"{folder}/{language}:{entry}", kind=kind, weak=weak), strict
