from __future__ import annotations

import gzip

import pytest

from cleaners.models import Listed
from crawler.discovery.found import SubSitemap
from crawler.discovery.listings import CHUNK_LINKS, find_in_chunks, find_links
from crawler.discovery.sitemaps import MAX_SITEMAP_LINKS

URL = "https://gazette.example/sitemap.xml"
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def find(body):
    found = find_links("sitemap", body, URL)
    return [*found.links, *found.sitemaps]


def test_reads_address_and_time_and_not_the_pictures_own():
    body = f"""<?xml version="1.0"?><urlset {XMLNS} xmlns:i="http://www.google.com/schemas/sitemap-image/1.1">
      <url><i:image><i:loc>https://gazette.example/x.jpg</i:loc><i:title>Picture</i:title></i:image>
      <loc> https://gazette.example/a?x=1&amp;y=2 </loc><lastmod>2025-01-02</lastmod></url></urlset>"""
    assert find(body.encode()) == [
        Listed(url="https://gazette.example/a?x=1&y=2", modified_at="2025-01-02"),
    ]


def test_reads_title_and_date_of_a_news_sitemap():
    body = f"""<urlset {XMLNS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url>
      <loc>https://gazette.example/a</loc><news:news><news:publication><news:name>G</news:name></news:publication>
      <news:publication_date>2025-01-02T03:04:05Z</news:publication_date><news:title>Bridge opens</news:title>
      </news:news></url></urlset>"""
    assert find(body.encode()) == [
        Listed(url="https://gazette.example/a", title="Bridge opens", published_at="2025-01-02T03:04:05Z"),
    ]


def test_reads_an_index():
    body = (
        f"<sitemapindex {XMLNS}><sitemap><loc>/b.xml.gz</loc><lastmod>2025</lastmod></sitemap></sitemapindex>"
    )
    assert find(body.encode()) == [
        SubSitemap(url="https://gazette.example/b.xml.gz", modified_at="2025"),
    ]


@pytest.mark.parametrize("namespace", ["", 'xmlns="https://www.google.com/schemas/sitemap/0.84"'])
def test_reads_sitemaps_without_the_right_namespace(namespace):
    assert [link.url for link in find(f"<urlset {namespace}><url><loc>/a</loc></url></urlset>".encode())] == [
        "https://gazette.example/a"
    ]


def test_reads_gzip_of_several_members_and_text_of_one_address_a_line():
    first, second = b"\xef\xbb\xbfhttps://gazette.example/1\r\nno address\n", b"https://gazette.example/2"
    body = gzip.compress(first) + gzip.compress(second)
    assert [link.url for link in find(body)] == ["https://gazette.example/1", "https://gazette.example/2"]


def test_reads_utf_16():
    body = '<?xml version="1.0" encoding="utf-16"?><urlset><url><loc>/ü</loc></url></urlset>'
    assert [link.url for link in find(body.encode("utf-16"))] == ["https://gazette.example/ü"]


def test_cut_gzip_and_cut_xml_give_what_stands_before_the_damage():
    entries = "".join(f"<url><loc>/{number}</loc></url>" for number in range(5_000))
    whole = f"<urlset {XMLNS}>{entries}</urlset>".encode()
    packed = gzip.compress(whole)
    assert 500 < len(find(packed[: len(packed) // 2])) < 5_000
    assert len(find(whole[: len(whole) // 2])) > 2_000


def test_entities_and_files_stay_closed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hush")
    body = f"""<!DOCTYPE u [<!ENTITY f SYSTEM "file://{secret}"><!ENTITY a "aaaaaaaaaa">
      <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
      <urlset><url><loc>/x&f;</loc></url><url><loc>/y&b;</loc></url><url><loc>/z</loc></url></urlset>"""
    found = [link.url for link in find(body.encode())]
    assert found[-1] == "https://gazette.example/z"
    assert not any("hush" in url or "aaaa" in url for url in found)


def test_bomb_is_read_no_further_than_the_limit():
    line = b"x" * (1 << 20) + b"\n"
    assert find(
        gzip.compress(b"https://gazette.example/1\n" + line * 52 + b"https://gazette.example/2", 1)
    ) == [Listed(url="https://gazette.example/1")]


def test_no_more_links_than_the_protocol_allows():
    lines = b"".join(b"https://gazette.example/%d\n" % n for n in range(MAX_SITEMAP_LINKS + 10))
    assert len(find(lines)) == MAX_SITEMAP_LINKS
    assert find_links("sitemap", lines, URL).about.cut_at == "50000 links"
    assert find_links("sitemap", b"\n".join(lines.splitlines()[:MAX_SITEMAP_LINKS]), URL).about.cut_at is None


def test_page_and_empty_body_give_nothing():
    assert find(b"") == []
    assert find(b"<html><body><p>not found</body></html>") == []


def test_news_sitemap_is_known_by_its_entries_and_not_by_a_namespace_that_it_only_declares():
    news = 'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    said = "<n:news><n:publication_date>2025-01-02</n:publication_date><n:title>T</n:title></n:news>"
    entries = ["<url><loc>/1</loc>{}</url>", "<url><loc>/2</loc>{}</url>", "<url><loc>/3</loc></url>"]

    def is_news(*filled):
        body = "".join(entry.format(said if number in filled else "") for number, entry in enumerate(entries))
        return find_links("sitemap", f"<urlset {XMLNS} {news}>{body}</urlset>".encode(), URL).about.is_news

    assert is_news(0, 1)
    assert not is_news(0)
    assert not is_news()


def test_video_sitemap_is_no_news_sitemap():
    video = 'xmlns:v="http://www.google.com/schemas/sitemap-video/1.1"'
    said = "<v:video><v:title>T</v:title><v:publication_date>2025-01-02</v:publication_date></v:video>"
    body = f"<urlset {XMLNS} {video}><url><loc>/1</loc>{said}</url></urlset>".encode()
    found = find_links("sitemap", body, URL)
    assert found.links == (Listed(url="https://gazette.example/1"),)
    assert not found.about.is_news


def test_page_in_place_of_a_sitemap_is_named_as_one_zipped_or_not():
    page = b"<!DOCTYPE html><html><head><title>Not found</title></head></html>"
    for body in (page, gzip.compress(page)):
        assert find_links("sitemap", body, URL).about.problem == "it is an HTML page, and no sitemap"


def test_feed_in_place_of_a_sitemap_is_read_all_the_same():
    assert find(b"<rss version='2.0'><channel><item><link>/1</link></item></channel></rss>") == [
        Listed(url="https://gazette.example/1")
    ]


def test_first_chunk_comes_before_the_rest_is_read():
    lines = b"".join(b"https://gazette.example/%d\n" % n for n in range(2 * CHUNK_LINKS + 1))
    chunks = find_in_chunks("sitemap", lines, URL)
    assert [link.url for link in next(chunks).links][::999] == [
        "https://gazette.example/0",
        "https://gazette.example/999",
    ]
    assert [len(chunk.links) for chunk in chunks] == [CHUNK_LINKS, 1]
