"""Every feed that feedparser is tested with: read from its source distribution, which is not part of this project."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import warnings
from importlib.metadata import version

import feedparser
import pytest

from crawler.discovery.links import absolute
from crawler.discovery.listings import find_links

URL = "https://feeds.example/folder/feed.xml"


@pytest.fixture(scope="module")
def feeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feedparser")
    wanted = f"feedparser=={version('feedparser')}"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "download"]
    done = subprocess.run(
        [*command, "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), wanted],
        capture_output=True,
        check=False,
        text=True,
        timeout=110,
    )
    if done.returncode:
        pytest.skip(f"the source of {wanted} cannot be had: {done.stderr.strip().splitlines()[-1]}")
    found = {}
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        for member in archive:
            if "/tests/" in member.name and member.name.endswith(".xml"):
                found[member.name.partition("/tests/")[2]] = archive.extractfile(member).read()
    assert len(found) > 2_000
    return found


def expected_links(body):
    """The addresses that feedparser finds, as absolute ones; an enclosure is a file, and no article's link."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        feed = feedparser.parse(io.BytesIO(body), response_headers={"content-location": URL})
    for entry in feed.entries:
        files = {link.get("href") for link in entry.get("links", ()) if link.get("rel") == "enclosure"}
        link = entry.get("link")
        if link not in files and (url := absolute(URL, link)):
            yield url


def test_every_link_that_feedparser_finds_is_found(feeds):
    missing = {}
    links = 0
    for name, body in feeds.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = {link.url for link in find_links("feed", body, URL).links}
        links += len(found)
        if lost := set(expected_links(body)) - found:
            missing[name] = lost
    assert missing == {}
    assert links > 90
