"""Icon names printed as words: what a page shows when its icon font is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleaners.page import Page
    from cleaners.rules import Icons

# The private-use areas: icon fonts put their glyphs there and no script does.
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]+")
# Of 4,209 names the longest has 45 characters; a longer run starts with a name at most.
_LOWER_RUN = re.compile(r"[a-z][a-z0-9_]{0,59}")
_LAST_RUN = re.compile(r"[a-z][a-z0-9_]{0,59}$")
# Where a name may stand: at the start, and in the middle with something glued to it.
_FIRST = re.compile(r"\A *+[a-z]")
_GLUED = re.compile(r" [a-z][a-z_]*+(?:[A-Z0-9(\[\"']|[^\x00-\x7f])")
# An icon leads a label, not a sentence: a lower-case rest of so many words is an article that speaks of the icon.
MAX_LABEL_WORDS = 3
MAX_LABELS_CHARS = 160
MAX_TAIL_CHARS = 200


@dataclass(frozen=True, slots=True)
class Stripped:
    """A text without its icon names."""

    text: str
    icons: tuple[str, ...]
    """The names taken, in order; an icon-font character counts as a name."""
    led: bool
    """Whether an icon stood first."""


def strip_icon_names(text: str, icons: Icons) -> Stripped:
    """Take icon names from the start and end of a text and from before glued words.

    `check_circleThis update` -> `This update`; `View Allarrow_forward` -> `View All`; `shareShare printPrint` -> `Share
    Print`. A name that is an ordinary word goes only where a capital, digit or symbol is glued to it; a name inside a
    sentence stays.
    """
    if not _may_hold_icons(text):
        return Stripped(text.strip(), (), led=False)
    taken: list[str] = []
    led = False
    private = _PRIVATE.search(text)
    if private:
        led = not text[: private.start()].strip()
        taken.extend(_PRIVATE.findall(text))
        text = _PRIVATE.sub(" ", text)
    words = text.split(" ")
    # A line of labels is short; in a longer text only its first word can be an icon's name.
    for index, word in enumerate(words[:1] if len(text) > MAX_LABELS_CHARS else words):
        name = _leading_name(word, icons) if word[:1].islower() else None
        if name is None:
            continue
        rest = word[len(name) :]
        first = not any(words[:index])
        if first:
            following = " ".join(words[index + 1 :])
            if not rest and "_" not in name:
                continue
            if not rest and following[:1].islower() and following.count(" ") >= MAX_LABEL_WORDS:
                continue
            led = True
        elif not rest or not (led or "_" in name):
            # In the middle of a line: only glued, and only in a line of labels or with an unmistakable name.
            continue
        taken.append(name)
        words[index] = rest
    text = " ".join(word for word in words if word) if taken else text
    tail = _trailing_name(text, icons)
    if tail:
        taken.append(tail)
        text = text[: -len(tail)]
    return Stripped(text.strip(), tuple(taken), led)


def strip_icon_word(stripped: Stripped, page: Page) -> Stripped:
    """The same without an ordinary word that is an icon's name, where all behind it is a line that the rules know.

    `headphones Listen to this story`, `key Key Takeaways`.
    """
    word, _, rest = stripped.text.partition(" ")
    # "360 Panorama", "home Alone": one word behind it may as well be the other half of a name.
    is_label = len(stripped.text) <= MAX_LABELS_CHARS and rest[:1].isupper() and " " in rest
    if not is_label or not word.isalpha() or word not in page.rules.icons.plain_words:
        return stripped
    rules, language = page.rules, page.language
    if rules.line(rest, language=language) is None and rules.heading(rest, language=language) is None:
        return stripped
    return Stripped(rest, (word,), led=True)


def _may_hold_icons(text: str) -> bool:
    """False for nearly all texts, without a look at their words."""
    return (
        _FIRST.match(text) is not None
        or (len(text) <= MAX_LABELS_CHARS and _GLUED.search(text) is not None)
        or (not text.isascii() and _PRIVATE.search(text) is not None)
        or (len(text) <= MAX_TAIL_CHARS and "_" in text[-60:])
    )


def is_icon_name(text: str, icons: Icons) -> bool:
    """Whether a text is nothing but one icon name."""
    return text in icons.names


def _leading_name(word: str, icons: Icons) -> str | None:
    """The longest icon name that a word starts with and that ends where a new word is glued on, or the whole word."""
    run = _LOWER_RUN.match(word)
    if run is None:
        return None
    whole = run[0]
    glued = word[len(whole) : len(whole) + 1]
    if whole in icons.names and len(whole) > 1:
        parted = not glued or glued.isupper() or glued.isdigit() or not glued.isascii()
        if parted or ("_" in whole and glued in "([\"'"):
            return whole
    # Or the name ends before digits: "share12".
    for end in range(len(whole) - 1, 1, -1):
        if not whole[end].isdigit():
            break
        if whole[:end] in icons.names:
            return whole[:end]
    return None


def _trailing_name(text: str, icons: Icons) -> str | None:
    """An unmistakable icon name at the end of a text, glued or apart."""
    end = text[-60:]
    run = _LAST_RUN.search(end) if "_" in end and len(text) <= MAX_TAIL_CHARS else None
    if run is None:
        return None
    # "Allarrow_forward": the run is "llarrow_forward"; the longest name at its end is what was printed.
    for start in range(len(run[0])):
        name = run[0][start:]
        if "_" in name and name in icons.names:
            return name
    return None
