"""Puts an article's metadata together from all that its page says, and keeps where each field came from."""

from __future__ import annotations

from datetime import UTC, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cleaners.language import direction_of, to_language_tag
from cleaners.metadata.authors import choose_credit, find_credits
from cleaners.metadata.dates import (
    find_in_address,
    find_in_text,
    find_modified,
    find_near_headline,
    find_published,
    find_shown,
)
from cleaners.metadata.facts import PageFacts, Surroundings, read_page, read_surroundings
from cleaners.metadata.images import find_images
from cleaners.metadata.moments import Moment, Reading, read_moment
from cleaners.metadata.rights import (
    find_copyright_holder,
    find_licence,
    find_live_blog,
    find_opt_out,
    find_paywall,
)
from cleaners.metadata.titles import find_title, fold
from cleaners.models import Metadata
from cleaners.structured import NEWS_TYPES, text_of, texts_of, types_of
from cleaners.urls import canonical_url, registrable_domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborHTMLParser

    from cleaners.models import Document

MAX_TAGS = 50
# English is written day-first outside the United States and their neighbours.
_MONTH_FIRST_REGIONS = frozenset({"US", "PH", "PR", "GU"})
_DAY_FIRST_ENDINGS = (
    ".uk",
    ".ie",
    ".au",
    ".nz",
    ".in",
    ".za",
    ".ng",
    ".ke",
    ".my",
    ".sg",
    ".pk",
    ".lk",
    ".bd",
    ".eu",
)


def read_metadata(
    tree: LexborHTMLParser, document: Document, *, nodes: tuple[dict[str, Any], ...] | None = None
) -> Metadata:
    """Return what a page says about its article. Never raises over what a page holds.

    `tree` is the whole page, unpruned, and stays as it is; `nodes` are its JSON-LD objects where the caller has
    read them already (`cleaners.structured.read_json_ld`).
    """
    facts = read_page(tree, document, nodes)
    sources: dict[str, str] = {}
    disagreements: dict[str, dict[str, Any]] = {}
    canonical, syndicated_from = _canonical(facts)
    declared = _declared_language(facts)
    language = declared or to_language_tag(document.language_hint)
    if declared is None and language is not None:
        sources["language"] = "seed"
    names, site_name, publisher = _site_names(facts)
    folded_names = frozenset(fold(name) for name in names) - {""}

    title, wordings = find_title(facts, names)
    if title is not None:
        sources["title"] = title.source
        others = {c.source: c.text for c in reversed(wordings) if fold(c.text) != fold(title.text)}
        if others:
            disagreements["title"] = others

    reading = _reading(facts, language)
    surroundings = read_surroundings(facts, title.text if title is not None else None)
    published = _published(facts, surroundings, reading, tree, sources, disagreements)
    modified = find_modified(facts, reading)
    if modified is not None and (published is None or modified[1].at >= published.at):
        sources["modified_at"] = modified[0]
    else:
        modified = None

    credits = find_credits(tree, facts, surroundings, folded_names)
    credit = choose_credit(credits)
    authors: tuple[str, ...] = ()
    if credit is not None:
        authors = credit.persons or credit.organisations
        sources["authors"] = credit.source if credit.persons else f"{credit.source} organisation"
        mine = {fold(name) for name in authors}
        differing = {
            c.source: list(c.persons or c.organisations)
            for c in reversed(credits)
            if {fold(name) for name in c.persons or c.organisations} != mine
        }
        if differing:
            disagreements["authors"] = differing

    fields = _plain_fields(facts, sources)
    direction = (facts.html_attributes.get("dir") or "").strip().lower()
    if direction in {"ltr", "rtl"}:
        sources["direction"] = "html"
    else:
        direction = direction_of(language) or ""
    return Metadata(
        canonical_url=canonical,
        syndicated_from=syndicated_from,
        title=title.text if title is not None else None,
        authors=authors,
        byline=credit.raw if credit is not None else None,
        published_at=published.iso() if published is not None else None,
        published_precision=published.precision if published is not None else None,
        published_zone=published.zone if published is not None else None,
        modified_at=modified[1].iso() if modified is not None else None,
        language=language,
        language_declared=declared,
        direction="rtl" if direction == "rtl" else "ltr" if direction == "ltr" else None,
        images=find_images(facts),
        publisher=publisher,
        site_name=site_name,
        paywalled=find_paywall(facts),
        is_live_blog=find_live_blog(facts),
        opt_out=find_opt_out(facts),
        sources=sources,
        disagreements=disagreements,
        **fields,
    )


def _published(
    facts: PageFacts,
    surroundings: Surroundings,
    reading: Reading,
    tree: LexborHTMLParser,
    sources: dict[str, str],
    disagreements: dict[str, dict[str, Any]],
) -> Moment | None:
    found = find_published(facts, reading)
    listed = facts.document.listed
    if not found or found[0][1].precision == "day" or not types_of(facts.article) & NEWS_TYPES:
        shown, updated = find_near_headline(surroundings, reading, within=300 if found else 1_200)
        if shown is not None:
            edition = not found or abs(shown.at - found[0][1].at) > timedelta(days=2)
            found.insert(0 if edition else len(found), ("headline", shown))
        if not found:
            found.extend(islice(find_shown(facts, reading), 1))
        if not found and updated is not None:
            found.append(("headline", updated))
    if listed is not None and (moment := read_moment(listed.published_at, reading)) is not None:
        found.append(("listing", moment))
    if not found and (moment := find_in_address(facts.document.url, reading)) is not None:
        found.append(("url", moment))
    if not found and (moment := find_in_text(tree.html or "", facts.document.url, reading)) is not None:
        found.append(("htmldate", moment))
    if not found:
        return None
    source, best = found[0]
    if best.precision == "day":
        # The day as trusted; the time from whoever states one for that day.
        for other_source, moment in found[1:]:
            if moment.precision != "day" and moment.at.date() == best.at.date():
                source, best = other_source, moment
                break
    sources["published_at"] = source
    differing = {s: m.iso() for s, m in reversed(found) if m.at.date() != best.at.date()}
    if differing:
        disagreements["published_at"] = differing
    return best


def _reading(facts: PageFacts, language: str | None) -> Reading:
    tag = (language or "en").split("-")
    host = urlsplit(facts.document.url).hostname or ""
    regions = {
        part
        for value in (language, facts.meta("og:locale"))
        if value
        for part in value.replace("_", "-").split("-")[1:]
    }
    month_first = tag[0] == "en" and (
        bool(regions & _MONTH_FIRST_REGIONS) if regions else not host.endswith(_DAY_FIRST_ENDINGS)
    )
    return Reading(
        now=facts.document.fetched_at.astimezone(UTC),
        languages=(tag[0],),
        month_first=month_first,
        thai=tag[0] == "th" or host.endswith(".th"),
    )


def _canonical(facts: PageFacts) -> tuple[str, str | None]:
    document = facts.document
    try:
        own = canonical_url(document.url)
    except ValueError:
        # A page from somebody's archive may bear a name that is no address: it still names the page.
        return document.url, None
    home = registrable_domain(urlsplit(document.url).hostname or "")
    for rel, href, _ in facts.links:
        if "canonical" not in rel:
            continue
        address = facts.absolute(href)
        if address is None:
            continue
        parts = urlsplit(address)
        if registrable_domain(parts.hostname or "") != home:
            return own, address
        if parts.path.strip("/") or parts.query or not urlsplit(document.url).path.strip("/"):
            return canonical_url(address), None
    return own, None


def _declared_language(facts: PageFacts) -> str | None:
    for value in (
        facts.html_attributes.get("lang"),
        facts.html_attributes.get("xml:lang"),
        text_of(facts.article.get("inLanguage")),
        facts.meta("content-language"),
        facts.meta("og:locale"),
        facts.meta("dc.language", "dcterms.language", "language"),
    ):
        if tag := to_language_tag(value):
            return tag
    return None


def _site_names(facts: PageFacts) -> tuple[list[str], str | None, str | None]:
    site_name = facts.meta(
        "og:site_name", "application-name", "apple-mobile-web-app-title", "al:ios:app_name"
    )
    publisher = text_of(facts.resolve(facts.article.get("publisher")), limit=200)
    names = [name for name in (site_name, publisher) if name]
    names.extend(facts.metas.get("application-name", ()))
    names.extend(facts.metas.get("apple-mobile-web-app-title", ()))
    names.extend(handle.lstrip("@") for handle in facts.metas.get("twitter:site", ()))
    for node in facts.nodes[:200]:
        if types_of(node) & {"WebSite", "Organization", "NewsMediaOrganization", "Corporation"}:
            name = text_of(node.get("name"), limit=200)
            if name:
                names.append(name)
                if site_name is None and "WebSite" in types_of(node):
                    site_name = name
            names.extend(texts_of(node.get("alternateName"), limit=200)[:3])
    host = (urlsplit(facts.document.url).hostname or "").removeprefix("www.")
    domain = registrable_domain(host)
    names.extend((host, domain, domain.split(".")[0]))
    publisher = publisher or facts.meta("publisher", "dc.publisher", "dcterms.publisher")
    return names, site_name, publisher


def _plain_fields(facts: PageFacts, sources: dict[str, str]) -> Mapping[str, Any]:
    article = facts.article
    fields: dict[str, Any] = {}

    def take(name: str, *candidates: tuple[str, str | None]) -> None:
        for source, value in candidates:
            if value:
                fields[name] = value
                sources[name] = source
                return

    take(
        "description",
        ("og", facts.meta("og:description")),
        ("meta", facts.meta("description")),
        ("json-ld", text_of(article.get("description"))),
        ("twitter", facts.meta("twitter:description")),
    )
    take(
        "section",
        ("json-ld", text_of(article.get("articleSection"), limit=200)),
        ("meta", facts.meta("article:section", "parsely-section", "og:article:section", "section")),
        ("microdata", facts.item_text("articlesection")),
    )
    tags = _tags(facts)
    if tags:
        fields["tags"], sources["tags"] = tags[1], tags[0]
    for name, found in (("licence", find_licence(facts)), ("copyright_holder", find_copyright_holder(facts))):
        if found:
            sources[name], fields[name] = found
    for rel, href, _ in facts.links:
        if "amphtml" in rel and (address := facts.absolute(href)):
            fields["amp_url"] = address
            break
    return fields


def _tags(facts: PageFacts) -> tuple[str, tuple[str, ...]] | None:
    for source, values in (
        ("json-ld", texts_of(facts.article.get("keywords"), limit=2_000)),
        ("meta", facts.metas.get("article:tag", [])),
        ("meta", facts.metas.get("news_keywords", [])),
        ("meta", facts.metas.get("parsely-tags", [])),
        ("meta", facts.metas.get("keywords", [])),
    ):
        pieces = values
        if len(values) == 1:
            pieces = values[0].split(";" if ";" in values[0] else ",")
        tags: dict[str, str] = {}
        for piece in pieces:
            tag = piece.strip()
            if tag and len(tag) <= 120:
                tags.setdefault(tag.casefold(), tag)
        if tags:
            return source, tuple(tags.values())[:MAX_TAGS]
    return None
