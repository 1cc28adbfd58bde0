from __future__ import annotations

import pytest

from crawler.discovery.scope import Scope
from crawler.seeds import Seed


def scope(home="https://www.gazette.co.uk/", **keys):
    return Scope.of(Seed(id="gazette", name="Gazette", language="en", home=home, **keys))


@pytest.mark.parametrize(
    ("url", "admitted"),
    [
        ("https://www.gazette.co.uk/a", True),
        ("http://gazette.co.uk:8080/a", True),
        ("https://sport.gazette.co.uk/a", True),
        ("https://other.co.uk/a", False),
        ("https://gazette.co.uk.evil.example/a", False),
        ("https://notgazette.co.uk/a", False),
    ],
)
def test_without_allow_the_sites_own_domain_is_followed(url, admitted):
    assert scope().admits(url) is admitted


def test_site_without_a_domain_is_its_host_and_port():
    site = scope("http://127.0.0.1:8000/")
    assert site.admits("http://127.0.0.1:8000/a")
    assert not site.admits("http://127.0.0.1:8001/a")
    assert not site.admits("http://127.0.0.2:8000/a")


def test_allow_narrows_and_widens():
    site = scope(allow=("/news/", "amp.partner.example/g/*/story$"))
    assert site.admits("https://www.gazette.co.uk/News/1")
    assert not site.admits("https://www.gazette.co.uk/sport/1")
    assert site.admits("https://amp.partner.example/g/x/y/story")
    assert not site.admits("https://amp.partner.example/g/x/story/2")
    assert site.names("https://amp.partner.example/anything")


def test_deny_is_stronger_than_allow():
    site = scope(allow=("/news/",), deny=("/news/live*", "*/video/", "/*?print="))
    assert site.admits("https://www.gazette.co.uk/news/1")
    assert not site.admits("https://www.gazette.co.uk/news/live-5")
    assert not site.admits("https://www.gazette.co.uk/news/video/1")
    assert not site.admits("https://www.gazette.co.uk/news/1?print=1")
