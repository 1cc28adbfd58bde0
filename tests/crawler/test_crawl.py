from __future__ import annotations

import gzip
import itertools
import socket
import zlib
from collections import Counter
from dataclasses import replace

import brotli
import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.errors import UserError
from crawler.settings import read_environment

ALLOW = ("127.0.0.1/32",)


def options(seeds, data, **changes):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=4.0)
    defaults = {"seeds": (seeds,), "data": str(data), "allow_addresses": ALLOW, "now": True}
    return CrawlOptions(**{"environment": environment} | defaults | changes)


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def paper(serve, helpers):
    """A site whose links end in every way that a visit can end."""
    site, elsewhere = serve(), serve("127.0.0.2")
    html = {"Content-Type": "text/html; charset=utf-8"}
    page, answer = helpers.page, helpers.answer

    def encoded(body, name, **keys):
        return answer(body, headers={**html, "Content-Encoding": name}, **keys)

    def redirect(target):
        return answer(b"", 302, {"Location": target})

    squeezed = gzip.compress(page(31))
    brotli_body = brotli.compress(page(32))
    site.answers |= {
        "/robots.txt": answer(b"User-agent: Broadsheet\nDisallow: /private/\n"),
        # feed
        "/news/feed-1": answer(page(1)),
        "/news/feed-2": answer(page(2)),
        # sitemap index, a gzipped set, a list of addresses
        "/news/gzip-1": answer(page(3)),
        "/news/text-1": answer(page(4)),
        # section
        "/2026/03/04/a-long-story-about-the-bridge": answer(page(5)),
        # single address, which moves
        "/news/moved": redirect("/news/arrived?x=1"),
        "/news/arrived?x=1": answer(page(6)),
        # every other end
        "/news/gone": answer(b"gone", 410),
        "/news/broken": answer(b"oops", 503),
        "/news/forbidden": answer(b"no", 403),
        "/news/circle": redirect("/news/circle2"),
        "/news/circle2": redirect("/news/circle"),
        "/news/far": redirect("/far/1"),
        **{f"/far/{hop}": redirect(f"/far/{hop + 1}") for hop in range(1, 9)},
        "/news/inside": redirect(f"{elsewhere.base}/secret"),
        "/news/inside-mapped": redirect(
            f"http://[::ffff:127.0.0.2]:{elsewhere.base.rpartition(':')[2]}/secret"
        ),
        "/news/elsewhere": redirect("http://127.0.0.3:9/news/1"),
        "/news/to-denied": redirect("/news/hop"),
        "/news/hop": redirect("/denied/page"),
        "/denied/page": answer(page(8)),
        "/news/to-file": redirect("file:///etc/hostname"),
        "/private/page": answer(page(7)),
        "/news/half-gzip": encoded(squeezed[: len(squeezed) // 2], "gzip"),
        "/news/half-brotli": encoded(brotli_body[: len(brotli_body) // 2], "br"),
        "/news/half-deflate": encoded(zlib.compress(page(33))[:-80], "deflate"),
        "/news/short": answer(page(34)[:300], missing=900),
        "/news/whole-gzip": encoded(gzip.compress(page(35)), "gzip"),
        "/news/whole-brotli": encoded(brotli.compress(page(36)), "br"),
        "/news/bomb": encoded(gzip.compress(b"<p>" + bytes(9 << 20)), "gzip"),
        "/news/big": answer(b"<p>" + b"x" * (10 << 20)),
        "/news/report.pdf": answer(b"%PDF-1.4", headers={"Content-Type": "application/pdf"}),
        "/news/headers": answer(page(37), headers={**html, "X-Long": "x" * 40_000}),
    }
    special = [
        path
        for path in site.answers
        if path.startswith(("/news/", "/private")) and "arrived" not in path and "hop" not in path
    ] + ["/news/missing"]
    listed = {"/news/feed-1", "/news/feed-2", "/news/gzip-1", "/news/text-1"}
    urls = [f"{site.base}{path}" for path in special if path not in listed]
    urls += ["http://2130706434/news/decimal", "http://xn--/", "http://a..b/"]
    items = "".join(f"<item><title>Feed {n}</title><link>/news/feed-{n}</link></item>" for n in (1, 2))
    xmlns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    site.answers |= {
        "/feed.xml": answer(
            f"<rss version='2.0'><channel>{items}</channel></rss>".encode(),
            headers={"Content-Type": "application/rss+xml", "ETag": '"feed"'},
        ),
        "/sitemap.xml": answer(
            f"<sitemapindex {xmlns}><sitemap><loc>{site.base}/a.xml.gz</loc></sitemap>"
            f"<sitemap><loc>{site.base}/b.txt</loc></sitemap>"
            f"<sitemap><loc>{site.base}/sitemap.xml</loc></sitemap></sitemapindex>".encode()
        ),
        "/a.xml.gz": answer(
            gzip.compress(
                f"<urlset {xmlns}><url><loc>{site.base}/news/gzip-1</loc></url>"
                f"<url><loc>https://elsewhere.example/news/1</loc></url></urlset>".encode()
            ),
            headers={"Content-Type": "application/gzip"},
        ),
        "/b.txt": answer(f"{site.base}/news/text-1\n".encode(), headers={"Content-Type": "text/plain"}),
        "/": answer(
            b"<nav><a href='/politics/'>Politics and more and more</a></nav><main><h2>"
            b"<a href='/2026/03/04/a-long-story-about-the-bridge'>A long story</a></h2></main>"
        ),
    }
    return site, elsewhere, urls


@pytest.fixture(scope="module")
def crawled(paper, serve, helpers, tmp_path_factory):
    """One crawl over the paper, a closed site, a dead one and a slow one; then the same crawl again."""
    site, elsewhere, urls = paper
    folder = tmp_path_factory.mktemp("crawl")
    seeds, data = folder / "seeds", folder / "data"
    listings = {
        "feeds": [f"{site.base}/feed.xml"],
        "sitemaps": [f"{site.base}/sitemap.xml"],
        "sections": [f"{site.base}/"],
    }
    # Were the other host not within the scope, the address guard would not be asked.
    scope = {"allow": ["127.0.0.1/", "127.0.0.2/"], "deny": ["/denied/"]}
    helpers.seed(seeds, "paper", site.base, urls=urls, **listings, **scope)

    closed = serve()
    closed.answers |= {
        "/robots.txt": helpers.answer(b"later", 503),
        "/story": helpers.answer(helpers.page(50)),
    }
    helpers.seed(seeds, "closed", closed.base, urls=[f"{closed.base}/story"], sections=[f"{closed.base}/"])

    dead = f"http://127.0.0.1:{unused_port()}"
    helpers.seed(seeds, "dead", dead, urls=[f"{dead}/story-{number}" for number in range(12)])

    slow = serve()
    slow.answers |= {f"/story-{number}": helpers.answer(helpers.page(60 + number)) for number in range(4)}
    helpers.seed(
        seeds,
        "slow",
        slow.base,
        urls=[f"{slow.base}/story-{number}" for number in range(4)],
        delay_seconds=0.6,
    )

    report = run_crawl(options(seeds, data, contact="tests@example.org"))
    rows = {row["url"]: row for row in helpers.rows(data)}
    seen = len(site.requests), len(slow.requests)
    again = run_crawl(options(seeds, data, contact="tests@example.org"))
    return {
        "report": report,
        "again": again,
        "rows": rows,
        "all_rows": helpers.rows(data),
        "site": site,
        "elsewhere": elsewhere,
        "closed": closed,
        "slow": slow,
        "dead": dead,
        "seen": seen,
        "seeds": seeds,
        "data": data,
    }


def outcome(crawled, path):
    row = crawled["rows"][f"{crawled['site'].base}{path}"]
    return row.get("outcome", "article"), row.get("reason")


@pytest.mark.parametrize(
    "path",
    [
        "/news/feed-1",
        "/news/feed-2",
        "/news/gzip-1",
        "/news/text-1",
        "/2026/03/04/a-long-story-about-the-bridge",
        "/news/moved",
        "/news/whole-gzip",
        "/news/whole-brotli",
    ],
)
def test_article_listed_by_feed_sitemap_section_or_seed_is_published(crawled, path):
    assert outcome(crawled, path) == ("article", None)


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("/news/missing", ("gone", "http_404")),
        ("/news/gone", ("gone", "http_410")),
        ("/news/broken", ("dead", "http_503")),
        ("/news/forbidden", ("dead", "http_403")),
        ("/news/circle", ("dead", "redirects")),
        ("/news/far", ("dead", "redirects")),
        ("/news/to-file", ("dead", "redirects")),
        ("/news/inside", ("blocked", "address")),
        ("/news/inside-mapped", ("blocked", "scope")),
        ("/news/elsewhere", ("blocked", "scope")),
        ("/news/to-denied", ("blocked", "scope")),
        ("/private/page", ("blocked", "robots")),
        ("/news/half-gzip", ("dead", "truncated")),
        ("/news/half-brotli", ("dead", "truncated")),
        ("/news/half-deflate", ("dead", "truncated")),
        ("/news/short", ("dead", "truncated")),
        ("/news/bomb", ("dead", "too_large")),
        ("/news/big", ("dead", "too_large")),
        ("/news/report.pdf", ("rejected", "not_html")),
        ("/news/headers", ("dead", "protocol")),
    ],
)
def test_page_that_gives_no_article_ends_in_one_named_outcome(crawled, path, end):
    assert outcome(crawled, path) == end


def test_every_url_has_exactly_one_row(crawled):
    counts = Counter(row["url"] for row in crawled["all_rows"])
    assert counts
    assert set(counts.values()) == {1}


def test_address_written_as_a_number_is_refused_like_any_other(crawled):
    row = crawled["rows"]["http://2130706434/news/decimal"]
    assert (row["outcome"], row["reason"]) == ("blocked", "address")


@pytest.mark.parametrize(("url", "reason"), [("http://xn--/", "dns"), ("http://a..b/", "bad_url")])
def test_address_that_cannot_be_asked_for_ends_like_any_other(crawled, url, reason):
    assert (crawled["rows"][url]["outcome"], crawled["rows"][url]["reason"]) == ("dead", reason)


def test_no_byte_is_sent_to_an_address_that_is_not_allowed(crawled):
    assert crawled["elsewhere"].requests == []


def test_denied_page_is_not_requested_behind_redirects(crawled):
    assert "/news/hop" in crawled["site"].paths()
    assert "/denied/page" not in crawled["site"].paths()


def test_page_that_robots_disallows_is_not_requested(crawled):
    assert "/private/page" not in crawled["site"].paths()


def test_page_that_fails_is_tried_three_times(crawled):
    assert crawled["site"].paths().count("/news/broken") == 3


def test_site_whose_robots_txt_answers_503_gets_no_other_request(crawled):
    assert set(crawled["closed"].paths()) == {"/robots.txt"}
    assert "closed" in crawled["report"].sites_put_off
    assert not any(row["url"].startswith(crawled["closed"].base) for row in crawled["all_rows"])


def test_pages_of_a_host_that_is_down_stay_owed(crawled):
    assert not any(row["url"].startswith(crawled["dead"]) for row in crawled["all_rows"])
    assert "failed 3 times in a row" in crawled["report"].sites_put_off["dead"]
    assert crawled["report"].sites["dead"].captured == 0


def test_delay_is_kept_between_all_requests_to_a_site(crawled):
    times = [at for at, _, _ in crawled["slow"].requests][: crawled["seen"][1]]
    assert len(times) == 6  # robots.txt, tdmrep.json, four pages
    # The server may note a request late when the machine is busy, never early.
    assert all(later - earlier >= 0.4 for earlier, later in itertools.pairwise(times))


def test_link_outside_the_site_is_not_followed(crawled):
    assert crawled["report"].refused_links == {"scope": 1}


def test_report_counts_what_was_published(crawled):
    counts = Counter(row.get("outcome", "article") for row in crawled["rows"].values())
    assert dict(crawled["report"].outcomes) == dict(counts)
    assert crawled["report"].reasons["gone"] == {"http_404": 1, "http_410": 1}


def test_second_crawl_requests_no_page_again(crawled):
    paths = crawled["site"].paths()[crawled["seen"][0] :]
    assert sorted(paths) == sorted(["/feed.xml", "/sitemap.xml", "/a.xml.gz", "/b.txt", "/"])
    assert crawled["again"].pages == 0
    assert crawled["slow"].paths()[crawled["seen"][1] :] == []


def test_second_crawl_asks_listings_with_their_validators(crawled):
    requests = crawled["site"].requests[crawled["seen"][0] :]
    assert next(headers for _, path, headers in requests if path == "/feed.xml")["If-None-Match"] == '"feed"'


def test_site_is_not_due_right_after_its_pass(crawled):
    report = run_crawl(options(crawled["seeds"], crawled["data"], contact="tests@example.org", now=False))
    assert "paper" in report.sites_not_due
    assert report.sites_visited == ()


def test_single_address_that_is_known_is_named(crawled):
    url = f"{crawled['site'].base}/news/feed-1"
    report = run_crawl(options(crawled["seeds"], crawled["data"], contact="tests@example.org", urls=(url,)))
    assert report.known_urls == (url,)
    assert report.pages == 0


def test_single_address_of_no_seed_may_lead_to_another_site(serve, helpers, tmp_path):
    short, site = serve(), serve()
    short.answers["/x"] = helpers.answer(b"", 301, {"Location": f"{site.base}/news/1"})
    site.answers["/news/1"] = helpers.answer(helpers.page(1))
    helpers.seed(tmp_path / "seeds", "paper", "http://127.0.0.9:9", urls=["http://127.0.0.9:9/"])
    report = run_crawl(options(tmp_path / "seeds", tmp_path / "data", urls=(f"{short.base}/x",)))
    assert report.outcomes == {"article": 1}


def test_limit_bounds_the_pages_visited(serve, helpers, tmp_path):
    site = serve()
    paths = [f"/story-{number}" for number in range(20)]
    site.answers |= {path: helpers.answer(helpers.page(200 + n)) for n, path in enumerate(paths)}
    helpers.seed(tmp_path / "seeds", "many", site.base, urls=[site.base + path for path in paths])
    report = run_crawl(options(tmp_path / "seeds", tmp_path / "data", limit=5))
    assert report.pages == 5


def test_crawl_without_contact_is_refused_unless_all_addresses_are_named(serve, helpers, tmp_path):
    helpers.seed(tmp_path / "seeds", "paper", "http://127.0.0.2:1", urls=["http://127.0.0.2:1/story"])
    with pytest.raises(UserError, match=r"--contact .*127\.0\.0\.2"):
        run_crawl(options(tmp_path / "seeds", tmp_path / "data"))


def test_unknown_site_is_refused_by_name(helpers, tmp_path):
    helpers.seed(tmp_path / "seeds", "paper", "http://127.0.0.1:1", urls=["http://127.0.0.1:1/story"])
    with pytest.raises(UserError, match=r"--site papr.*did you mean 'paper'"):
        run_crawl(options(tmp_path / "seeds", tmp_path / "data", sites=("papr",)))


def test_user_agent_carries_the_contact(serve, helpers, tmp_path):
    site = serve()
    site.answers["/story"] = helpers.answer(helpers.page(300))
    helpers.seed(tmp_path / "seeds", "paper", site.base, urls=[f"{site.base}/story"])
    run_crawl(options(tmp_path / "seeds", tmp_path / "data", contact="news@example.org"))
    agents = {headers["User-Agent"] for _, _, headers in site.requests}
    assert len(agents) == 1
    assert agents.pop().endswith("(+news@example.org)")
