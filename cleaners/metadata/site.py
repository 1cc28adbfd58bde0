"""Who publishes the page, and which address names its article."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cleaners.structured import text_of, texts_of, types_of
from cleaners.urls import canonical_url, name_of, names_story, registrable_domain

if TYPE_CHECKING:
    from cleaners.metadata.facts import PageFacts

_SITE_NAME_METAS = (
    ("og", ("og:site_name",)),
    ("meta", ("application-name", "apple-mobile-web-app-title", "al:ios:app_name")),
)
_SITE_TYPES = frozenset({"WebSite", "Organization", "NewsMediaOrganization", "Corporation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The names that a site goes by."""

    site_name: str | None
    publisher: str | None
    names: tuple[str, ...]
    """Every name and address of the site, as written."""
    site_names: tuple[tuple[str, str], ...] = ()
    publishers: tuple[tuple[str, str], ...] = ()
    """What each source says, the most trusted first."""


def read_site(facts: PageFacts) -> Site:
    """Return who publishes the page, by its metas, its JSON-LD and its address."""
    site_names = [
        (source, name)
        for source, metas in _SITE_NAME_METAS
        for meta in metas
        if (name := facts.meta(meta)) is not None
    ]
    publishers = [
        (source, name)
        for source, name in (
            ("json-ld", text_of(facts.resolve(facts.article.get("publisher")), limit=200)),
            ("meta", facts.meta("publisher", "dc.publisher", "dcterms.publisher")),
        )
        if name
    ]
    names = [name for _, name in (*site_names[:1], *publishers[:1])]
    names.extend(facts.metas.get("application-name", ())[:5])
    names.extend(facts.metas.get("apple-mobile-web-app-title", ())[:5])
    names.extend(handle.lstrip("@") for handle in facts.metas.get("twitter:site", ())[:5])
    for node in facts.nodes[:200]:
        types = types_of(node)
        if types & _SITE_TYPES and (name := text_of(node.get("name"), limit=200)):
            names.append(name)
            names.extend(texts_of(node.get("alternateName"), limit=200)[:3])
            if "WebSite" in types:
                site_names.append(("json-ld", name))
    host = host_of(facts.document.url).removeprefix("www.")
    domain = registrable_domain(host)
    names.extend((host, domain, domain.split(".")[0]))
    return Site(
        site_name=site_names[0][1] if site_names else None,
        publisher=publishers[0][1] if publishers else None,
        names=tuple(names),
        site_names=tuple(site_names),
        publishers=tuple(publishers),
    )


def find_addresses(facts: PageFacts, canonical: str) -> list[tuple[str, str]]:
    """Return what the page's sources name its article by, the one that gave `canonical` first."""
    stated = [("link", facts.absolute(href)) for rel, href in facts.links if "canonical" in rel]
    stated.append(("og", facts.absolute(facts.meta("og:url"))))
    stated.append(("json-ld", facts.absolute(text_of(facts.article.get("url")))))
    found = [(source, name_of(address)) for source, address in stated if address is not None]
    given = next((source for source, address in found if source == "link" and address == canonical), "url")
    return [(given, canonical), *found]


def find_canonical(facts: PageFacts) -> tuple[str, str | None]:
    """Return the address that names the article, and the foreign address that it is syndicated from.

    A canonical link counts within the page's registrable domain, and never from a deeper page to a site's root, nor
    from an address that names a story to one that looks like a section's: content systems in a muddle name one
    address on every page, and all their articles would become one.
    """
    own = facts.document.url
    try:
        canonical_url(own)
    except ValueError:
        # A page from somebody's archive may bear a name that is no address: it still names the page.
        return own, None
    home = registrable_domain(host_of(own))
    for rel, href in facts.links:
        if "canonical" not in rel or (address := facts.absolute(href)) is None:
            continue
        if registrable_domain(host_of(address)) != home:
            return name_of(own), address if home else None
        if not _names_list(address, own):
            return name_of(address), None
    return name_of(own), None


def _names_list(address: str, own: str) -> bool:
    """Whether an address is the site's root or a section, and the page's own one is not."""
    parts, own_path = urlsplit(address), urlsplit(own).path.strip("/")
    path = parts.path.strip("/")
    if parts.query or any(char.isdigit() for char in path):
        return False
    if not path:
        return bool(own_path)
    is_higher = path.count("/") < own_path.count("/")
    return is_higher and names_story(own) and not names_story(address)


def host_of(address: str) -> str:
    """Return the host of an address; empty for what is no address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
