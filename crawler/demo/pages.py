"""Turn stories into the HTML of their sites: each site has its own templates, as each CMS has."""

from __future__ import annotations

import json
import re
from html import escape
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cleaners.models import Block
    from crawler.demo.content import Site, Special, Story

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÇĞİÖŞÜÄ„“])|(?<=。)(?=[^」])")


def render_story(site: Site, story: Story, edited_at: datetime | None) -> str:
    """The page of one story, with all that its site puts around and into it."""
    blocks = story.blocks_of(edited_at)
    modified_at = story.modified_at(edited_at)
    chars = sum(len(block.text) for block in blocks)
    # Reading aloud takes about a minute for 700 letters of an alphabet, or for 250 characters of Japanese.
    minutes = max(2, round(chars / (250 if site.language == "ja" else 700)))
    values = _common(site) | {
        "title": escape(story.title),
        "dek": escape(story.dek),
        "author": escape(story.author),
        "author_slug": re.sub(r"\W+", "-", story.author.lower()),
        "caption": escape(story.caption),
        "date": to_local_date(site, story.published_at),
        "modified": to_local_date(site, modified_at),
        "iso": story.published_at.isoformat(),
        "modified_iso": modified_at.isoformat(),
        "section": escape(site.sections[story.section]),
        "section_url": site.section_url(story.section),
        "url": site.base + story.path,
        "image": f"/media/{story.slug}.svg",
        "minutes": str(minutes),
        "seconds": f"{chars % 60:02d}",
        "tags": _fill_each(site, "tag", ({"tag": escape(tag)} for tag in story.tags)),
        "summary": _fill_each(site, "summary_item", _summary(story, blocks)),
        "related": _fill_each(site, "related_item", _cards(site, _related(site, story))),
        "json_ld": _json_ld(site, story, modified_at),
    }
    values["body"] = "\n".join(_body(site, blocks, values))
    return _fill(site.templates["article.html"], values)


def render_front(site: Site, section: str | None) -> str:
    """The home page, or the page of one section."""
    stories = [story for story in site.stories if section in (None, story.section)]
    values = _common(site) | {
        "heading": escape(site.sections[section] if section else site.tagline),
        "cards": _fill_each(site, "card", _cards(site, stories)),
        "url": site.base + (site.section_url(section) if section else "/"),
    }
    return _fill(site.templates["front.html"], values)


def render_notice(site: Site, title: str, text: str) -> str:
    """A page without an article, in the site's frame: what a missing address shows."""
    values = _common(site) | {
        "heading": escape(title),
        "cards": f'<p class="notice">{escape(text)}</p>',
        "url": site.base + "/404",
    }
    return _fill(site.templates["front.html"], values)


def render_draft(site: Site, special: Special) -> str:
    """A page that robots.txt keeps crawlers from; one that gets out would read as an article."""
    text = "This page is still being written and is meant for the newsroom alone. " * 8
    return render_notice(site, special.title, text)


def to_local_date(site: Site, at: datetime) -> str:
    """A date as the site prints it."""
    month = site.months[at.month - 1] if site.months else ""
    return site.date_format.format(at=at, month=month)


def _common(site: Site) -> dict[str, str]:
    sections = ({"name": escape(name), "url": site.section_url(slug)} for slug, name in site.sections.items())
    return dict(site.words) | {
        "site_name": escape(site.name),
        "tagline": escape(site.tagline),
        "language": site.language,
        "base": site.base,
        "feed": site.feed_path,
        "nav": _fill_each(site, "nav_item", sections),
    }


def _body(site: Site, blocks: Iterable[Block], values: dict[str, str]) -> Iterator[str]:
    """The body's blocks as HTML, with the site's inserts between its paragraphs."""
    paragraphs = 0
    items: list[str] = []
    for block in blocks:
        if items and block.kind != "list_item":
            yield f"<ul>{''.join(items)}</ul>"
            items = []
        text = escape(block.text)
        if block.kind == "list_item":
            items.append(f"<li>{text}</li>")
            continue
        yield _fill(site.templates[block.kind], {"text": text})
        if block.kind == "paragraph":
            paragraphs += 1
            insert = site.templates.get(f"after_{paragraphs}")
            if insert:
                yield _fill(insert, values)
    if items:
        yield f"<ul>{''.join(items)}</ul>"


def _summary(story: Story, blocks: Iterable[Block]) -> Iterator[dict[str, str]]:
    """Three points that say what the article says anyway: the dek, the title again, a sentence."""
    first = next(block.text for block in blocks if block.kind == "paragraph")
    sentences = [*_SENTENCE_END.split(first), ""]
    points = (story.dek, f"{story.title} {sentences[0]}", sentences[1])
    for number, point in enumerate(filter(None, points), start=1):
        yield {"number": str(number), "point": escape(point)}


def _related(site: Site, story: Story) -> list[Story]:
    position = site.stories.index(story)
    return [site.stories[(position + step) % len(site.stories)] for step in (1, 2, 3)]


def _cards(site: Site, stories: Iterable[Story]) -> Iterator[dict[str, str]]:
    for story in stories:
        yield {
            "url": story.listed_path,
            "title": escape(story.title),
            "dek": escape(story.dek),
            "image": f"/media/{story.slug}.svg",
            "date": to_local_date(site, story.published_at),
            "section": escape(site.sections[story.section]),
        }


def _json_ld(site: Site, story: Story, modified_at: datetime) -> str:
    node = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "description": story.dek,
        "datePublished": story.published_at.isoformat(),
        "dateModified": modified_at.isoformat(),
        "inLanguage": site.language,
        "articleSection": site.sections[story.section],
        "keywords": list(story.tags),
        "author": [{"@type": "Person", "name": story.author}],
        "publisher": {"@type": "NewsMediaOrganization", "name": site.name, "url": site.base + "/"},
        "image": [f"{site.base}/media/{story.slug}.svg"],
        "mainEntityOfPage": site.base + story.path,
    }
    return json.dumps(node, ensure_ascii=False).replace("</", "<\\/")


def _fill_each(site: Site, piece: str, rows: Iterable[dict[str, str]]) -> str:
    return "".join(_fill(site.templates[piece], row) for row in rows)


def _fill(template: str, values: dict[str, str]) -> str:
    return Template(template).substitute(values)
