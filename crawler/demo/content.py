"""The bundled news sites as records: who publishes what, read from the files under `sites/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from cleaners.models import Block

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from importlib.resources.abc import Traversable

SITE_IDS = ("courier", "dispatch", "akdere", "lindental", "misaki")
"""In the order of their ports, counted from the base port."""

SpecialKind = Literal["hub", "soft_404", "missing", "forbidden", "pdf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article of one site, as its newsroom wrote it."""

    slug: str
    path: str
    title: str
    dek: str
    section: str
    """Slug of the section."""
    author: str
    published_at: datetime
    tags: tuple[str, ...]
    caption: str
    blocks: tuple[Block, ...]
    edited_blocks: tuple[Block, ...] | None = None
    """The text of the second edition; None: the story is never edited."""
    listed_path: str
    """Where the listings say it is; another path than `path` redirects there."""
    charset: str | None = None
    """The encoding the page is sent in, while it goes on calling itself UTF-8; None: UTF-8."""
    only_in_section: bool = False
    """True: neither feed nor sitemap names it."""

    def blocks_of(self, edited_at: datetime | None) -> tuple[Block, ...]:
        """The text as it stands once the edit of `edited_at` is out; None: before any edit."""
        return self.edited_blocks if edited_at and self.edited_blocks else self.blocks

    def text_of(self, edited_at: datetime | None) -> str:
        """What a clean article of this story must say: its blocks, joined by a blank line."""
        return "\n\n".join(block.text for block in self.blocks_of(edited_at))

    def modified_at(self, edited_at: datetime | None) -> datetime:
        """When the story was last changed."""
        return edited_at if edited_at and self.edited_blocks else self.published_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """A page that is no article, listed among the articles by mistake."""

    kind: SpecialKind
    path: str
    title: str
    listed_in: Literal["feed", "sitemap"]
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One news site: its facts, its templates and its stories, newest first."""

    id: str
    base: str
    """Scheme, host and port, without a slash at the end."""
    name: str
    tagline: str
    language: str
    feed_kind: Literal["rss", "atom"]
    feed_path: str
    feed_query: str
    """Put behind every link of the feed, such as `?utm_source=rss`."""
    sitemap_kind: Literal["plain", "index", "news"]
    sitemap_path: str
    disallow: tuple[str, ...]
    sections: Mapping[str, str]
    """Slug to name."""
    section_path: str
    date_format: str
    months: tuple[str, ...]
    words: Mapping[str, str]
    """Placeholders of the templates that are the same on every page."""
    artifacts: tuple[str, ...]
    """Strings of the site's interface that no clean text may hold."""
    templates: Mapping[str, str]
    """Whole pages by file name, `article.html`, and repeated pieces by name, `card`."""
    stories: tuple[Story, ...]
    specials: tuple[Special, ...]

    def section_url(self, slug: str) -> str:
        """The path of a section's page."""
        return self.section_path.format(slug=slug)


def load_sites(base_port: int) -> tuple[Site, ...]:
    """Read the bundled sites; the first is at `base_port`, the next one port higher each."""
    root = resources.files("crawler.demo") / "sites"
    return tuple(
        _load_site(root / site_id, f"http://127.0.0.1:{base_port + offset}")
        for offset, site_id in enumerate(SITE_IDS)
    )


def _load_site(folder: Traversable, base: str) -> Site:
    facts = tomllib.loads((folder / "site.toml").read_text("utf-8"))
    pages = {name: (folder / name).read_text("utf-8") for name in ("article.html", "front.html", "style.css")}
    stories = [
        _to_story(entry.name.removesuffix(".toml"), _story_facts(folder, entry), facts["story_path"])
        for entry in (folder / "stories").iterdir()
    ]
    return Site(
        id=folder.name,
        base=base,
        stories=tuple(sorted(stories, key=lambda story: (story.published_at, story.slug), reverse=True)),
        specials=tuple(Special(**special) for special in facts.get("specials", [])),
        templates=pages | facts["pieces"],
        disallow=tuple(facts.get("disallow", [])),
        months=tuple(facts.get("months", [])),
        artifacts=tuple(facts["artifacts"]),
        feed_query=facts.get("feed_query", ""),
        **{key: facts[key] for key in _PLAIN_KEYS},
    )


_PLAIN_KEYS = (
    "name",
    "tagline",
    "language",
    "feed_kind",
    "feed_path",
    "sitemap_kind",
    "sitemap_path",
    "sections",
    "section_path",
    "date_format",
    "words",
)


def _story_facts(folder: Traversable, entry: Traversable) -> dict[str, Any]:
    facts = tomllib.loads(entry.read_text("utf-8"))
    if "same_as" not in facts:
        return facts
    # A story taken over from another of the sites: its words from there, its section and hour from here.
    original = tomllib.loads((folder / ".." / facts["same_as"]).read_text("utf-8"))
    return original | facts


def _to_story(slug: str, facts: Mapping[str, Any], story_path: str) -> Story:
    published_at: datetime = facts["published_at"]
    path = story_path.format(slug=slug, at=published_at)
    body, edited_body = facts["body"], facts["body"]
    for change in facts.get("edits", []):
        if change["old"] not in edited_body:
            raise ValueError(f"{slug}.toml: edits: the body does not hold {change['old']!r}")
        edited_body = edited_body.replace(change["old"], change["new"])
    return Story(
        slug=slug,
        path=path,
        title=facts["title"],
        dek=facts["dek"],
        section=facts["section"],
        author=facts["author"],
        published_at=published_at,
        tags=tuple(facts["tags"]),
        caption=facts["caption"],
        blocks=_to_blocks(body),
        edited_blocks=_to_blocks(edited_body) if edited_body != body else None,
        listed_path=facts.get("listed_path", path),
        charset=facts.get("charset"),
        only_in_section=facts.get("only_in_section", False),
    )


def _to_blocks(body: str) -> tuple[Block, ...]:
    """Split a story's body at its blank lines; `## ` opens a heading, `- ` a list item, `> ` a quote."""
    return tuple(_to_block(" ".join(chunk.split())) for chunk in body.strip().split("\n\n"))


def _to_block(text: str) -> Block:
    if text.startswith("## "):
        return Block(kind="heading", level=2, text=text[3:])
    if text.startswith("- "):
        return Block(kind="list_item", level=1, text=text[2:])
    if text.startswith("> "):
        return Block(kind="quote", text=text[2:])
    return Block(kind="paragraph", text=text)
