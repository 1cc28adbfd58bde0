"""Whether a publisher's reservations, as an article's `opt_out` names them, keep the article from being stored."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cleaners.models import OWN_AGENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEVER_STORED = ("noindex", "none")
_NEVER_ARCHIVED = ("noarchive", "nocache")
_AI_DIRECTIVES = ("noai", "noml")
# The nearer to the text, the more it counts: what a page says of itself goes before what its host says of all pages.
_TDM_SOURCES = ("tdm_reservation", "tdm_reservation_header", "tdm_reservation_file")
_PREFERENCE_SOURCES = ("content_usage", "content_signal", "content_usage_robots", "content_signal_robots")
_AI_USES = frozenset(
    ["ai", "ai-input", "ai-train", "ai-use", "bots", "genai", "tdm", "train-ai", "train-genai"]
)
"""Uses of the drafts and of Content-Signal that training, mining or answering by a model falls under; not `search`."""
_PREFERENCE = re.compile(r"([a-z][a-z0-9-]*)\s*=\s*\"?\??([a-z0-9]+)", re.IGNORECASE)


class OptOutPolicy(StrEnum):
    """What becomes of an article whose publisher reserves text and data mining or uses by AI.

    Pages that ask not to be indexed are stored under neither.
    """

    FLAG = "flag"
    """Stored; its `opt_out` says so."""
    SKIP = "skip"
    """Not stored."""


def find_reservation(evidence: Mapping[str, Any], policy: OptOutPolicy) -> str | None:
    """Return the reservation that keeps a page from being stored, in one line for people; None: it may be stored.

    `evidence` is what `cleaners.metadata.rights.find_opt_out` returns, or the part of it that a host says of all pages.
    """
    for source, directive in _directives(evidence):
        if directive in _NEVER_STORED or (policy is OptOutPolicy.SKIP and directive in _AI_DIRECTIVES):
            return f"{source}: {directive}"
    if policy is OptOutPolicy.FLAG:
        return None
    reserved = next((source for source in _TDM_SOURCES if source in evidence), None)
    if reserved is not None and str(evidence[reserved]).strip() == "1":
        return f"{reserved}: 1"
    return _find_preference(evidence)


def may_be_archived(evidence: Mapping[str, Any], policy: OptOutPolicy) -> bool:
    """Say whether a page may be kept as it was sent: neither where it is not to be stored, nor where it says `noarchive`."""
    if find_reservation(evidence, policy) is not None:
        return False
    return all(directive not in _NEVER_ARCHIVED for _, directive in _directives(evidence))


def _directives(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The robots directives that are for everybody or for us by name."""
    for source in ("robots_meta", "x_robots_tag"):
        by_agent = evidence.get(source) or {}
        for agent in ("*", OWN_AGENT):
            for directive in by_agent.get(agent, ()):
                yield source, directive


def _find_preference(evidence: Mapping[str, Any]) -> str | None:
    said: set[str] = set()
    for source in _PREFERENCE_SOURCES:
        for use, answer in _PREFERENCE.findall(str(evidence.get(source) or "")):
            name = use.lower()
            if name in said:
                continue
            said.add(name)
            if name in _AI_USES and answer.lower() in {"n", "no", "0"}:
                return f"{source}: {name}={answer}"
    return None
