"""What a page says of its rights: licence, holder, paywall, and the uses that its publisher reserves."""

from __future__ import annotations

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
_VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})
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
    by_agent: dict[str, list[str]] = {}
    for name, contents in facts.metas.items():
        agent = "*" if name == "robots" else name
        is_agent = name == OWN_AGENT or (name.endswith(_AGENT_ENDINGS) and len(name) < 40 and ":" not in name)
        if agent != "*" and not is_agent:
            continue
        for content in contents[:5]:
            _add_directives(by_agent, agent, content)
    if by_agent:
        found["robots_meta"] = by_agent
    headers = facts.document.headers
    if tag := headers.get("x-robots-tag"):
        by_agent = {}
        _add_directives(by_agent, "*", tag)
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


def find_paywall(facts: PageFacts) -> bool | None:
    """Tell whether the page declares that the article is not free to read; None where it declares nothing."""
    free = _truth(facts.article.get("isAccessibleForFree"))
    if free is not None:
        return not free
    tier = (facts.meta("article:content_tier", "og:article:content_tier", "content_tier") or "").lower()
    if tier in {"locked", "metered", "paid", "premium"}:
        return True
    return False if tier == "free" else None


def find_live_blog(facts: PageFacts) -> bool:
    """Tell whether the page is an article that grows while its event goes on."""
    kinds = facts.article.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if any(isinstance(kind, str) and kind.endswith("LiveBlogPosting") for kind in kinds[:20]):
        return True
    return facts.document.url.lower().find("liveblog") != -1 or "live-blog" in facts.document.url.lower()


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


def _add_directives(by_agent: dict[str, list[str]], agent: str, content: str) -> None:
    for token in content.lower()[:2_000].split(","):
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
