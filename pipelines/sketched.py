"""Articles that come from their cleaning process with the sketch of their text."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from cleaners.models import Article
from pipelines.near import to_sketch

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SketchedArticle(Article):
    """An article, with what nearly the same texts are found by: making it takes as long as a tenth of a page's cleaning."""

    sketch: bytes
    """See `pipelines.near.to_sketch`."""
    sketch_of: str
    """The content hash of the text that the sketch was made of: the article may have got further pages since."""

    @classmethod
    def of(cls, article: Article) -> Self:
        """Add the sketch."""
        values = {field.name: getattr(article, field.name) for field in fields(Article)}
        return cls(**values, sketch=to_sketch(article.text), sketch_of=article.content_hash)


async def find_sketch(article: Article, record: Mapping[str, Any]) -> bytes:
    """Give the sketch that came with the article, or make the one of its record's text where none fits, in a thread."""
    if isinstance(article, SketchedArticle) and article.sketch_of == record["content_hash"]:
        return article.sketch
    return await asyncio.to_thread(to_sketch, record["text"])
