"""A crawl that archives: what was on the wire is kept, but for what is nobody's business."""

import asyncio
import gzip
from dataclasses import replace

import pytest
from warcio.archiveiterator import ArchiveIterator

from cleaners.models import Article
from cleaners.stages import clean
from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import SettingError, parse_environment, read_environment
from pipelines.archive.reading import read_archived
from pipelines.objects import LocalObjects
from pipelines.record import to_record
from pipelines.verify import verify

HTML = "text/html; charset=utf-8"


@pytest.fixture
def site(serve, helpers):
    site = serve()
    pages = {f"/news/{number}": helpers.answer(helpers.page(number)) for number in range(5)}
    pages["/news/1"] = helpers.answer(
        gzip.compress(helpers.page(1)),
        headers={"Content-Type": HTML, "Content-Encoding": "gzip", "Set-Cookie": "key=Zyx-cookie"},
    )
    pages["/news/2"].headers = {"Content-Type": HTML, "X-Robots-Tag": "noarchive"}
    pages["/news/3"].body = pages["/news/3"].body.replace(
        b"</title>", b"</title><meta name='robots' content='noindex'>"
    )
    pages["/news/4"] = helpers.answer(b"<html><body><p>Too short.</p></body></html>")
    pages["/news/5"] = helpers.answer(
        b"<html><head><meta name='robots' content='noindex'></head><body><p>Too short, too.</p></body></html>"
    )
    site.answers |= pages
    locs = "".join(f"<url><loc>{site.base}{path}</loc></url>" for path in [*pages, "/news/6"])
    site.answers["/sitemap.xml"] = helpers.answer(f"<urlset>{locs}</urlset>".encode())
    return site


def crawl(tmp_path, **settings):
    environment = replace(read_environment({}), clean_workers=1, **settings)
    return run_crawl(
        CrawlOptions(
            seeds=(tmp_path / "seeds",),
            data=str(tmp_path / "data"),
            allow_addresses=("127.0.0.1/32",),
            now=True,
            environment=environment,
        )
    )


def records(data):
    found = []
    for path in sorted(data.glob("archive/*/*.warc.gz")):
        with path.open("rb") as stream:
            found += [
                (
                    record.rec_type,
                    record.rec_headers.get_header("WARC-Target-URI"),
                    record.raw_stream.read(),
                    record,
                )
                for record in ArchiveIterator(stream, check_digests="raise")
            ]
    return found


def test_a_crawl_archives_what_its_publishers_let_be_kept(site, helpers, tmp_path):
    keys = {"sitemaps": [f"{site.base}/sitemap.xml"], "archive": True}
    helpers.seed(tmp_path / "seeds", "paper", site.base, **keys)
    text = (tmp_path / "seeds" / "paper.toml").read_text()
    (tmp_path / "seeds" / "paper.toml").write_text(text + '[headers]\nX-Key = "Zyx-key"\n')
    report = crawl(tmp_path)
    data = tmp_path / "data"
    assert report.outcomes == {"article": 3, "rejected": 2, "blocked": 1, "gone": 1}
    rows = {row["url"].removeprefix(site.base): row for row in helpers.rows(data)}
    kept = {path for path, row in rows.items() if row["archive"]}
    assert kept == {"/news/0", "/news/1", "/news/4"}
    proof = asyncio.run(verify(str(data)))
    assert (proof.problems, proof.pages) == ((), 3)
    sent = {url.removeprefix(site.base): body for kind, url, body, _ in records(data) if kind == "response"}
    assert sent == {
        "/news/0": site.answers["/news/0"].body,
        "/news/1": site.answers["/news/1"].body,
        "/news/4": site.answers["/news/4"].body,
    }
    for _, path, headers in site.requests:
        assert not path.startswith("/news") or headers["X-Key"] == "Zyx-key"
    asked = [record.http_headers for kind, _, _, record in records(data) if kind == "request"]
    # warcio takes the method off the request line.
    assert sorted(one.statusline for one in asked) == [f"{path} HTTP/1.1" for path in sorted(kept)]
    assert all(one.get_header("User-Agent") and one.get_header("Host") for one in asked)
    for path in data.rglob("*.gz"):
        body = gzip.decompress(path.read_bytes())
        assert b"Zyx-key" not in body
        assert b"Zyx-cookie" not in body


def test_an_archived_page_cleaned_again_gives_the_row_that_was_published(site, helpers, tmp_path):
    helpers.seed(tmp_path / "seeds", "paper", site.base, sitemaps=[f"{site.base}/sitemap.xml"])
    crawl(tmp_path, archive=True)
    rows = [row for row in helpers.rows(tmp_path / "data") if row["outcome"] == "article" and row["archive"]]
    assert len(rows) == 2
    for row in rows:
        document = asyncio.run(read_archived(LocalObjects(tmp_path / "data", "reader"), row["archive"]))
        again = clean(document)
        assert isinstance(again, Article)
        made = to_record(again)
        ledger = {"url", "visit", "revision", "cluster", "archive"}
        assert {name: made[name] for name in made if name not in ledger} == {
            name: row[name] for name in made if name not in ledger
        }


def test_without_the_setting_nothing_is_archived(site, helpers, tmp_path):
    helpers.seed(tmp_path / "seeds", "paper", site.base, sitemaps=[f"{site.base}/sitemap.xml"])
    crawl(tmp_path)
    assert not (tmp_path / "data" / "archive").exists()
    assert {row["archive"] for row in helpers.rows(tmp_path / "data")} == {None}


def test_the_settings_of_the_archive_are_read_from_the_environment():
    environment = parse_environment({"BROADSHEET_ARCHIVE": "1", "BROADSHEET_ARCHIVE_DAYS": "90"})
    assert (environment.archive, environment.policy.archive_days) == (True, 90)
    assert (parse_environment({}).archive, parse_environment({}).policy.archive_days) == (False, None)
    with pytest.raises(SettingError, match="BROADSHEET_ARCHIVE='maybe'"):
        parse_environment({"BROADSHEET_ARCHIVE": "maybe"})
