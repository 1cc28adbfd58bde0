"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number with its noun, whose plural ends in s.

    >>> counted(1, "page"), counted(2, "page"), counted(1200, "page")
    ('1 page', '2 pages', '1200 pages')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
