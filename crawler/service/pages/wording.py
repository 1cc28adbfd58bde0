"""How values look on a page: numbers, times, addresses, and texts of strangers with their hidden signs made visible."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import Markup

from pipelines.wording import to_span

if TYPE_CHECKING:
    from typing import Any

# Of C0 all but tab and line feed, DEL and C1; what turns the order of the text around it (marks of direction do not, and
# Arabic and Hebrew need them); half a surrogate pair; private use, as icon fonts have it.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\uf8ff\U000f0000-\U0010ffff]"
)
_WEB = re.compile(r"https?://[^\s\x00-\x20<>\"\\^`{|}\x7f-\x9f]+", re.IGNORECASE)
_UNITS = ("B", "kB", "MB", "GB", "TB")
_THOUSAND = 1_000


def reveal(text: str) -> str:
    r"""Give the text with its hidden signs made visible: none may turn a page's words around, or hide in a name.

    >>> reveal("safe\u202egpj.exe\x1b[2J")
    'safe‹U+202E›gpj.exe␛[2J'
    """
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_reveal, text)


def _reveal(sign: re.Match[str]) -> str:
    number = ord(sign[0])
    if number < 0x20:
        return chr(0x2400 + number)
    return "\ufffd" if 0xD800 <= number <= 0xDFFF else f"‹U+{number:04X}›"


def finalize(value: Any) -> Any:
    """What a template writes for a value, before it is escaped: every text that is not markup of ours is revealed."""
    if value is None:
        return "–"
    return reveal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def is_web(url: object) -> bool:
    """Say whether an address may become a link: http or https, with a host, and no sign that a browser would drop."""
    if not isinstance(url, str) or not _WEB.fullmatch(url) or _HIDDEN.search(url):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def without_address(text: str | None, url: str) -> str:
    """The text with its own page's address said in two words, for places where the address stands beside it.

    >>> without_address("https://a.example/1 answers 404", "https://a.example/1")
    'the page answers 404'
    """
    return (text or "").replace(url, "the page") if url else text or ""


def to_json(value: object) -> str:
    """A value that is no text, as JSON; a dash: there is none."""
    return "–" if value is None else json.dumps(value, ensure_ascii=False)


def to_number(value: float | None, digits: int = 0) -> str:
    """Such as `12,345`; a dash: nobody knows."""
    return "–" if value is None else f"{value:,.{digits}f}"


def to_percent(share: float | None) -> str:
    """Such as `4.2 %`; whole percents from ten on."""
    if share is None:
        return "–"
    percent = 100 * share
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"


def to_size(count: float) -> str:
    """Bytes, such as `1.2 MB`."""
    unit = 0
    while count >= _THOUSAND and unit < len(_UNITS) - 1:
        count, unit = count / _THOUSAND, unit + 1
    return f"{count:.0f} B" if not unit else f"{count:.1f} {_UNITS[unit]}"


def to_moment(value: object) -> datetime | None:
    """Read a time as rows and answers have it; None: it is none."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def to_time(value: object) -> Markup:
    """A `<time>` element, in UTC to the minute; what is no time is shown as it is."""
    moment = to_moment(value)
    if moment is None:
        return Markup("{}").format(finalize(value))
    moment = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment.day} {moment:%b %Y, %H:%M}"
    )


def to_age(value: object) -> Markup:
    """A `<time>` element that says how long ago, or in how long; the time itself is its title."""
    moment = to_moment(value)
    if moment is None:
        return Markup("{}").format(finalize(value))
    seconds = (datetime.now(UTC) - moment).total_seconds()
    said = f"{to_span(seconds)} ago" if seconds >= 0 else f"in {to_span(-seconds)}"
    moment = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment.day} {moment:%b %Y, %H:%M} UTC", said
    )
