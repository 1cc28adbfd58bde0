"""How the lines of other tools' dumps are read: which keys tell whose they are, and which of them hold what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("id", "url", "title", "text", "html", "fetched_at", "authors", "published_at", "modified_at")
"""What a line may say, by the names that `--map` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat:
    """The keys of one kind of lines. A dot steps into an object; of several keys the first that holds something counts."""

    name: str
    source: str
    """Where the keys are from."""
    tells: tuple[tuple[str, ...], ...] = ()
    """Sets of keys: a line that has all of one set is of this kind. None: it is never told, only asked for."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, given: Mapping[str, Any], name: str) -> Any:
        """Give what the line says; None: nothing."""
        for path in self.keys.get(name, ()):
            value: Any = given
            for step in path.split("."):
                value = value.get(step) if isinstance(value, dict) else None
            if value not in (None, "", [], {}):
                return _joined(value) if path == "body" and isinstance(value, dict) else value
        return None


OWN = LineFormat(
    name="broadsheet",
    source="docs/output.md, and what `broadsheet clean` has always taken",
    keys={name: (name,) for name in NAMES},
)

FORMATS = (
    LineFormat(
        name="fundus",
        source="flairNLP/fundus src/fundus/scraping/article.py Article.to_json, html.py HTML.serialize",
        tells=(
            ("publishing_date", "topics"),
            ("body", "topics"),
            ("plaintext", "authors"),
            ("html", "plaintext"),
        ),
        keys={
            "url": ("html.requested_url", "html.responded_url", "url"),
            "title": ("title",),
            "text": ("plaintext", "body"),
            "html": ("html.content",),
            "fetched_at": ("html.crawl_date",),
            "authors": ("authors",),
            "published_at": ("publishing_date",),
        },
    ),
    LineFormat(
        name="news-please",
        source="fhamborg/news-please newsplease/NewsArticle.py get_dict; `text` before it had `maintext`",
        tells=(("date_download", "source_domain"), ("maintext", "url")),
        keys={
            "url": ("url",),
            "title": ("title", "title_page"),
            "text": ("maintext", "text"),
            "fetched_at": ("date_download",),
            "authors": ("authors",),
            "published_at": ("date_publish",),
            "modified_at": ("date_modify",),
        },
    ),
    LineFormat(
        name="newspaper4k",
        source="AndyTheFactory/newspaper4k newspaper/cli.py and Article.to_json",
        tells=(("top_image", "meta_lang"), ("publish_date", "meta_keywords"), ("publish_date", "top_image")),
        keys={
            "url": ("url", "canonical_link"),
            "title": ("title",),
            "text": ("text",),
            "html": ("html",),
            "authors": ("authors",),
            "published_at": ("publish_date",),
        },
    ),
    LineFormat(
        name="trafilatura",
        source="adbar/trafilatura trafilatura/xml.py build_json_output",
        tells=(("source-hostname", "text"), ("raw_text", "fingerprint")),
        keys={
            "id": ("id",),
            "url": ("source", "url"),
            "title": ("title",),
            "text": ("text", "raw_text"),
            "authors": ("author",),
            "published_at": ("date",),
        },
    ),
)


def tell_format(given: Mapping[str, Any]) -> LineFormat:
    """Tell whose line it is by its keys; our own where nothing tells."""
    # A page as it was fetched goes before any text that somebody took from it.
    if isinstance(given.get("html"), str) and "url" in given:
        return OWN
    for known in FORMATS:
        if any(given.keys() >= set(keys) for keys in known.tells):
            return known
    return OWN


def read_map(text: str) -> LineFormat:
    """Read a map such as `text=body,url=link`. Raises ValueError, one line, where it is none."""
    keys: dict[str, tuple[str, ...]] = {}
    for entry in text.split(","):
        name, equals, key = entry.strip().partition("=")
        if not equals or not key.strip() or name.strip() not in NAMES:
            raise ValueError(
                f"{entry.strip()!r}: must be NAME=KEY, such as text=body, with one of {', '.join(NAMES)}"
            )
        keys[name.strip()] = (*keys.get(name.strip(), ()), key.strip())
    if not keys.keys() & {"text", "html"}:
        raise ValueError("names neither text nor html, so there is nothing to clean")
    return LineFormat(name="map", source="asked for", keys={**_SAME, **keys})


_SAME = {name: (name,) for name in NAMES if name not in {"text", "html"}}


def _joined(body: Mapping[str, Any]) -> str:
    """The text of fundus' body: a summary, then sections of headline and paragraphs, each a list of strings."""
    parts: list[Any] = [*_listed(body.get("summary"))]
    for section in _listed(body.get("sections")):
        if isinstance(section, dict):
            parts += [*_listed(section.get("headline")), *_listed(section.get("paragraphs"))]
    return "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
