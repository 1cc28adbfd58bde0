from __future__ import annotations

from crawler.discovery.feeds import find_feed_links

URL = "https://gazette.example/feed/"


def urls(body):
    return [link.url for link in find_feed_links(body, URL)]


def test_reads_what_an_rss_item_says():
    body = b"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><item>
      <title>Bridge &amp; river</title><link>/a/1?x=1&amp;y=2#top</link>
      <pubDate>Mon, 24 Nov 2025 16:00:00 GMT</pubDate><dc:creator>Ada Reed</dc:creator></item></channel></rss>"""
    (link,) = find_feed_links(body, URL)
    assert link.url == "https://gazette.example/a/1?x=1&y=2"
    assert (link.title, link.published_at) == ("Bridge & river", "Mon, 24 Nov 2025 16:00:00 GMT")
    assert (link.modified_at, link.authors) == (None, ("Ada Reed",))


def test_takes_an_atom_entrys_page_and_not_its_enclosure():
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://other.example/b/"><entry><title>T</title>
      <link rel="enclosure" href="/sound.mp3"/><link rel="alternate" href="story"/>
      <updated>2025-01-02T03:04:05Z</updated></entry></feed>"""
    (link,) = find_feed_links(body, URL)
    assert (link.url, link.modified_at) == ("https://other.example/b/story", "2025-01-02T03:04:05Z")


def test_takes_a_guid_that_is_an_address_where_there_is_no_link():
    assert urls(
        b"<rss version='2.0'><channel><item><guid>https://g.example/1</guid></item></channel></rss>"
    ) == ["https://g.example/1"]


def test_leaves_out_what_is_no_page_and_what_comes_twice():
    items = "".join(
        f"<item><link>{link}</link></item>"
        for link in ("/1", "/1#b", "javascript:alert(1)", "mailto:a@b.c", "ftp://x.example/", "http://", "/2")
    )
    assert urls(f"<rss version='2.0'><channel>{items}</channel></rss>".encode()) == [
        "https://gazette.example/1",
        "https://gazette.example/2",
    ]


def test_broken_feed_gives_what_stands_before_the_damage():
    body = b"<rss version='2.0'><channel><item><link>/1</link></item><item><link>/2</link></item><item><li"
    assert urls(body)[:2] == ["https://gazette.example/1", "https://gazette.example/2"]


def test_bytes_that_name_a_file_or_an_address_open_nothing(tmp_path):
    feed = tmp_path / "feed.xml"
    feed.write_text("<rss version='2.0'><channel><item><link>/1</link></item></channel></rss>")
    assert urls(str(feed).encode()) == []
    assert urls(b"http://127.0.0.1:9/feed") == []


def test_page_empty_body_and_entity_bomb_give_nothing():
    bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(9)
    )
    bomb += b"]><rss version='2.0'><channel><item><title>&a8;</title></item></channel></rss>"
    for body in (b"", b"<html><body>hello</body></html>", bomb):
        assert urls(body) == []
