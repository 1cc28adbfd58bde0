"""What an article's row says, by what is known of its URL, its id and its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipelines.near import Near
    from pipelines.parts import StagedRow

Alike = Literal["url", "text", "near"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What Redis knows of an article that was just fetched."""

    revision: int
    """The last settled one of its id; 0: none."""
    follows: int
    """The revision that the next one follows: that one, or for an unknown id the last that may be forgotten."""
    is_owner: bool
    """The URL as claimed is the one that publishes this id."""
    is_same: bool
    """That revision has this very text and title."""
    text_id: bytes | None
    """The id that this text is settled under."""
    near: Near | None
    """The first settled article that has nearly this text; only looked for where it may matter."""
    print: bytes
    """Of the last revision: see `pipelines.changes`; empty: there is none, or it is no longer kept."""
    is_busy: bool
    """A batch is about to publish the id, the text or nearly the text: what it makes of them is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What this worker is about to publish itself."""

    same_id: StagedRow | None
    """The row of the open batch that has the article's id."""
    same_text: StagedRow | None
    """The row of the open batch that has the article's text."""
    near: tuple[StagedRow, Near] | None
    """The first row of the open batch that has nearly its text."""
    is_busy: bool
    """The batch before it, not settled yet, has the id or the text."""
    is_near_busy: bool
    """The batch before it has nearly the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the row of an article will be."""

    outcome: Literal["article", "unchanged", "duplicate"]
    revision: int | None = None
    of: bytes | None = None
    """The id of the article that has the text, or the id itself."""
    alike: Alike | None = None
    """What a duplicate has in common with its original: the canonical URL, the clean text, or nearly the text."""
    near: Near | None = None
    """What it is nearly the same as: of a duplicate by that, and of an article that is published all the same."""
    original: StagedRow | None = None
    """The original's row, where it is in the same batch: if that is cut, so is this."""


def decide(article_id: bytes, known: Known, staged: Staged, *, publish_near: bool = False) -> Verdict | None:
    """Decide what a fetched article is; None: not before the batches that have its id or text are decided.

    An article that was published before stays one, whatever its revisions become like. With `publish_near`, so does
    one that is nearly the same as another.
    """
    if known.is_busy or staged.is_busy:
        return None
    if known.revision and not known.is_owner:
        return Verdict(outcome="duplicate", of=article_id, alike="url")
    if known.is_same:
        return Verdict(outcome="unchanged", of=article_id)
    if known.text_id is not None and known.text_id != article_id:
        return Verdict(outcome="duplicate", of=known.text_id, alike="text")
    if staged.same_id is not None:
        return Verdict(outcome="duplicate", of=article_id, alike="url", original=staged.same_id)
    if staged.same_text is not None:
        return Verdict(
            outcome="duplicate", of=staged.same_text.mark.id, alike="text", original=staged.same_text
        )
    if publish_near or not known.revision:
        return _decide_near(known, staged, publish=publish_near)
    return Verdict(outcome="article", revision=known.follows + 1)


def _decide_near(known: Known, staged: Staged, *, publish: bool) -> Verdict | None:
    near, original = known.near, None
    if staged.is_near_busy:
        return None
    if near is None and staged.near is not None:
        original, near = staged.near
    if near is None or publish:
        return Verdict(outcome="article", revision=known.follows + 1, near=near, original=original)
    return Verdict(outcome="duplicate", of=near.id, alike="near", near=near, original=original)
