"""The bundled demo sites: what they serve to a browser or a crawler."""

import gzip
import html
import socket
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime

import pytest

from crawler.demo.editions import find_edited_story
from crawler.demo.listings import FEED_ENTRIES
from crawler.demo.server import serve_sites
from crawler.errors import Fault, UserError

EDITED_AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sites(find_free_port):
    with serve_sites(find_free_port(), None) as served:
        yield served


def fetch(url, **headers):
    """Status, headers and body of an answer, whatever its status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def listing_bodies(site):
    """All listings of a site as text: feed, sitemaps and what an index leads to."""
    bodies = [fetch(site.base + path)[2] for path in (site.feed_path, site.sitemap_path)]
    if site.sitemap_kind == "index":
        bodies += [fetch(f"{site.base}/post-sitemap.xml")[2]]
        bodies += [gzip.decompress(fetch(f"{site.base}/post-sitemap2.xml.gz")[2])]
    return [html.unescape(body.decode()) for body in bodies]


def test_four_languages_have_ten_stories_each(sites):
    counts = Counter()
    for site in sites:
        counts[site.language] += len(site.stories)
    assert set(counts) == {"en", "tr", "de", "ja"}
    assert min(counts.values()) >= 10


def test_each_story_page_holds_its_title_and_every_block(sites):
    for site in sites:
        for story in site.stories:
            status, headers, body = fetch(site.base + story.path)
            page = html.unescape(body.decode(story.charset or "utf-8"))
            assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert [block.text for block in story.blocks if block.text not in page] == []
            assert page.count(story.title) >= 2


def test_each_page_plants_artifacts_that_its_story_does_not_hold(sites):
    for site in sites:
        for story in site.stories:
            page = fetch(site.base + story.path)[2].decode(story.charset or "utf-8")
            planted = [artifact for artifact in site.artifacts if artifact in html.unescape(page)]
            assert len(planted) > len(site.artifacts) / 2
            assert [artifact for artifact in site.artifacts if artifact in story.text_of(None)] == []


def test_every_story_is_listed_or_stands_in_a_section(sites):
    for site in sites:
        listed = "".join(listing_bodies(site))
        for story in site.stories:
            link = site.base + story.listed_path
            assert (link in listed) != story.only_in_section
            section = fetch(site.base + site.section_url(story.section))[2].decode()
            assert f'href="{story.listed_path}"' in section


def test_feeds_name_the_newest_stories_and_are_rss_and_atom(sites):
    kinds = set()
    for site in sites:
        feed = fetch(site.base + site.feed_path)[2].decode()
        kinds.add("rss" if "<rss " in feed else "atom" if "<feed " in feed else None)
        assert site.stories[0].title in html.unescape(feed)
        assert feed.count("<item>") + feed.count("<entry>") <= FEED_ENTRIES + 1
    assert kinds == {"rss", "atom"}


def test_robots_names_the_sitemap_and_forbids_the_draft(sites):
    for site in sites:
        robots = fetch(f"{site.base}/robots.txt")[2].decode()
        assert f"Sitemap: {site.base}{site.sitemap_path}" in robots
    drafts = [(site, special) for site in sites for special in site.specials if special.kind == "forbidden"]
    assert drafts
    for site, special in drafts:
        assert any(special.path.startswith(path) for path in site.disallow)


def test_a_missing_page_is_404_and_a_soft_one_says_so_with_200(sites):
    statuses = {
        special.kind: fetch(site.base + special.path)[0] for site in sites for special in site.specials
    }
    assert statuses == {"hub": 200, "pdf": 200, "soft_404": 200, "missing": 404, "forbidden": 200}


def test_one_address_redirects_to_its_story(sites):
    moved = [(site, story) for site in sites for story in site.stories if story.listed_path != story.path]
    assert moved
    for site, story in moved:
        with urllib.request.urlopen(site.base + story.listed_path, timeout=10) as response:
            assert response.url == site.base + story.path


def test_pages_in_a_wrong_charset_are_no_utf8(sites):
    wrong = [(site, story) for site in sites for story in site.stories if story.charset]
    assert {story.charset for _, story in wrong} == {"windows-1254", "shift_jis"}
    for site, story in wrong:
        with pytest.raises(UnicodeDecodeError):
            fetch(site.base + story.path)[2].decode()


def test_an_unchanged_page_answers_304(sites):
    url = sites[0].base + sites[0].feed_path
    etag = fetch(url)[1]["ETag"]
    status, _, body = fetch(url, **{"If-None-Match": etag})
    assert (status, body) == (304, b"")


def test_two_sites_carry_one_story(sites):
    texts = Counter(story.text_of(None) for site in sites for story in site.stories)
    assert sorted(texts.values())[-2:] == [1, 2]


def test_second_edition_changes_one_story_and_the_listings_that_name_it(sites, find_free_port):
    first = {url: fetch(url)[2] for site in sites for url in urls_of(site)}
    with serve_sites(find_free_port(), EDITED_AT) as edited:
        moved = {
            old.base + url.removeprefix(new.base): fetch(url)[2].replace(new.base.encode(), old.base.encode())
            for old, new in zip(sites, edited, strict=True)
            for url in urls_of(new)
            if not url.endswith(".gz")
        }
        site, story = find_edited_story(edited)
        listed = "".join(listing_bodies(site))
    changed = {url for url in moved if moved[url] != first[url]}
    base = sites[0].base
    assert changed == {base + path for path in (story.path, site.feed_path, "/post-sitemap.xml")}
    assert listed.count("2026-04-01T12:00:00+00:00") == 2
    assert story.text_of(EDITED_AT) != story.text_of(None)


def urls_of(site):
    """Every story and every listing of a site."""
    yield from (site.base + story.path for story in site.stories)
    yield from (site.base + path for path in (site.feed_path, site.sitemap_path))
    if site.sitemap_kind == "index":
        yield from (site.base + path for path in ("/post-sitemap.xml", "/post-sitemap2.xml.gz"))


def test_a_taken_port_is_one_line_with_port_and_option_and_frees_the_others(find_free_port):
    base = find_free_port()
    with socket.create_server(("127.0.0.1", base + 2)):
        with pytest.raises(Fault) as caught, serve_sites(base, None):
            raise AssertionError("not reached")
        assert str(base + 2) in str(caught.value)
        assert "--port" in str(caught.value)
        assert "\n" not in str(caught.value)
        with socket.create_server(("127.0.0.1", base)):
            pass


@pytest.mark.parametrize("port", [0, 65_535])
def test_a_port_that_leaves_no_room_for_all_sites_is_the_users_mistake(port):
    with pytest.raises(UserError, match=r"--port \d+: must be between"), serve_sites(port, None):
        raise AssertionError("not reached")
