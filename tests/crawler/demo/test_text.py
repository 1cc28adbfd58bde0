"""Every page of the demo sites, cleaned: the stories' own files say what must come out, to the letter."""

from datetime import UTC, datetime

import pytest

from cleaners.models import Article, Document, Rejection
from cleaners.stages import clean
from crawler.demo.content import load_sites
from crawler.demo.server import DEFAULT_BASE_PORT, answer

SITES = load_sites(DEFAULT_BASE_PORT)
STORIES = [(site, story) for site in SITES for story in site.stories]
EDITED_AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


def clean_page(site, path, edited_at=None):
    page = answer(site, path, edited_at)
    return clean(
        Document(
            url=site.base + path,
            requested_url=site.base + path,
            site=site.id,
            fetched_at=datetime(2026, 4, 2, tzinfo=UTC),
            headers={"content-type": page.content_type},
            language_hint=site.language,
            body=page.body,
        )
    )


@pytest.mark.parametrize(
    ("site", "story"), STORIES, ids=[f"{site.id}{story.path}" for site, story in STORIES]
)
def test_each_page_cleans_to_its_storys_own_text(site, story):
    for edited_at in (None, EDITED_AT) if story.edited_blocks else (None,):
        article = clean_page(site, story.path, edited_at)
        assert isinstance(article, Article)
        assert article.text.split("\n\n") == [block.text for block in story.blocks_of(edited_at)]


@pytest.mark.parametrize(
    ("site", "story"), STORIES, ids=[f"{site.id}{story.path}" for site, story in STORIES]
)
def test_each_page_gives_title_author_date_language_and_description(site, story):
    article = clean_page(site, story.path)
    assert isinstance(article, Article)
    about = article.metadata
    assert about.canonical_url == site.base + story.path
    assert " ".join((about.title or "").split()) == " ".join(story.title.split())
    assert about.authors == (story.author,)
    assert datetime.fromisoformat(about.published_at) == story.published_at
    assert about.language.partition("-")[0] == site.language
    assert about.description == story.dek


def test_hub_and_soft_404_are_rejected_as_what_they_are():
    for site in SITES:
        for special in site.specials:
            if special.kind in {"hub", "soft_404"}:
                rejection = clean_page(site, special.path)
                assert isinstance(rejection, Rejection)
                assert rejection.reason == special.kind
