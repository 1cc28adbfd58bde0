"""Articles that come from their cleaning process with the sketch of their text."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from cleaners.models import Article, Block, Removal, content_hash
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
    sketched: tuple[Block, ...] = field(repr=False, compare=False)
    """The blocks of that text."""

    @classmethod
    def of(cls, article: Article) -> Self:
        """Add the sketch."""
        values = {field.name: getattr(article, field.name) for field in fields(Article)}
        text = article.text
        return cls(**values, sketch=to_sketch(text), sketch_of=content_hash(text), sketched=article.blocks)

    @property
    def content_hash(self) -> str:
        """Sha256, hex, of the text after NFC and white-space folding."""
        return self.sketch_of if self.sketched is self.blocks else content_hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle blocks and removals as what they hold: sixty dataclasses take a millisecond to go and to come."""
        blocks = [(block.kind, block.text, block.level) for block in self.blocks]
        removals = [(r.rule, r.stage, r.where, r.sample, r.chars, r.refused) for r in self.removals]
        others = [getattr(self, name) for name in _OTHERS]
        return _unpickle, (blocks, removals, others, self.sketched is self.blocks)


_OTHERS = [
    field.name for field in fields(SketchedArticle) if field.name not in {"blocks", "removals", "sketched"}
]


def _unpickle(
    blocks: list[tuple[Any, ...]], removals: list[tuple[Any, ...]], others: list[Any], is_whole: bool
) -> SketchedArticle:
    made = tuple(Block(kind=kind, text=text, level=level) for kind, text, level in blocks)
    return SketchedArticle(
        blocks=made,
        removals=tuple(
            Removal(rule=rule, stage=stage, where=where, sample=sample, chars=chars, refused=refused)
            for rule, stage, where, sample, chars, refused in removals
        ),
        sketched=made if is_whole else (),
        **dict(zip(_OTHERS, others, strict=True)),
    )


async def find_sketch(article: Article, record: Mapping[str, Any]) -> bytes:
    """Give the sketch that came with the article, or make the one of its record's text where none fits, in a thread."""
    if isinstance(article, SketchedArticle) and article.sketch_of == record["content_hash"]:
        return article.sketch
    return await asyncio.to_thread(to_sketch, record["text"])
