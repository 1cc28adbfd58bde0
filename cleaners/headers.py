"""The headers of an answer that cleaning reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CLEANED_HEADERS = frozenset(
    {
        "content-signal",
        "content-type",
        "content-usage",
        "link",
        "tdm-policy",
        "tdm-reservation",
        "x-robots-tag",
    }
)
"""In lower case."""


def join_headers(lines: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Those that cleaning reads of an answer's header lines, as `Document.headers` has them.

    The lines of one header are joined by a comma, as HTTP has it; those of `x-robots-tag` by a line feed, since a line
    that begins with a crawler's name is for that crawler, and the next one is not.
    """
    found: dict[str, str] = {}
    for given, value in lines:
        name = given.lower()
        if name not in CLEANED_HEADERS:
            continue
        joint = "\n" if name == "x-robots-tag" else ", "
        found[name] = f"{found[name]}{joint}{value}" if name in found else value
    return found
