"""The records that cleaning takes and gives: each is made by one stage and changed by none."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

OWN_AGENT = "broadsheet"
"""The name, in lower case, that a page's directives for crawlers know us by."""

BlockKind = Literal["heading", "paragraph", "list_item", "quote", "code", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a feed, sitemap or section page said of a link, as it said it; None or empty: it said nothing."""

    url: str
    """Absolute, as found (only resolved against the listing's address)."""
    title: str | None = None
    published_at: str | None = None
    """ISO 8601, or whatever the listing printed."""
    modified_at: str | None = None
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One fetched page, before anything is taken from it."""

    url: str
    """The final address, after redirects; absolute."""
    requested_url: str
    """The address that was asked for."""
    site: str | None = None
    """The seed's id; None for a page that no seed led to."""
    fetched_at: datetime
    """Aware, UTC."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """As `cleaners.headers.join_headers` gives them."""
    language_hint: str | None = None
    """The seed's language (BCP 47); used where the page says nothing."""
    listed: Listed | None = None
    site_signals: Mapping[str, str] = field(default_factory=dict)
    """What the host's robots.txt and tdmrep.json reserve for this address, by the names of `opt_out` in docs/output.md."""
    first_page_url: str | None = None
    """Of a further page of an article: the address of its first page. None: a page of its own."""
    body: bytes = field(repr=False)
    """As fetched, after content decoding and before character decoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of an article's text. `text` has a line feed where the page breaks a line, as in code and poems."""

    kind: BlockKind
    text: str
    level: int | None = None
    """1 to 6 for headings, nesting depth from 1 for list items, else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One thing that cleaning took from a page, or was refused to take."""

    rule: str
    """The rule's id, such as `icons/ligature` or `headings/de:mehr zum thema`."""
    stage: Literal["tree", "extract", "text"]
    where: str
    """A CSS selector of the element; of text without markup `block N`, counted from 1 before anything went."""
    sample: str
    """The start of what was taken, at most 200 characters."""
    chars: int
    """Characters of text taken."""
    refused: bool = False
    """True where the guard against over-removal kept the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One picture of an article. None: the page does not say."""

    url: str
    alt: str | None = None
    caption: str | None = None
    credit: str | None = None
    width: int | None = None
    height: int | None = None
    lead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a page says about its article. None or empty: the page does not say."""

    canonical_url: str
    """The address that names the article; its id is derived from it."""
    syndicated_from: str | None = None
    """A canonical link to another registrable domain; never names the id."""
    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    """Names of persons."""
    byline: str | None = None
    """The raw byline that the authors were read from."""
    published_at: str | None = None
    """ISO 8601 with offset; midnight UTC where only the day is known."""
    published_precision: Literal["second", "minute", "day"] | None = None
    published_zone: Literal["stated", "assumed"] | None = None
    modified_at: str | None = None
    language: str | None = None
    """BCP 47: as declared where the text agrees, else as detected."""
    language_declared: str | None = None
    language_detected: str | None = None
    direction: Literal["ltr", "rtl"] | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    publisher: str | None = None
    site_name: str | None = None
    amp_url: str | None = None
    print_url: str | None = None
    first_page_url: str | None = None
    """Of a further page of an article: the page that the article begins on."""
    next_page_url: str | None = None
    """Where the article's text goes on."""
    licence: str | None = None
    copyright_holder: str | None = None
    paywalled: bool | None = None
    is_live_blog: bool = False
    corrections: tuple[str, ...] = ()
    """What the publisher says that it has put right, in its own words."""
    opt_out: Mapping[str, Any] = field(default_factory=dict)
    """Evidence that the publisher reserves uses, by source: `{"robots_meta": "noai", …}`."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each field came from: `{"title": "json-ld", "authors": "byline", …}`."""
    disagreements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Per field, what the other sources said where they differ: `{"title": {"og": "…"}}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A clean article and the account of everything removed from its page."""

    url: str
    """The page's final address."""
    requested_url: str
    site: str | None
    fetched_at: datetime
    metadata: Metadata
    blocks: tuple[Block, ...]
    removals: tuple[Removal, ...]
    further_pages: tuple[str, ...] = ()
    """Addresses of the pages that the text was joined from beyond the first, in order."""

    @property
    def id(self) -> str:
        """First 16 bytes, in hex, of sha256 of the canonical URL; where no address is known, of the text's hash."""
        address = self.metadata.canonical_url
        return article_id(address) if address else self.content_hash[:32]

    @property
    def text(self) -> str:
        """The blocks, joined by a blank line."""
        return "\n\n".join(block.text for block in self.blocks)

    @property
    def content_hash(self) -> str:
        """Sha256, hex, of the text after NFC and white-space folding."""
        return content_hash(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A page that yields no article, and why."""

    reason: str
    """One word of the closed list in docs/output.md: hub, too_short, soft_404, overrun …"""
    evidence: str
    """What showed it, one line for people."""
    url: str
    requested_url: str
    removals: tuple[Removal, ...] = ()
    opt_out: Mapping[str, Any] | None = None
    """As in `Metadata`; None where the page was refused before it was read."""


def article_id(canonical_url: str) -> str:
    """First 16 bytes of sha256 of the canonical URL, hex."""
    return hashlib.sha256(canonical_url.encode("utf-8", "surrogatepass")).digest()[:16].hex()


def content_hash(text: str) -> str:
    """Sha256, hex, of the text after NFC and white-space folding."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
