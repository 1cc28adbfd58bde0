from __future__ import annotations

import gzip
import json

import pytest

from crawler.discovery.listings import find_links

URL = "https://gazette.example/feed/"


def find(body, content_type=None):
    return find_links("feed", body, URL, content_type)


def urls(body):
    return [link.url for link in find(body).links]


def test_reads_what_an_rss_item_says():
    body = b"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><item>
      <title>Bridge &amp; river</title><link>/a/1?x=1&amp;y=2#top</link>
      <pubDate>Mon, 24 Nov 2025 16:00:00 GMT</pubDate><dc:creator>Ada Reed</dc:creator></item></channel></rss>"""
    (link,) = find(body).links
    assert link.url == "https://gazette.example/a/1?x=1&y=2"
    assert (link.title, link.published_at) == ("Bridge & river", "Mon, 24 Nov 2025 16:00:00 GMT")
    assert (link.modified_at, link.authors) == (None, ("Ada Reed",))


def test_takes_an_atom_entrys_page_and_not_its_enclosure():
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://other.example/b/"><entry><title>T</title>
      <link rel="enclosure" href="/sound.mp3"/><link rel="alternate" href="story"/>
      <updated>2025-01-02T03:04:05Z</updated></entry></feed>"""
    (link,) = find(body).links
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


def test_page_in_place_of_a_feed_is_named_as_one():
    page = b"\xef\xbb\xbf\n<!-- cached --><!DOCTYPE html>\n<html><head><title>Sorry</title></head></html>"
    assert find(page).about.problem == "it is an HTML page, and no feed"
    assert find(b'{"error": 404}').about.problem == "it is JSON, and no JSON Feed: there is no list of items"
    assert find(b"<rss version='2.0'><channel/></rss>").about.problem is None


def test_reads_rdf_and_takes_its_date_for_the_day_of_publication():
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><items><rdf:Seq><rdf:li rdf:resource="/1"/></rdf:Seq></items>
      </channel><item rdf:about="/1"><title>Bridge</title><link>/1</link><dc:date>2025-01-02T03:04+09:00</dc:date></item>
      </rdf:RDF>"""
    for feed in (body, b"<!DOCTYPE x>" + body):
        (link,) = find(feed).links
        assert (link.url, link.title) == ("https://gazette.example/1", "Bridge")
        assert (link.published_at, link.modified_at) == ("2025-01-02T03:04+09:00", None)


@pytest.mark.parametrize("version", ["0.90", "0.91", "0.92", "0.93", "0.94", "1.0", "2.0"])
def test_reads_every_rss(version):
    assert urls(
        f"<rss version='{version}'><channel><item><title>T</title><link>/1</link></item></channel></rss>".encode()
    ) == ["https://gazette.example/1"]


def test_relative_links_stand_against_the_bases_around_them():
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/a/"><entry xml:base="b/"><link href="1"/></entry>
      <entry><link xml:base="c/" href="2"/></entry><entry><link href="3"/></entry></feed>"""
    assert urls(body) == [f"https://gazette.example/a/{path}" for path in ("b/1", "c/2", "3")]


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("windows-1252", "utf-8", None),
        ("windows-1252", "", "application/rss+xml; charset=windows-1252"),
        ("utf-8", "no-such-charset", None),
        ("utf-16", "utf-8", None),
    ],
)
def test_wrong_charset_loses_no_link(encoding, declared, content_type):
    declared = f" encoding='{declared}'" if declared else ""
    text = f"<?xml version='1.0'{declared}?><rss version='2.0'><channel><item><title>Brücke</title><link>/1</link></item><item><title>Über</title><link>/2</link></item></channel></rss>"
    found = find(text.encode(encoding), content_type).links
    assert [link.url for link in found] == ["https://gazette.example/1", "https://gazette.example/2"]
    assert [link.title for link in found] == ["Brücke", "Über"]


def test_unescaped_ampersands_keep_their_addresses_whole():
    body = b"<rss version='2.0'><channel><item><link>/1?a=1&b=2</link></item><item><link>/2?a=1&b=2</link></item></channel></rss>"
    assert urls(body) == ["https://gazette.example/1?a=1&b=2", "https://gazette.example/2?a=1&b=2"]


def test_sound_pictures_and_documents_are_left_out_and_counted():
    body = b"""<rss version="2.0"><channel>
      <item><title>Podcast</title><link>/listen</link><enclosure url="/listen" type="audio/mpeg"/></item>
      <item><title>Only a file</title><enclosure url="/a.mp3" type="audio/mpeg"/></item>
      <item><title>With picture</title><link>/1</link><enclosure url="/1.jpg" type="image/jpeg"/></item>
      </channel></rss>"""
    found = find(body)
    assert [link.url for link in found.links] == ["https://gazette.example/1"]
    assert found.about.media_links == 2


def test_a_feed_proxys_link_gives_way_to_the_original_that_the_feed_names():
    body = b"""<rss version="2.0" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><item>
      <link>https://proxy.example/~r/x/1</link><feedburner:origLink>https://gazette.example/1</feedburner:origLink>
      </item></channel></rss>"""
    for feed in (body, b"<!DOCTYPE x>" + body):
        assert urls(feed) == ["https://gazette.example/1"]


@pytest.mark.parametrize(
    ("said", "period", "ttl"),
    [
        ("", None, None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 900.0, None),
        ("<sy:updateFrequency>2</sy:updateFrequency><ttl>30</ttl>", 43200.0, 1800.0),
        ("<sy:updatePeriod>often</sy:updatePeriod><ttl>nan</ttl>", None, None),
        ("<ttl>-5</ttl>", None, None),
    ],
)
def test_tells_how_often_its_publisher_says_it_changes(said, period, ttl):
    body = f"""<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>{said}
      <item><link>/1</link></item></channel></rss>""".encode()
    for feed in (body, b"<!DOCTYPE x>" + body):
        about = find(feed).about
        assert (about.period_seconds, about.ttl_seconds) == (period, ttl)


def test_reads_a_json_feed_and_what_stands_before_its_cut():
    items = [
        {
            "id": number,
            "url": f"/{number}",
            "title": f"Story {number}",
            "date_published": "2025-01-02T03:04:05Z",
            "date_modified": "2025-01-03T03:04:05Z",
            "authors": [{"name": "Ada Reed"}, {"name": None}],
            "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg"}],
        }
        for number in range(3)
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "G", "items": items}
    body = json.dumps(feed).encode()
    first, *others = find(body).links
    assert (first.url, first.title, first.authors) == ("https://gazette.example/0", "Story 0", ("Ada Reed",))
    assert (first.published_at, first.modified_at) == ("2025-01-02T03:04:05Z", "2025-01-03T03:04:05Z")
    assert len(others) == 2
    assert urls(body[:-30]) == ["https://gazette.example/0", "https://gazette.example/1"]
    assert urls(b'{"items": [1, {"url": 5}, null]}') == []
    assert urls(b'{"items": ' + b"[" * 100_000) == []


def test_hundred_thousand_items_are_read_to_the_limit():
    items = b"".join(b"<item><link>/%d</link></item>" % number for number in range(100_000))
    found = find(b"<rss version='2.0'><channel>" + items + b"</channel></rss>")
    assert (len(found.links), found.about.cut_at) == (50_000, "50000 links")


def test_feed_that_is_a_gzip_file_is_read_as_any_other():
    items = b"".join(b"<item><link>/%d</link></item>" % number for number in range(3))
    feed = b"<rss version='2.0'><channel>" + items + b"</channel></rss>"
    assert find(gzip.compress(feed)) == find(feed)
    assert (
        find(gzip.compress(b"<html><body>Sorry</body></html>")).about.problem
        == "it is an HTML page, and no feed"
    )
    large = find(gzip.compress(feed.replace(b"</channel>", b" " * (8 << 20) + b"</channel>")))
    assert (len(large.links), large.about.cut_at) == (3, "8388608 bytes")


def test_damaged_feed_of_hundred_thousand_items_is_read_in_bounds():
    items = b"".join(b"<item><link>/%d?a&b</link></item>" % number for number in range(100_000))
    found = find(b"<rss version='2.0'><channel>" + items)
    assert (len(found.links), found.about.cut_at) == (1_000, "33918 bytes of a damaged feed")


def test_sitemap_in_place_of_a_feed_is_read_all_the_same():
    assert urls(b"<urlset><url><loc>/1</loc></url></urlset>") == ["https://gazette.example/1"]


@pytest.mark.parametrize(
    ("damage", "content_type"),
    [
        (b"<title>&#xd800;</title>", None),
        (b"<title>&#x110000;</title>", None),
        (b"<title>&#xd800; & more</title>", "text/xml; charset=base64"),
        (b"<title>\xed\xa0\x80</title>", "text/xml; charset=\x00"),
        (b"<title>\x00</title>", "text/xml; charset=no-such"),
        (b"<}title></}title>", None),
        (b"<link>http://[</link><a xml:base='http://['/>", None),
        (b"<title>\xff\xfe</title><gml:posList>1", None),
    ],
)
def test_damage_that_breaks_parsers_costs_no_more_than_its_entry(damage, content_type):
    item = b"<item><link>/%d</link></item>"
    body = b"<rss version='2.0'><channel>" + item % 1 + b"<item>" + damage + b"</item>" + item % 2
    found = [link.url for link in find(body + b"</channel></rss>", content_type).links]
    assert found[0] == "https://gazette.example/1"
    assert set(found) <= {"https://gazette.example/1", "https://gazette.example/2"}
    find_links("sitemap", body.replace(b"item", b"url").replace(b"link", b"loc"), URL)
