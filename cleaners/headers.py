"""The headers of an answer that cleaning reads."""

from __future__ import annotations

import re
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

_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;[^;,<]{1,200}){0,9})")
_RELATION = re.compile(r"""\brel\s*=\s*"?([^";]{1,100})""", re.IGNORECASE)


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


def read_link_header(value: str) -> list[tuple[frozenset[str], str]]:
    """The links of a `Link` header: relations in lower case, and addresses as written.

    >>> read_link_header('</a>; rel="canonical"')
    [(frozenset({'canonical'}), '/a')]
    """
    return [
        (frozenset(relation[1].lower().split()), link[1].strip())
        for link in list(_LINK.finditer(value[:10_000]))[:50]
        if (relation := _RELATION.search(link[2]))
    ]
