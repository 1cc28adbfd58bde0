"""What a site is worth to a crawl, said honestly after each pass: by what its answers were, never by its name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from selectolax.lexbor import LexborHTMLParser

from cleaners.models import Article
from pipelines.opt_out import OptOutPolicy, find_reservation
from pipelines.visits import Cleaned, Ended
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from scrapy.http import Response

VerdictKind = Literal["ok", "blocked", "paywalled", "needs_script", "robots", "terms_notice", "dead"]

SHELL_CHARS = 250
"""A page with less text than this and a script is a shell that a browser fills: what is too short to be an article."""
MAX_SHELL_BYTES = 512 * 1024
"""A larger one is not looked at: it would hold up the loop, and shells are small."""
EVIDENCE_CHARS = 160
MOST_SIGNS = 8
"""Kinds of signs that are kept of a site."""

_KINDS: dict[str, VerdictKind] = {
    "article": "ok",
    "http_401": "paywalled",
    "http_402": "paywalled",
    "http_403": "blocked",
    "http_406": "blocked",
    "http_429": "blocked",
    "http_451": "blocked",
    "consent_wall": "blocked",
    "paywall_teaser": "paywalled",
    "login": "paywalled",
    "script_shell": "needs_script",
    "robots": "robots",
    "robots_unavailable": "robots",
    "robots_busy": "blocked",
    "host_busy": "blocked",
    "opt_out": "terms_notice",
    "dns": "dead",
    "connect": "dead",
    "tls": "dead",
    "timeout": "dead",
    "protocol": "dead",
    "truncated": "dead",
}
_SAID = {
    "article": "gave an article",
    "consent_wall": "showed nothing but a consent wall",
    "paywall_teaser": "showed a teaser before a paywall",
    "login": "showed a log-in form",
    "script_shell": "held scripts and no text",
    "robots": "are closed by robots.txt",
    "robots_unavailable": "could not be asked for: robots.txt cannot be had",
    "robots_busy": "could not be asked for: robots.txt asks for patience",
    "host_busy": "were not to be had: the host wants to be left alone",
    "opt_out": "were left alone: the site reserves them",
}
_SAID_OF_ONE = {
    "host_busy": "was not to be had: the host wants to be left alone",
    "robots": "is closed by robots.txt",
    "opt_out": "was left alone: the site reserves it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of a site."""

    kind: VerdictKind
    evidence: str
    """One line for people: all answers that say something of the site, those that decided it first."""


def read_signs(item: Any, response: Response | None) -> Iterator[str]:
    """What a visit's end says of its site: a word of the outcome row, or of this module's table."""
    if isinstance(item, Ended):
        yield item.reason
    elif isinstance(item, Cleaned):
        result = item.result
        if isinstance(result, Article):
            yield "article"
        elif result.reason in {"too_short", "no_text"} and response and is_script_shell(response.body):
            yield "script_shell"
        else:
            yield result.reason
    if response is not None and find_reservation(response.meta.get("site_signals") or {}, OptOutPolicy.SKIP):
        yield "reserved"


def is_script_shell(body: bytes) -> bool:
    """Whether a page has a script, and hardly any text without it."""
    if len(body) > MAX_SHELL_BYTES:
        return False
    tree = LexborHTMLParser(body)
    if tree.css_first("script") is None or tree.body is None:
        return False
    for node in tree.css("script, style, noscript, template"):
        node.decompose()
    return len("".join(tree.body.text().split())) < SHELL_CHARS


def add_signs(kept: Mapping[str, int], seen: Mapping[str, int]) -> dict[str, int]:
    """The signs of all passes, of which the later ones count more: what was kept counts half."""
    total = Counter({name: count // 2 for name, count in kept.items()})
    total.update(seen)
    return {name: count for name, count in total.most_common(MOST_SIGNS) if count > 0}


def judge(signs: Mapping[str, int], *, lives: bool = False) -> Verdict | None:
    """The verdict by the signs; None: they say nothing, as where no page was due.

    What says nothing of the whole site (a page that is gone, a hub, a gallery) is left out. Of the rest, the kind with
    most signs wins, and `ok` a draw; a site that gives articles and reserves most of what was seen says so. One that
    `lives`, since the last pass read a listing or an article of it, is never `dead`: it is `ok` if articles are among
    the signs, `blocked` if its pages are 503, and else its failures say nothing of the whole. One of which nothing was
    ever had, since its robots.txt fails like all else, is `dead`.
    """
    kinds: Counter[VerdictKind] = Counter()
    for name, count in signs.items():
        if (kind := kind_of(name)) is not None:
            kinds[kind] += count
    total = sum(kinds.values())
    if not total:
        return None
    away = signs.get("robots_unavailable", 0)
    if away and not lives and set(kinds) <= {"robots", "dead"} and kinds["robots"] == away:
        kinds["dead"] += kinds.pop("robots")
    best, count = max(kinds.items(), key=lambda entry: (entry[1], entry[0] == "ok"))
    if best == "dead" and lives:
        del kinds["dead"]
        if not kinds["ok"] and signs.get("http_503"):
            kinds["blocked"] += signs["http_503"]
        if not kinds.total():
            return None
        best = "ok" if kinds["ok"] else max(kinds, key=kinds.__getitem__)
        count = kinds[best]
    if best == "ok" and 2 * signs.get("reserved", 0) > count:
        evidence = f"{signs['reserved']} of {count} stand under a reservation of mining or of uses by AI"
        return Verdict(kind="terms_notice", evidence=evidence)
    names = sorted(filter(kind_of, signs), key=lambda name: (kind_of(name) != best, -signs[name]))
    said = ", ".join(f"{signs[name]} {_say(name, signs[name])}" for name in names)
    return Verdict(kind=best, evidence=f"of {counted(total, 'answer')}, {said}")


def kind_of(name: str) -> VerdictKind | None:
    """The verdict that a sign speaks for; None: it says nothing of the whole site."""
    return _KINDS.get(name, "dead" if re.fullmatch(r"http_5\d\d", name) else None)


def _say(name: str, count: int) -> str:
    if name.startswith("http_"):
        return f"{'was' if count == 1 else 'were'} {name.removeprefix('http_')}"
    said = _SAID.get(name, f"failed ({name})")
    return _SAID_OF_ONE.get(name, said) if count == 1 else said
