"""What a host reserves for all of its pages: in robots.txt (Content-Usage, Content-Signal) and in tdmrep.json."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crawler.discovery.scope import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_RULES = 500
"""Of one file; the longest robots.txt files name a few hundred paths."""
_MAX_VALUE_CHARS = 500

_PREFERENCES = {"content-usage": "content_usage_robots", "content-signal": "content_signal_robots"}
_WITH_PATH = re.compile(r"(/\S*)\s+(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRule:
    """One thing that a host says of the paths that match a pattern."""

    pattern: str
    """As in robots.txt: the start of a path; `*` is any run of characters, a final `$` the end."""
    source: str
    """As `opt_out` names it."""
    value: str


def read_robots_signals(text: str, agent: str) -> tuple[SignalRule, ...]:
    """Return what robots.txt says of uses to an agent: its own group's, or else everybody's.

    A line above all groups is for everybody.
    """
    ours: list[SignalRule] = []
    everybody: list[SignalRule] = []
    is_named = False
    agents: set[str] = {"*"}
    opens_group = False
    for line in text.splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "user-agent":
            agents = {*agents, value.lower()} if opens_group else {value.lower()}
            is_named = is_named or value.lower() == agent.lower()
        elif name in _PREFERENCES and value and len(ours) + len(everybody) < MAX_RULES:
            path = _WITH_PATH.fullmatch(value)
            rule = SignalRule(
                pattern=path[1] if path else "/",
                source=_PREFERENCES[name],
                value=(path[2] if path else value)[:_MAX_VALUE_CHARS],
            )
            if agent.lower() in agents:
                ours.append(rule)
            if "*" in agents:
                everybody.append(rule)
        opens_group = name == "user-agent" or (opens_group and not name)
    return tuple(ours if is_named else everybody)


def read_tdmrep(body: bytes) -> tuple[SignalRule, ...]:
    """Return what a tdmrep.json reserves; empty for what is no such file."""
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    rules: list[SignalRule] = []
    for entry in entries[:MAX_RULES] if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("location"), str):
            rules += _read_location(entry["location"].strip(), entry)
    return tuple(rules)


def find_signals(rules: Iterable[SignalRule], path: str) -> dict[str, str]:
    """Return what the rules say of a path (with its query), by source; the longest pattern that matches counts."""
    found: dict[str, SignalRule] = {}
    for rule in rules:
        kept = found.get(rule.source)
        if (kept is None or len(rule.pattern) > len(kept.pattern)) and _compile(rule.pattern).matches(
            path.lower()
        ):
            found[rule.source] = rule
    return {source: rule.value for source, rule in found.items()}


def _read_location(location: str, entry: dict[str, Any]) -> Iterator[SignalRule]:
    if not location.startswith(("/", "*")) or len(location) > 2_000:
        return
    for key, source in (("tdm-reservation", "tdm_reservation_file"), ("tdm-policy", "tdm_policy_file")):
        value = entry.get(key)
        if isinstance(value, str | int):
            said = str(int(value) if isinstance(value, bool) else value)
            yield SignalRule(pattern=location, source=source, value=said[:_MAX_VALUE_CHARS])


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> Pattern:
    return Pattern.of(pattern)
