"""Text that a program broke into lines of one width, as mails and text browsers do, brought back to paragraphs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cleaners.shape import ends_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_WIDTH, MAX_WIDTH = 40, 132
"""Of lines that a program broke: html2text breaks at 78, terminals at 80 to 132."""
MIN_BROKEN_LINES = 5
MIN_BROKEN_SHARE = 0.3
"""Of the lines that end within a sentence. Of 128 scrapes broken at 60 to 100 characters, with and without blank lines, 0.32
and more; of the same scrapes as they were, at most one line in four, and never two of them."""


def unwrap(lines: Sequence[str]) -> list[str]:
    """Return lines with those joined that were broken at a width; others as they are. Blank lines part paragraphs."""
    width = _find_width(lines)
    if width is None:
        return list(lines)
    joined: list[str] = []
    may_go_on = False
    for line, following in pairwise([*lines, ""]):
        bare = line.strip()
        if may_go_on and bare:
            joined[-1] += f" {bare}"
        else:
            joined.append(line)
        may_go_on = _is_broken(line, following, width)
    return joined


def _find_width(lines: Sequence[str]) -> int | None:
    """The width that lines were broken at; None where they were not."""
    # What has no blanks, such as an address, cannot be broken.
    width = max((len(line.rstrip()) for line in lines if line.strip().count(" ") >= 3), default=0)
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        return None
    open_ends = [
        _is_broken(line, following, width)
        for line, following in pairwise(lines)
        if line.strip().count(" ") >= 3 and following.strip() and not ends_sentence(line.strip())
    ]
    broken = sum(open_ends)
    return width if broken >= MIN_BROKEN_LINES and broken >= MIN_BROKEN_SHARE * len(open_ends) else None


def _is_broken(line: str, following: str, width: int) -> bool:
    """Whether the next line's first word would not have fitted into this one."""
    words = following.split(None, 1)
    return bool(words) and " " in line.strip() and len(line.rstrip()) + 1 + len(words[0]) > width
