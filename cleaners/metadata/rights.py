"""What a page says of its rights: licence, holder, paywall, and the uses that its publisher reserves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cleaners.models import OWN_AGENT
from cleaners.structured import text_of

if TYPE_CHECKING:
    from cleaners.metadata.facts import PageFacts

_RESTRICTING = frozenset(
    {
        "noindex",
        "none",
        "noai",
        "noimageai",
        "noarchive",
        "nocache",
        "nosnippet",
        "noml",
        "notranslate",
        "noimageindex",
    }
)
_PERMITTING = frozenset({"all", "archive", "follow", "index", "nofollow"})
# Both are written, though only the comma is right.
_DIRECTIVE_ENDS = re.compile(r"[,;]")
_VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})
_LIVE_FOLDERS = frozenset(
    {
        "live",
        "liveblog",
        "live-blog",
        "live-blogs",
        "liveblogs",
        "live-news",
        "live-updates",
        "liveticker",
        "live-ticker",
        "newsticker",
        "en-direct",
        "en-directo",
        "directo",
        "ao-vivo",
        "aovivo",
        "diretta",
        "in-diretta",
        "canli",
        "canli-anlatim",
        "na-zywo",
        "relacja-na-zywo",
        "liverapport",
        "direktrapport",
    }
)
_MAX_VALUE_CHARS = 500
# Metas that carry directives for one crawler; the agent's name is the meta's.
_AGENT_ENDINGS = ("bot", "bot-news", "crawler", "slurp", "spider", "-extended", "ai")


def find_opt_out(facts: PageFacts) -> dict[str, Any]:
    """Return what reserves a use, by source; empty where nothing does.

    `robots_meta` and `x_robots_tag`: restricting directives by agent (`*` for all). `tdm_reservation`, `tdm_policy`
    (meta), `tdm_reservation_header`, `tdm_policy_header`, `content_usage`, `content_signal`, and what the host says of
    all its pages (`Document.site_signals`): the values as written.
    """
    found: dict[str, Any] = {}
    if by_agent := _read_robots_metas(facts):
        found["robots_meta"] = by_agent
    headers = facts.document.headers
    by_agent = {}
    for line in headers.get("x-robots-tag", "").splitlines()[:20]:
        _add_directives(by_agent, "*", line)
    if by_agent:
        found["x_robots_tag"] = by_agent
    for name, value in (
        ("tdm_reservation", facts.meta("tdm-reservation")),
        ("tdm_policy", facts.meta("tdm-policy")),
        ("tdm_reservation_header", headers.get("tdm-reservation")),
        ("tdm_policy_header", headers.get("tdm-policy")),
        ("content_usage", headers.get("content-usage") or facts.meta("content-usage")),
        ("content_signal", headers.get("content-signal") or facts.meta("content-signal")),
    ):
        if value and value.strip():
            found[name] = value.strip()[:_MAX_VALUE_CHARS]
    return {**found, **facts.document.site_signals}


def find_licence(facts: PageFacts) -> tuple[str, str] | None:
    """Return the address or name of the article's licence and its source."""
    for rel, href in facts.links:
        if "license" in rel and (address := facts.absolute(href)):
            return ("link", address)
    value = facts.article.get("license")
    if isinstance(value, dict):
        value = value.get("url") or value.get("@id") or value.get("name")
    if text := text_of(value, limit=_MAX_VALUE_CHARS):
        return ("json-ld", text)
    if text := facts.meta("dcterms.license", "dc.rights.license", "license"):
        return ("meta", text[:_MAX_VALUE_CHARS])
    return None


def find_copyright_holder(facts: PageFacts) -> tuple[str, str] | None:
    """Return who the page names as the owner of its rights, and the source."""
    if text := text_of(facts.resolve(facts.article.get("copyrightHolder")), limit=200):
        return ("json-ld", text)
    if text := facts.meta("dcterms.rightsholder", "copyright", "dc.rights", "dcterms.rights", "rights"):
        return ("meta", text[:200])
    return None


def find_paywall(facts: PageFacts) -> list[tuple[str, bool]]:
    """Return whether the article is behind a paywall, by each source that says so or says no, the most trusted first."""
    found: list[tuple[str, bool]] = []
    free = _truth(facts.article.get("isAccessibleForFree"))
    if free is not None:
        found.append(("json-ld", not free))
    # Google has the part that is not free named, and some name nothing else.
    parts = facts.article.get("hasPart")
    for part in parts[:20] if isinstance(parts, list) else [parts]:
        if free is None and isinstance(part, dict) and _truth(part.get("isAccessibleForFree")) is False:
            found.append(("json-ld", True))
            break
    tier = (facts.meta("article:content_tier", "og:article:content_tier", "content_tier") or "").lower()
    if tier in {"locked", "metered", "paid", "premium", "free"}:
        found.append(("meta", tier != "free"))
    return found


def find_live_blog(facts: PageFacts) -> bool:
    """Tell whether the page is an article that grows while its event goes on."""
    kinds = facts.article.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if any(isinstance(kind, str) and kind.endswith("LiveBlogPosting") for kind in kinds[:20]):
        return True
    # A folder of them; what ends so may be about them ("how-to-write-a-live-blog"), or list them.
    folders = facts.document.url.lower().partition("?")[0].rstrip("/").split("/")[3:-1]
    return not _LIVE_FOLDERS.isdisjoint(folders)


def _truth(value: Any) -> bool | None:
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower().rsplit("/", 1)[-1]
        if word in {"true", "yes", "1"}:
            return True
        if word in {"false", "no", "0"}:
            return False
    return None


def _read_robots_metas(facts: PageFacts) -> dict[str, list[str]]:
    by_agent: dict[str, list[str]] = {}
    for name, contents in facts.metas.items():
        # Pages that cannot set a header write it as a meta.
        agent = "*" if name in {"robots", "x-robots-tag"} else name
        if agent != "*" and ":" in name:
            continue
        for content in contents[:5]:
            if agent == "*" or _is_agent(name) or _holds_directives_only(content):
                _add_directives(by_agent, agent, content)
    return by_agent


def _is_agent(name: str) -> bool:
    return name == OWN_AGENT or (name.endswith(_AGENT_ENDINGS) and len(name) < 40)


def _holds_directives_only(content: str) -> bool:
    """Whether a meta of any name can be meant for a crawler: `none` alone is the value of many that are not."""
    words = _DIRECTIVE_ENDS.sub(" ", content.lower()[:2_000]).split()
    return all(word in _RESTRICTING or word in _PERMITTING for word in words) and any(
        word in _RESTRICTING and word != "none" for word in words
    )


def _add_directives(by_agent: dict[str, list[str]], agent: str, content: str) -> None:
    for token in _DIRECTIVE_ENDS.split(content.lower()[:2_000]):
        directive = token.strip()
        if ":" in directive:
            name, _, rest = directive.partition(":")
            if name.strip() in _VALUED:
                continue
            agent, directive = name.strip()[:100] or agent, rest.strip()
        for word in directive.split():
            if word in _RESTRICTING:
                kept = by_agent.setdefault(agent, [])
                if word not in kept:
                    kept.append(word)
