"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """The number with its noun, whose plural ends in s unless it is given.

    >>> counted(1, "page"), counted(2, "page"), counted(1200, "page"), counted(2, "entry", "entries")
    ('1 page', '2 pages', '1200 pages', '2 entries')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def to_span(seconds: float) -> str:
    """The seconds in the largest unit that leaves at least two of it.

    >>> to_span(90), to_span(7_200)
    ('90 s', '2 h')
    """
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
