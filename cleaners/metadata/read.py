"""Puts an article's metadata together from all that its page says, and keeps where each field came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleaners.language import direction_of, to_language_tag
from cleaners.metadata.authors import Credit, choose_credit, find_credits
from cleaners.metadata.corrections import find_corrections
from cleaners.metadata.facts import PageFacts, read_facts
from cleaners.metadata.images import find_images
from cleaners.metadata.pages import find_pages
from cleaners.metadata.published import find_dates
from cleaners.metadata.rights import (
    find_copyright_holder,
    find_licence,
    find_live_blog,
    find_opt_out,
    find_paywall,
)
from cleaners.metadata.site import find_addresses, find_canonical, read_site
from cleaners.metadata.surroundings import Surroundings
from cleaners.metadata.titles import Wording, find_title, fold
from cleaners.models import Metadata
from cleaners.structured import text_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborHTMLParser

    from cleaners.metadata.published import Dates
    from cleaners.models import Document

MAX_TAGS = 50
MAX_TAG_CHARS = 120


def read_metadata(
    tree: LexborHTMLParser, document: Document, *, nodes: tuple[dict[str, Any], ...] | None = None
) -> Metadata:
    """Return what a page says about its article. Never raises over what a page holds.

    `tree` is the whole page, unpruned, and stays as it is; `nodes` are its JSON-LD objects where the caller has
    read them already (`cleaners.structured.read_json_ld`).
    """
    facts = read_facts(tree, document, nodes)
    site = read_site(facts)
    canonical, syndicated_from = find_canonical(facts)
    declared = _declared_language(facts)
    language = declared or to_language_tag(document.language_hint)

    title, wordings = find_title(facts, site.names)
    surroundings = Surroundings(facts, title.text if title is not None else None)
    dates = find_dates(facts, surroundings, language)
    credits_found = find_credits(facts, surroundings, frozenset(map(fold, site.names)) - {""})
    credit = choose_credit(credits_found)

    sources = {
        name: source
        for name, source in (
            ("title", title.source if title is not None else None),
            ("published_at", dates.published_source),
            ("modified_at", dates.modified_source),
            ("authors", _source_of(credit)),
            ("language", "seed" if declared is None and language is not None else None),
        )
        if source
    }
    direction = (facts.html_attributes.get("dir") or "").strip().lower()
    if direction in {"ltr", "rtl"}:
        sources["direction"] = "html"
    else:
        direction = direction_of(language) or ""
    published = dates.published
    pictures = find_images(facts)
    paywalls = find_paywall(facts)
    stated: dict[str, list[tuple[str, Any]]] = {
        "canonical_url": find_addresses(facts, canonical),
        "publisher": list(site.publishers),
        "site_name": list(site.site_names),
        "paywalled": list(paywalls),
    }
    sources.update({name: offers[0][0] for name, offers in stated.items() if offers})
    if pictures.source is not None:
        sources["images"] = pictures.source
    first_page, next_page = find_pages(facts)
    return Metadata(
        canonical_url=canonical,
        syndicated_from=syndicated_from,
        title=title.text if title is not None else None,
        authors=credit.names if credit is not None else (),
        byline=credit.raw if credit is not None else None,
        published_at=published.iso() if published is not None else None,
        published_precision=published.precision if published is not None else None,
        published_zone=published.zone if published is not None else None,
        modified_at=dates.modified.iso() if dates.modified is not None else None,
        language=language,
        language_declared=declared,
        direction="rtl" if direction == "rtl" else "ltr" if direction == "ltr" else None,
        images=pictures.images,
        first_page_url=first_page,
        next_page_url=next_page,
        publisher=site.publisher,
        site_name=site.site_name,
        paywalled=paywalls[0][1] if paywalls else None,
        is_live_blog=find_live_blog(facts),
        corrections=find_corrections(facts),
        opt_out=find_opt_out(facts),
        disagreements={
            **_disagreements(title, wordings, credit, credits_found, dates),
            **{name: others for name, offers in stated.items() if (others := _contradicting(offers))},
            **({"images": pictures.others} if pictures.others else {}),
        },
        **_plain_fields(facts, sources),
        sources=sources,
    )


def _source_of(credit: Credit | None) -> str | None:
    if credit is None:
        return None
    return credit.source if credit.persons else f"{credit.source} organisation"


def _disagreements(
    title: Wording | None,
    wordings: list[Wording],
    credit: Credit | None,
    credits_found: list[Credit],
    dates: Dates,
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if title is not None:
        found["title"] = {w.source: w.text for w in reversed(wordings) if fold(w.text) != fold(title.text)}
    if credit is not None:
        mine = set(map(fold, credit.names))
        found["authors"] = {
            other.source: list(other.names)
            for other in reversed(credits_found)
            if set(map(fold, other.names)) != mine
        }
    found["published_at"] = dict(dates.others)
    found["modified_at"] = dict(dates.other_changes)
    return {name: others for name, others in found.items() if others}


def _contradicting(offers: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return what the other sources say where they differ from the first, as evidence."""
    mine = _folded(offers[0][1]) if offers else None
    return {source: value for source, value in reversed(offers[1:]) if _folded(value) != mine}


def _folded(value: Any) -> Any:
    return fold(value) if isinstance(value, str) and not value.startswith("http") else value


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


def _plain_fields(facts: PageFacts, sources: dict[str, str]) -> Mapping[str, Any]:
    """Return the fields that the first source with a value decides, and note it in `sources`."""
    article = facts.article
    amp = next(
        (address for rel, href in facts.links if "amphtml" in rel and (address := facts.absolute(href))), None
    )
    printed = next((address for href in facts.print_links if (address := facts.absolute(href))), None)
    candidates: dict[str, tuple[tuple[str, Any] | None, ...]] = {
        "description": (
            ("og", facts.meta("og:description")),
            ("meta", facts.meta("description")),
            ("json-ld", text_of(article.get("description"))),
            ("twitter", facts.meta("twitter:description")),
        ),
        "section": (
            ("json-ld", text_of(article.get("articleSection"), limit=200)),
            ("meta", facts.meta("article:section", "parsely-section", "og:article:section", "section")),
            ("microdata", facts.item_text("articlesection")),
        ),
        "tags": (_tags(facts),),
        "licence": (find_licence(facts),),
        "copyright_holder": (find_copyright_holder(facts),),
        "amp_url": (("link", amp),),
        "print_url": (("link", printed),),
    }
    fields: dict[str, Any] = {}
    for name, offers in candidates.items():
        chosen = next((offer for offer in offers if offer and offer[1]), None)
        if chosen is not None:
            sources[name], fields[name] = chosen
    return fields


def _tags(facts: PageFacts) -> tuple[str, tuple[str, ...]] | None:
    for source, values in (
        ("json-ld", texts_of(facts.article.get("keywords"))),
        ("meta", facts.metas.get("article:tag", [])),
        ("meta", facts.metas.get("news_keywords", [])),
        ("meta", facts.metas.get("parsely-tags", [])),
        ("meta", facts.metas.get("keywords", [])),
    ):
        pieces = values[0].split(";" if ";" in values[0] else ",") if len(values) == 1 else values
        tags = {tag.casefold(): tag for piece in pieces if 0 < len(tag := piece.strip()) <= MAX_TAG_CHARS}
        if tags:
            return source, tuple(tags.values())[:MAX_TAGS]
    return None
