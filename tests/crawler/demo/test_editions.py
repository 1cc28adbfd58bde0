"""Which edition a run meets follows from what the data folder holds."""

from datetime import UTC, datetime, timedelta

from crawler.demo.content import load_sites
from crawler.demo.editions import find_edited_at, find_edited_story
from crawler.demo.published import Published

SITES = load_sites(8470)
NOW = datetime(2026, 5, 1, 9, 30, 15, 700_000, tzinfo=UTC)


def published(*revisions):
    site, story = find_edited_story(SITES)
    row = {"outcome": "article", "canonical_url": site.base + story.path}
    return Published(files=(), rows=tuple(row | revision for revision in revisions))


def test_an_empty_folder_meets_the_first_edition():
    assert find_edited_at(SITES, published(), NOW) is None


def test_the_edit_is_later_than_the_visit_and_not_in_the_future():
    visited_at = NOW.replace(microsecond=0) - timedelta(seconds=2)
    found = published({"revision": 1, "fetched_at": visited_at.isoformat(), "modified_at": None})
    assert visited_at < find_edited_at(SITES, found, NOW) <= NOW


def test_the_time_of_the_edit_stays_once_it_is_published():
    edited_at = NOW - timedelta(days=3)
    first = {"revision": 1, "fetched_at": (NOW - timedelta(days=4)).isoformat(), "modified_at": None}
    second = {"revision": 2, "fetched_at": NOW.isoformat(), "modified_at": edited_at.isoformat()}
    assert find_edited_at(SITES, published(first, second), NOW) == edited_at
