import gzip

import pytest

from crawler.discovery.listings import find_links

URL = "https://gazette.example/listing"


def problem(kind, body):
    found = find_links(kind, body, URL)
    assert not found.links
    return found.about.problem


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("feed", b"<rss version='2.0'><channel/></rss>"),
        (
            "feed",
            b"<!DOCTYPE rss SYSTEM 'http://www.example/rss-0.91.dtd'><rss version='0.91'><channel/></rss>",
        ),
        (
            "feed",
            b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Gazette</title></feed>",
        ),
        ("feed", b'{"version": "https://jsonfeed.org/version/1.1", "items": []}'),
        ("sitemap", b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'></urlset>"),
        ("sitemap", gzip.compress(b"<urlset/>", mtime=0)),
        ("sitemap", "<?xml version='1.0' encoding='utf-16'?><sitemapindex/>".encode("utf-16")),
        ("section", b"<!DOCTYPE html><html><body><p>No news today.</p></body></html>"),
    ],
)
def test_an_empty_listing_is_no_fault(kind, body):
    assert problem(kind, body) is None


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("feed", b"", "it is empty"),
        ("feed", b"Service unavailable", "it is no feed: it holds neither markup nor addresses"),
        ("feed", b"<rss version='2.0'><channel><item><title>A", "no feed can be read from it: "),
        ("feed", b"<Error><Code>AccessDenied</Code></Error>", "it is XML, and no feed: <Error>"),
        ("sitemap", b"<urlset><url><lo", "no sitemap can be read from it: "),
        ("sitemap", gzip.compress(b"<urlset><url><lo", mtime=0), "no sitemap can be read from it: "),
        ("sitemap", gzip.compress(b"<urlset/>", mtime=0)[:10], "it is empty"),
        ("sitemap", b"<Error><Code>AccessDenied</Code></Error>", "it is XML, and no sitemap: <Error>"),
        ("sitemap", b"not an address", "it is no sitemap: it holds neither markup nor addresses"),
        ("section", b"%PDF-1.7", "it is no HTML page"),
    ],
)
def test_what_is_no_listing_says_why(kind, body, told):
    assert problem(kind, body).startswith(told)


def test_a_damaged_listing_that_gives_something_is_no_fault():
    body = b"<rss><channel><item><link>https://gazette.example/a</link></item><item><link>https"
    found = find_links("feed", body, URL)
    assert ([link.url for link in found.links], found.about.problem) == (["https://gazette.example/a"], None)
