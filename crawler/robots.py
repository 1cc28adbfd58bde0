"""What a robots.txt says to us, by RFC 9309: which pages we may ask for, and how fast."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protego import Protego

from crawler.signals import SignalRule, read_robots_signals

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ROBOTS_BYTES = 512 * 1024
"""RFC 9309 asks for 500 KiB at least; what lies beyond is not read."""
MAX_DELAY_SECONDS = 3600.0
"""Of a Crawl-delay or Request-rate; some say a day, which would have a site read never."""

_PRODUCT = re.compile(r"[a-z_-]+")
_RULES = {
    "allow": "allow",
    "disallow": "disallow",
    # Misspelled in so many files that Google reads them, too; who wrote them meant it.
    "dissallow": "disallow",
    "dissalow": "disallow",
    "disalow": "disallow",
    "diasllow": "disallow",
    "disallaw": "disallow",
    "crawl-delay": "crawl-delay",
    "request-rate": "request-rate",
    "content-usage": "content-usage",
    "content-signal": "content-signal",
}
_SIGNALS = ("content-usage", "content-signal")
_AGENT = frozenset({"user-agent", "useragent", "user agent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """The rules of one host, for one agent."""

    access: Protego
    delay_seconds: float
    """Between two requests; 0: it asks for none."""
    asked_seconds: float
    """What it asks for, which may be more than anybody could keep to."""
    signals: tuple[SignalRule, ...]
    """What it says of uses."""

    @classmethod
    def of(cls, reduced: str, agent: str) -> Robots:
        """The rules of what `reduce_robots` gave for the same agent."""
        access = Protego.parse(reduced)
        asked = _find_delay(access, agent)
        return cls(
            access=access,
            delay_seconds=min(asked, MAX_DELAY_SECONDS),
            asked_seconds=asked,
            signals=read_robots_signals(reduced, agent),
        )

    def allows(self, url: str, agent: str) -> bool:
        """Whether the agent may ask for this address."""
        return self.access.can_fetch(url, agent)


def decode_robots(body: bytes) -> str:
    """The text of a robots.txt: UTF-8, as the RFC says, or UTF-16 where a byte order mark says that it is."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8", "replace")


def reduce_robots(text: str, agent: str) -> str:
    """The lines of a robots.txt that count for an agent, by its product name: its own groups', or else everybody's.

    Empty for a web page in the place of a robots.txt: none of its lines is a rule; but rules below a line of markup are
    obeyed, as Google's parser does. Protego alone is wrong here, by the cases of Google's parser: it
    takes the group of `Foo` for `FooBot` too, reads `FooBot/1.0` and `Foo Bar` as whole names, and lets an unknown line
    end a run of `User-agent` lines. Of paths its verdicts are the same.
    """
    top: list[str] = []
    ours: list[str] = []
    everybody: list[str] = []
    names: set[str] = set()
    has_group = is_named = is_open = False
    for name, value in _read_lines(text):
        if name in _AGENT:
            product = _find_product(value)
            names = {*names, product} if is_open else {product}
            has_group = is_open = True
            is_named = is_named or product == agent.lower()
        elif (rule := _RULES.get(name)) is not None:
            is_open = False
            line = f"{rule}: {value}"
            if not has_group and rule in _SIGNALS:
                top.append(line)
            if agent.lower() in names:
                ours.append(line)
            if "*" in names:
                everybody.append(line)
    lines = [f"user-agent: {agent}", *ours] if is_named else [*top, "user-agent: *", *everybody]
    return "\n".join(lines) if len(lines) > 1 else ""


def _read_lines(text: str) -> Iterator[tuple[str, str]]:
    # Not splitlines: it would also part lines at characters that a path may hold.
    for line in re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")):
        name, colon, value = line.partition("#")[0].strip().partition(":")
        if not colon:
            # A blank for the colon, where just two words stand there.
            words = name.split()
            if len(words) != 2:
                continue
            name, value = words
        yield name.strip().lower(), value.strip()


def _find_product(value: str) -> str:
    """The product name that a `User-agent` line means, in lower case; empty for none."""
    if value == "*" or (value[:1] == "*" and value[1:2].isspace()):
        return "*"
    found = _PRODUCT.match(value.lower())
    return found[0] if found else ""


def _find_delay(access: Protego, agent: str) -> float:
    rate = access.request_rate(agent)
    between = rate.seconds / rate.requests if rate is not None and rate.requests else 0.0
    return max(access.crawl_delay(agent) or 0.0, between, 0.0)
