"""Which edition of the sites is on show: the second has one story edited, and comes after the first was crawled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.demo.content import Site, Story
    from crawler.demo.published import Published


def find_edited_story(sites: Sequence[Site]) -> tuple[Site, Story]:
    """The one story that the second edition changes, and its site."""
    return next((site, story) for site in sites for story in site.stories if story.edited_blocks)


def find_edited_at(sites: Sequence[Site], published: Published, now: datetime) -> datetime | None:
    """When the second edition came out; None: the first has not been published in full, and stands.

    The data folder alone decides. Once the edited story is in it, the time stays what that revision says, so
    that a third run finds nothing newer.
    """
    site, story = find_edited_story(sites)
    revisions = [row for row in published.articles if row["canonical_url"] == site.base + story.path]
    if not revisions:
        return None
    newest = max(revisions, key=lambda row: row["revision"])
    if newest["revision"] > 1:
        return datetime.fromisoformat(newest["modified_at"] or newest["fetched_at"])
    # Listings tell whole seconds; one that is not after the visit, or lies in the future, makes no page due.
    visited_at = datetime.fromisoformat(newest["fetched_at"])
    return max(now.astimezone(UTC).replace(microsecond=0), visited_at + timedelta(seconds=1))
