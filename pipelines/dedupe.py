"""What an article's row says, by what is known of its URL, its id and its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipelines.parts import StagedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What Redis knows of an article that was just fetched."""

    revision: int
    """The last settled one of its id; 0: none."""
    is_owner: bool
    """The URL as claimed is the one that publishes this id."""
    is_same_text: bool
    """That revision has this very text."""
    text_id: bytes | None
    """The id that this text is settled under."""
    is_busy: bool
    """A batch is about to publish the id or the text: what it makes of them is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What this worker is about to publish itself."""

    same_id: StagedRow | None
    """The row of the open batch that has the article's id."""
    same_text: StagedRow | None
    """The row of the open batch that has the article's text."""
    is_busy: bool
    """The batch before it, not settled yet, has one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the row of an article will be."""

    outcome: Literal["article", "unchanged", "duplicate"]
    revision: int | None = None
    of: bytes | None = None
    """The id of the article that has the text, or the id itself."""
    alike: Literal["url", "text"] | None = None
    """What a duplicate has in common with its original: the canonical URL, or the clean text."""
    original: StagedRow | None = None
    """The original's row, where it is in the same batch: if that is cut, so is this."""


def decide(article_id: bytes, known: Known, staged: Staged) -> Verdict | None:
    """Decide what a fetched article is; None: not before the batches that have its id or text are decided."""
    if known.is_busy or staged.is_busy:
        return None
    if known.revision and not known.is_owner:
        return Verdict(outcome="duplicate", of=article_id, alike="url")
    if known.is_same_text:
        return Verdict(outcome="unchanged", of=article_id)
    if known.text_id is not None and known.text_id != article_id:
        return Verdict(outcome="duplicate", of=known.text_id, alike="text")
    if staged.same_id is not None:
        return Verdict(outcome="duplicate", of=article_id, alike="url", original=staged.same_id)
    if staged.same_text is not None:
        return Verdict(
            outcome="duplicate", of=staged.same_text.mark.id, alike="text", original=staged.same_text
        )
    return Verdict(outcome="article", revision=known.revision + 1)
