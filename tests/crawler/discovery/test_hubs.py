"""Section pages: articles told from everything else, on the bundled sites and on hubs of real addresses and titles."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from urllib.parse import urljoin

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.demo.content import load_sites
from crawler.demo.pages import render_front
from crawler.discovery.listings import find_links

SHARED = Path(os.environ.get("SHARED", Path(__file__).parents[4] / "shared" / "bench"))

_spec = importlib.util.spec_from_file_location("hubs", Path(__file__).with_name("hubs.py"))
hubs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(hubs)


def shares(pairs):
    """Of all articles the share that was found, and of all that was found the share that is none."""
    articles = found_articles = others = 0
    for wanted, found in pairs:
        articles += len(wanted)
        found_articles += len(wanted & found)
        others += len(found - wanted)
    assert articles
    return found_articles / articles, others / (others + found_articles)


def test_hubs_of_the_bundled_sites():
    pairs = []
    for site in load_sites(18_000):
        for section in (None, *site.sections):
            url = site.base + (site.section_url(section) if section else "/")
            html = render_front(site, section)
            linked = {urljoin(url, a.attributes["href"]) for a in LexborHTMLParser(html).css("a[href]")}
            stories = {site.base + path for story in site.stories for path in (story.path, story.listed_path)}
            pairs.append(
                (stories & linked, {link.url for link in find_links("section", html.encode(), url).links})
            )
    recall, others = shares(pairs)
    assert recall >= 0.98
    assert others <= 0.05


@pytest.fixture(scope="module")
def pages():
    if not SHARED.is_dir():
        pytest.skip(f"the shared pages are not here: {SHARED} (environment variable SHARED)")
    return hubs.read_pages(SHARED, "zyte", "publishers")


@pytest.mark.parametrize("layout", hubs.LAYOUTS)
def test_hubs_made_of_real_addresses_and_titles(pages, layout):
    built = [hub for hub in hubs.build_hubs(pages) if hub.layout == layout]
    recall, others = shares(
        (hub.articles, {link.url for link in find_links("section", hub.html, f"{hubs.HOME}politics/").links})
        for hub in built
    )
    assert len(built) > 10
    assert recall >= 0.98
    assert others <= 0.05
